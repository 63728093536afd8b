"""What a serial line can do to the shell of the real image."""
import random
import re
import select
import time

import pytest

from vm import GuestError, nvme


def pour(vm, data, seconds=60):
    """Sends much, and takes what comes meanwhile, as a terminal does."""
    sock = vm.console.child_fd
    deadline = time.monotonic() + seconds
    with open(sock, "wb", buffering=0, closefd=False) as out:
        while data:
            assert time.monotonic() < deadline, "the guest does not take its input"
            if select.select([], [sock], [], 0.05)[1]:
                data = data[out.write(data[:4096]):]
            try:
                vm.console.read_nonblocking(65536, timeout=0)
            except Exception:  # pylint: disable=broad-except
                pass  # nothing has come


def revive(vm, line, answer):
    """A person presses Ctrl-C and Enter, and types a line; once more while a flood is going on."""
    for _ in range(20):
        vm.send("\x03\r")
        time.sleep(0.5)
        vm.send(line + "\r")
        try:
            vm.expect(answer, 3)
            return
        except GuestError:
            pass
    raise GuestError("the shell does not answer any more:\n" + vm.serial_text()[-1000:])


@pytest.mark.smoke
def test_flood_while_a_command_runs(boot, image):
    """A megabyte pasted during a benchmark: only what was typed is run, and the loss is told."""
    vm = boot(cpus=2, devices=nvme(image()))
    vm.send("bench --filename=nvme0n1 --rw=randread --bs=4k --iodepth=8 --runtime=3 --time_based\r")
    time.sleep(0.5)
    pour(vm, b"".join(b"q%06d\r" % i for i in range(1 << 17)))
    revive(vm, "crc32 nvme0n1 0 1", "b2aa7578 ")
    text = vm.serial_text()
    assert re.search(r"bytes of input were lost", text)
    assert re.search(r"read: IOPS=", text)
    names = re.findall(r"shell: no command called '([^']*)'", text)
    assert names and all(re.fullmatch(r"q\d{6}", n) for n in names), names[:20]
    assert names == sorted(names)


@pytest.mark.parametrize("seed", [1, 2])
def test_garbage(boot, image, seed):
    """Random bytes, NULs, cut escape sequences and broken UTF-8 leave a working shell."""
    vm = boot(devices=nvme(image()))
    rng = random.Random(seed)
    pieces = [b"\x1b", b"\x1b[", b"\x1b[1;5", b"\x1bO", b"\xe2\x82", b"\xf0\x9f", b"\xff", b"\x80",
              b"\x00" * 30, b"\x03", b"\t", b"\r\n", b"\x1b[A", b"list\r", b"\x7f", b"x" * 1500]
    data = b"".join(rng.choice(pieces) if rng.random() < 0.7 else rng.randbytes(20)
                    for _ in range(1500))
    pour(vm, data)
    revive(vm, "crc32 nvme0n1 0 1", "b2aa7578 ")


def test_ctrl_c_at_any_instant(boot, image):
    """Long commands end within a second of Ctrl-C, whenever it comes."""
    vm = boot(cpus=2, devices=nvme(image()))
    rng = random.Random(3)
    lines = ["bench --filename=nvme0n1 --rw=randread --bs=4k --runtime=60 --time_based",
             "crc32 nvme0n1 0 131072", "read nvme0n1 0 131072", "events nvme0",
             "nvme id-ctrl nvme0"]
    for line in lines * 2:
        vm.send(line + "\r")
        time.sleep(rng.random() * 0.4)
        vm.send("\x03")
        vm.wait_prompt(20)
        vm.send(f"\x03help qq{len(line)}\r")
        vm.expect(f"called 'qq{len(line)}'", 20)
        vm.wait_prompt()
    assert "S1" in vm.cmd("list")
