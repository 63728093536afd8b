#!/usr/bin/env python3
"""tests/lint/check_waits.py - no wait without a deadline.

Finds every loop of the product that can wait for something: one that pauses, sleeps, polls a
register or looks at what another CPU or a device changes, and one without a way out. Such a loop
must show its own end: it counts, or a time is compared where it is left. A loop whose end is
elsewhere stands in REVIEWED with the reason; a reason without its loop is an error, too.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("lib", "arch", "boot", "drivers", "fs", "apps")

# A loop with one of these in it can wait.
WAITS = re.compile(r"""\b(
    \w*relax | \w*spin | \w*pause | \w*hlt | \w*delay_ns | \w*sleep\w* | \w*wait\w* |
    io_in\w+ | mmio_read\w* | \w*read32 | \w*read64 | apic_read | rdtsc\w* |
    atomic_load\w* | atomic_exchange\w* | atomic_compare\w* | atomic_flag_test\w* |
    nvme_(admin_)?reap | nvme_queue_peek | nvme_ready | console_getc | cpu_idle |
    console_interrupted | shell_interrupted
)\s*\(""", re.VERBOSE)

# A time, and that it is compared with another one.
TIME = r"(?:\w*(?:deadline|timeout|until|elapsed|limit)\w*|\w+_(?:ns|us|ms|tsc|ticks))"
COMPARED = re.compile(rf"{TIME}\)*\s*(?:[-+]\s*[\w>.()-]+\s*)?(?:[<>]=?)[^<>]|[<>]=?\s*\(*{TIME}\b")

# "path:function" -> how it ends all the same.
COMMANDS = "each command of it ends by its time-out (nvme_reap looks), and Ctrl-C is asked between"
REVIEWED = {
    "apps/bench/run.c:wait_for_workers":
        "workers end by their run time, Ctrl-C, or the time-out of an I/O; Ctrl-C each tick",
    "apps/bench/worker.c:bench_worker_run":
        "ends with its tasks: run time, Ctrl-C, or -ESHUTDOWN once a command is overdue",
    "apps/files/cmd_cat.c:print_file": COMMANDS,
    "apps/files/cmd_crc32.c:checksum": COMMANDS,
    "apps/files/cmd_hexdump.c:dump_source": COMMANDS,
    "apps/files/cmd_read.c:read_blocks": COMMANDS,
    "apps/files/cmd_write.c:write_blocks": COMMANDS,
    "apps/nvme/blocks.c:blocks_each": COMMANDS,
    "apps/nvme/cmd_firmware.c:send_image": COMMANDS,
    "apps/nvme/cmd_selftest.c:wait":
        "lasts as long as the drive says that it tests; Ctrl-C; each look is one command",
    "apps/nvme/manage.c:manage_wait_sanitize":
        "lasts as long as the drive says that it erases; Ctrl-C; each look is one command",
    "apps/shell/shell.c:discard_interrupt":
        "empties the input up to Ctrl-C, faster than a line can fill it",
    "apps/shell/shell.c:run_all":
        "goes through the text of a line, command by command",
    "apps/shell/shell.c:shell_interact": "waits for a person",
    "apps/system/cmd_events.c:watch": "shows events until Ctrl-C, as it says",
    "arch/x86_64/cpu.h:cpu_halt_forever": "the machine has been stopped",
    "arch/x86_64/smp.c:smp_enter": "a CPU without work sleeps",
    "boot/crash.c:run_on_ap": "a crash that the command line asks for, in step with another CPU's",
    "drivers/nvme/nvme_command.c:wait_for":
        "nvme_reap fails the controller once the command is overdue",
    "drivers/nvme/nvme_io.c:io_sync_run":
        "nvme_reap fails the controller once a command of the queue is overdue",
    "drivers/uart/ns16550.c:ns16550_write":
        "goes through a text; a UART that does not empty its buffer in time is dead (wait_empty)",
    "lib/spinlock.h:spin_lock":
        "held for a few lines, never over a wait; a panic breaks the log's (log_break_lock)",
}


def blank(match):
    """The text with everything but its line ends made blank."""
    return re.sub(r"[^\n]", " ", match.group(0))


def code_of(text):
    """C without comments, strings and preprocessor lines, each character in its place."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text,
                  flags=re.DOTALL)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.MULTILINE)


def closing(code, start):
    """Index after the bracket that closes the one at start."""
    pairs = {"(": ")", "{": "}"}
    opened, depth = code[start], 0
    for index in range(start, len(code)):
        if code[index] == opened:
            depth += 1
        elif code[index] == pairs[opened]:
            depth -= 1
            if depth == 0:
                return index + 1
    return len(code)


def statement_end(code, at):
    """Index after the statement that begins at at."""
    while at < len(code) and code[at].isspace():
        at += 1
    if code[at:at + 1] == "{":
        return closing(code, at)
    head = re.compile(r"(?:if|for|while|switch)\s*\(").match(code, at)
    if head:
        return statement_end(code, closing(code, head.end() - 1))
    return code.find(";", at) + 1 or len(code)


def loops(code):
    """(index, header, whole text) of each loop; the tail of a do-while is no loop of its own."""
    tails = set()
    for match in re.finditer(r"\b(do|for|while)\b", code):
        at = match.start()
        if match.group(1) == "do":
            end = statement_end(code, match.end())
            tail = re.compile(r"\s*while\s*\(").match(code, end)
            if tail:
                tails.add(code.index("while", end))
                stop = closing(code, tail.end() - 1)
                yield at, code[tail.end() - 1:stop], code[at:stop]
            continue
        opened = code.find("(", at)
        if at in tails or opened < 0 or code[match.end():opened].strip():
            continue
        stop = closing(code, opened)
        yield at, code[opened:stop], code[at:statement_end(code, stop)]


def function_at(code, index):
    """The name of the function that index lies in."""
    names = re.findall(r"^[A-Za-z_][^;{}=\n]*?\b(\w+)\((?:[^;{}]*)\)[^;{}()]*\n?\{",
                       code[:index], re.MULTILINE)
    return names[-1] if names else "?"


def is_counted(header):
    """for (...; i < n; i++): it ends by itself."""
    parts = header.strip("()").split(";") if ";" in header else []
    return len(parts) == 3 and re.search(r"[<>]|--|!=", parts[1]) and parts[2].strip() != ""


def is_endless(header):
    """for (;;), while (1), while (true)."""
    inner = re.sub(r"\s", "", header)
    return inner in ("(1)", "(true)") or (inner.count(";") == 2 and inner.split(";")[1] == "")


def leaves(code):
    """A way out of the loop."""
    return re.search(r"\b(return|break|goto)\b", code)


def has_deadline(header, whole):
    """A time, or the count that a for loop keeps, is compared in the loop's condition, or in one
    that a way out depends on; or the outcome of such a comparison is."""
    counter = re.search(r";\s*(?:\+\+)?(\w+)(?:\+\+)?\s*\)$", header)
    header, whole = header.replace("->", ".."), whole.replace("->", "..")
    outcomes = [re.escape(name) for name, value in
                re.findall(r"([\w.]+)\s*=(?!=)\s*([^;]*);", whole) if COMPARED.search(value)]
    counted = [rf"\b{counter.group(1)}\s*(?:==|>=?)\s*\w"] if counter else []
    ends = re.compile("|".join([COMPARED.pattern] + counted +
                               [rf"(?<!\w){name}\b" for name in outcomes]))
    if ends.search(header):
        return True
    for match in re.finditer(r"\bif\s*\(", whole):
        stop = closing(whole, match.end() - 1)
        if ends.search(whole[match.end():stop]) and leaves(whole[stop:statement_end(whole, stop)]):
            return True
    return False


def unbounded(text):
    """(line, function) of each loop in a source that can wait and shows no end."""
    code = code_of(text)
    for index, header, whole in loops(code):
        endless = is_endless(header)
        if not WAITS.search(whole) and (not endless or leaves(whole)):
            continue
        if not endless and is_counted(header):
            continue
        if not has_deadline(header, whole):
            yield code.count("\n", 0, index) + 1, function_at(code, index)


SELF_TEST = """
static void waits_for_ever(struct device *d)
{
    /* until its deadline_ns > 0 */
    while (!(read32(d, STATUS) & READY)) {
        relax();
    }
}
static void has_a_deadline(struct device *d, uint64_t deadline_ns)
{
    for (;;) {
        if (read32(d, STATUS) & READY || now_ns() >= deadline_ns) {
            return;
        }
        relax();
    }
}
static void compares_in_vain(struct device *d)
{
    while (!idle(d)) {
        relax();
        if (now_ns() >= next_ns) {
            show_progress();
        }
    }
}
static void follows_a_pointer(struct device *d)
{
    while (!ready(d->next_tick_ns)) {
        relax();
        if (d->next_tick_ns) {
            return;
        }
    }
}
static void counts(struct device *d)
{
    for (unsigned i = 0; i < 10; i++) {
        delay_ns(d, 1000);
    }
}
static int counts_inside(struct device *d)
{
    for (unsigned i = 0; !ready(d); i++) {
        if (i == POLLS) {
            return -1;
        }
        delay_ns(d, 1000);
    }
    return 0;
}
static void polls(struct device *d)
{
    do {
        cpu_pause();
    } while (atomic_load(&d->busy));
}
static int only_computes(int n)
{
    while (n > 1) {
        n /= 2;
    }
    return n;
}
"""


def self_test():
    """The planted loops are found, the others are not."""
    found = [name for _, name in unbounded(SELF_TEST)]
    planted = ["waits_for_ever", "compares_in_vain", "follows_a_pointer", "polls"]
    return [] if found == planted else [f"self-test: found {found}"]


def main():
    """Prints each loop that may wait for ever, and each reason that is not needed."""
    files = sorted(f for top in FOLDERS for pattern in ("*.c", "*.h")
                   for f in (ROOT / top).rglob(pattern))
    complaints = self_test()
    seen = set()
    for file in files:
        path = file.relative_to(ROOT).as_posix()
        for line, name in unbounded(file.read_text(encoding="utf-8")):
            key = f"{path}:{name}"
            seen.add(key)
            if key not in REVIEWED:
                complaints.append(f"{path}:{line}: {name} has a loop that can wait and shows "
                                  "no deadline")
    complaints += [f"{key}: is on the reviewed list, and has no such loop"
                   for key in REVIEWED if key not in seen]
    print("\n".join(complaints) if complaints else
          f"waits: {len(files)} files, {len(REVIEWED)} loops reviewed, each other has a deadline")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
