"""The shell at the far end of a serial line."""
import time

import pytest

from vm import nvme


def test_unknown_command(vm):
    """An error with the nearest valid name."""
    assert "list" in vm.cmd("lisst")
    assert "nvme0n1" in vm.cmd("read nvme0n2 0 1")
    assert vm.cmd("").strip() == ""


def test_help(vm):
    """Every command in the list explains itself with a usage line and an example."""
    names = [line[2:].split()[0] for line in vm.cmd("help").splitlines()
             if line.startswith(("  ", "! "))]  # ! marks what destroys something
    assert {"list", "lspci", "cpus", "mem", "nvme", "lsblk", "ls", "cat", "read", "write", "crc32",
            "hexdump", "flush", "arm", "disarm", "bench", "dmesg", "uptime", "reboot",
            "poweroff"} <= set(names)
    for name in names:
        output = vm.cmd("help " + name).lower()
        assert "usage" in output and "example" in output, output


@pytest.mark.smoke
def test_commands(vm):
    """The commands that only look, once."""
    assert "S1" in vm.cmd("nvme id-ctrl nvme0")
    assert "nsze" in vm.cmd("nvme id-ns nvme0n1").lower()
    assert "cap" in vm.cmd("nvme show-regs nvme0").lower()
    assert vm.cmd("mem").strip()
    assert vm.cmd("uptime").strip()
    assert "nvme0" in vm.cmd("dmesg")
    assert "nvme0n1" in vm.cmd("lsblk")


def test_command_trace(vm):
    """nvme trace shows submissions and completions in words."""
    vm.cmd("nvme trace on")
    output = vm.cmd("read nvme0n1 0 1") + vm.cmd("dmesg")
    assert "Read" in output or "read" in output
    vm.cmd("nvme trace off")


LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"


@pytest.mark.parametrize("keys", [
    "crc3 nvme0n1 0 1" + LEFT * 12 + "2",
    "xx crc32 nvme0n1 0 1\x01" + "\x1b[3~" * 3,           # Ctrl-A, Delete
    "rc32 nvme0n1 0 1\x1b[Hc",                            # Home
    "crc32 nvme0n1 0 1 rubbish" + LEFT * 8 + "\x0b",      # Ctrl-K
    "rubbish\x15crc32 nvme0n1 0 1",                       # Ctrl-U
    "crc32 nvme0n1 0 1 wrong\x17\x7f",                    # Ctrl-W
    "crc32 nvme0n1 0 12\x7f\x01\x05",                     # Backspace, Ctrl-A, Ctrl-E
    "cr\x03crc32 nvme0n1 0 1",                            # Ctrl-C drops the line
], ids=["arrows", "ctrl-a-delete", "home", "ctrl-k", "ctrl-u", "ctrl-w", "backspace", "ctrl-c"])
def test_line_editing(editor, keys):
    """Whatever the keys, the line is in the end the same."""
    if "\x03" in keys:
        before, after = keys.split("\x03")
        editor.send(before + "\x03")
        editor.wait_prompt()
        keys = after
    assert "b2aa7578" in editor.cmd(keys)


@pytest.fixture(name="editor", scope="module")
def fixture_editor(tmp_path_factory):
    """One guest for all keys."""
    from vm import Vm
    work = tmp_path_factory.mktemp("editor")
    disk = work / "disk.img"
    with open(disk, "wb") as file:
        file.truncate(64 << 20)
    with Vm(work / "vm", devices=nvme(disk)) as machine:
        machine.wait_prompt(60)
        yield machine


def test_history(editor):
    """Up brings earlier lines back."""
    editor.cmd("crc32 nvme0n1 0 1")
    editor.cmd("uptime")
    assert "b2aa7578" in editor.cmd(UP * 2)
    assert "b2aa7578" not in editor.cmd(UP * 2)
    assert "b2aa7578" in editor.cmd(UP * 3 + DOWN)


def test_tab(editor):
    """Tab completes commands, disks and subcommands."""
    assert "00" in editor.cmd("rea\tnvme0n\t 0 1")
    assert "b2aa7578" in editor.cmd("crc\tnvme0n\t 0 1")  # the colon of a path does no harm
    assert "S1" in editor.cmd("nvme id-c\t nvme0")
    editor.send("l\t\t")
    editor.expect("lsblk")
    editor.wait_prompt()  # drawn again below the list
    editor.send("\x15\r")
    editor.wait_prompt()


def test_fast_typing(editor):
    """Text that comes in one burst is not lost."""
    lines = 50
    editor.send("crc32 nvme0n1 0 1\r" * lines)
    for _ in range(lines):
        assert "b2aa7578" in editor.wait_prompt()


def test_long_output_is_complete(editor):
    """Thousands of lines arrive without a gap."""
    output = editor.cmd("hexdump nvme0n1 0 1; read nvme0n1 0 1; help; help bench", 60)
    assert "poweroff" in output


def test_ctrl_c_stops_a_bench(editor):
    """Within a second, with a summary or a word, and the prompt is back."""
    editor.send("bench --filename=nvme0n1 --rw=randread --runtime=60 --time_based\r")
    time.sleep(2.5)
    editor.send("\x03")
    editor.wait_prompt(10)
    assert "b2aa7578" in editor.cmd("crc32 nvme0n1 0 1")


def test_ctrl_c_stops_reading(boot, image):
    """Also a checksum over a whole disk."""
    vm = boot(devices=nvme(image(200_000)))
    vm.send("crc32 nvme0n1\r")
    time.sleep(1)
    vm.send("\x03")
    vm.wait_prompt(10)
    assert "b2aa7578" in vm.cmd("crc32 nvme0n1 0 1")


def test_bad_arguments(editor):
    """Wrong numbers, options and counts are refused with the command's name in front."""
    for line in ("read nvme0n1", "read nvme0n1 x 1", "read nvme0n1 0 1 2 3", "read",
                 "bench --filename=nvme0n1 --bs=1000", "bench --filename=nvme0n1 --rw=foo",
                 "bench --filename=nvme0n1 --iodepth=0", "bench --filename=nvme0n1 --iodepth=99999",
                 "bench --nonsense=1", "crc32 nvme0n1 -1 1", "nvme frobnicate nvme0",
                 "nvme id-ctrl nvme7"):
        output = editor.cmd(line)
        words = line.split()
        name = words[1] if line.startswith("nvme id-ctrl") else words[0]
        assert output.startswith(name + ":"), line + " -> " + output


def test_unbalanced_quote(editor):
    """A quote that is never closed, and bytes that are not UTF-8."""
    assert editor.cmd("cat 'nvme0n1:/x").strip()
    assert "b2aa7578" in editor.cmd("crc32 nvme0n1 0 1")
