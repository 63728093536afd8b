"""When the machine itself fails: crash reports, stuck CPUs, machine checks, NMIs."""
import re
import time

import pytest

from vm import ISO, ROOT, nvme
from conftest import run_tool

HALTED = "The machine is halted"


@pytest.fixture(name="crash")
def fixture_crash(boot, tmp_path):
    """Boots with words on the kernel's command line: crash("crash=null", cpus=2, ...)."""
    def start(words, **options):
        iso = tmp_path / "crash.iso"
        run_tool(ROOT / "tools/mkiso.sh", "-c", words, ISO.with_suffix(".elf"), iso)
        return boot(iso=iso, prompt=False, **options)
    return start


def report(vm, timeout=30):
    """The whole crash report."""
    vm.expect(HALTED, timeout)
    return vm.serial_text()


@pytest.mark.parametrize("kind, cause, function", [
    ("null", "page fault", "crash_null"),
    pytest.param("text", "page fault", "crash_text", marks=pytest.mark.smoke),
    ("data", "page fault: execute", None), ("div", "divide error", "crash_div"),
    ("assert", "assertion failed: zero != 0", "crash_assert"),
    ("stack", "the stack of CPU 0 has overflowed", "crash_stack_step"),
    ("canary", "past the end of an array", "crash_canary"),
    ("nmi-stack", "the NMI stack of CPU 0 has overflowed", "crash_stack_step"),
    ("df-stack", "the double fault stack of CPU 0 has overflowed", "crash_stack_step"),
    ("mc-stack", "the machine check stack of CPU 0 has overflowed", "crash_stack_step"),
    ("ap-stack", "the stack of CPU 1 has overflowed", "crash_stack_step"),
    ("ap-nmi-stack", "the NMI stack of CPU 1 has overflowed", "crash_stack_step"),
    ("ap-null", "page fault: read at address 0x0", "crash_null")])
def test_crash(crash, kind, cause, function):
    """A crash on any CPU prints its cause, a back-trace with names and where the others were."""
    text = report(crash("crash=" + kind, cpus=3))
    on = 1 if kind.startswith("ap-") else 0
    assert f"Carillon has stopped on CPU {on}: " in text
    assert cause in text
    trace = text.partition("back-trace:")[2].partition("other CPUs:")[0]
    assert function is None or re.search(rf"^  [0-9a-f]{{16}} {function}\+0x", trace, re.MULTILINE)
    others = re.findall(r"^  CPU (\d) \((\w+)\): [0-9a-f]{16} \w+\+0x", text, re.MULTILINE)
    assert others == [(str(i), "shell" if i == 0 else "idle") for i in range(3) if i != on]
    assert "last messages:" in text and "prompt after" not in text


def test_crash_while_reporting(crash):
    """A fault inside a crash report costs that part only."""
    text = report(crash("crash=report"))
    first, _, rest = text.partition("a part that fails:")
    assert "assertion failed" in first and "last messages:" in first
    assert "this part of the report failed: page fault" in rest and "crash_null" in rest


def test_crash_and_power_off(crash):
    """panic=poweroff still happens after a report that fails."""
    vm = crash("crash=report panic=poweroff")
    vm.wait_end(40)
    assert "this part of the report failed" in vm.serial_text()


def test_crash_of_two(crash):
    """One of two reports, and says where the other one was, be it before or in its own panic."""
    text = report(crash("crash=both"))
    assert text.count("has stopped on CPU") == text.count("last messages:") == 1
    assert re.search(r"^  CPU [01] \(\w+\): (panicked as well, )?[0-9a-f]{16} \w+\+0x", text,
                     re.MULTILINE)


def test_crash_with_a_deaf_cpu(crash):
    """A CPU that does not answer the NMI is named, and not waited for without end."""
    text = report(crash("crash=deaf"))
    assert re.search(r"^  CPU 1 \(\w+\): does not answer", text, re.MULTILINE)


@pytest.mark.parametrize("kind, cpus, cpu, where", [
    pytest.param("ap-spin", 2, 1, "log", marks=pytest.mark.smoke), ("ap-spin-cli", 3, 1, "log"),
    ("spin", 2, 0, "line"), ("spin-cli", 2, 0, "line"), ("spin", 1, 0, "line")])
def test_stuck_cpu(crash, image, kind, cpus, cpu, where):
    """A CPU without a sign of life is named with its back-trace, again after twice the time."""
    vm = crash(f"crash={kind} watchdog=1", cpus=cpus, devices=nvme(image()))
    if where == "log":
        vm.wait_prompt(60)
    times = []
    for _ in range(2):
        vm.expect(rf"CPU {cpu} \(\w+\) is stuck: no sign of life for (\d+) s", 60)
        times.append(int(vm.console.match.group(1)))
        vm.expect(r"[0-9a-f]{16} crash_spin\+0x", 10)
    assert times[1] >= 2 * times[0]
    if where == "log":  # the others go on
        assert "b2aa7578" in vm.cmd("crc32 nvme0n1 0 1")
        assert "is stuck" in vm.cmd("dmesg")


def test_watchdog_off(crash):
    """watchdog=0 says nothing."""
    vm = crash("crash=ap-spin watchdog=0")
    vm.wait_prompt(60)
    time.sleep(3)
    assert "stuck" not in vm.cmd("dmesg")


def bench(vm, seconds):
    """Starts a benchmark on the other CPU."""
    vm.send(f"bench --filename=nvme0n1 --rw=randread --bs=4k --iodepth=8 --runtime={seconds}"
            " --time_based\r")
    time.sleep(1)


def inject_mce(vm, cpu, bank, status, mcg_status):
    """A machine check as the hardware would raise it."""
    vm.qmp("human-monitor-command", **{
        "command-line": f"mce {cpu} {bank} {status:#x} {mcg_status:#x} 0x12345000 0"})


def test_uncorrected_machine_check(boot, image):
    """It stops the machine in the middle of a benchmark, and the report shows the worker."""
    vm = boot(cpus=2, devices=nvme(image()))
    bench(vm, 30)
    inject_mce(vm, 0, 3, 0xbe00_0000_0000_0091, 5)
    text = report(vm)
    assert "on CPU 0: machine check" in text
    assert "bank 3: uncorrected: memory controller: read on channel 1" in text
    assert "address 0000000012345000" in text
    recorded = text.partition("last messages:")[2]
    assert re.search(r"^nvme0.*queue 2", recorded, re.MULTILINE) and "Read nsid 1 lba" in recorded
    assert re.search(r"^  CPU 1 \(bench\): [0-9a-f]{16} .*bench_worker_run", text, re.MULTILINE)


def test_corrected_machine_check(boot, image):
    """It is a warning, and the machine goes on."""
    vm = boot(cpus=2, devices=nvme(image()))
    inject_mce(vm, 0, 2, 0x9000_0000_0000_0135, 0)
    vm.expect("hardware error: CPU 0, bank 2, corrected: cache, level 1", 30)
    assert "b2aa7578" in vm.cmd("crc32 nvme0n1 0 1")


@pytest.mark.parametrize("cpus", [1, 2])
def test_nmi(boot, image, cpus):
    """An NMI that nobody sent is counted and said; the benchmark under way is not disturbed."""
    vm = boot(cpus=cpus, devices=nvme(image()))
    bench(vm, 4)
    for _ in range(20):
        vm.qmp("inject-nmi")
    output = vm.wait_prompt(60)
    assert re.search(r"read: IOPS=", output)
    time.sleep(0.5)
    text = output + vm.cmd("dmesg")
    counts = re.findall(r"(\d+) non-maskable interrupts?: no cause given .*; (\d+) since", text)
    assert counts and 1 <= int(counts[-1][1]) <= 20
    assert "b2aa7578" in vm.cmd("crc32 nvme0n1 0 1")
