"""The machine is reset, stopped or killed while the guest writes: every block is then what it was
or what it was to become, what was said to be written is there, and the drive works on."""
import pytest

from faults import BENCH, CC, CSTS, Drive

SIZE = 24 << 20
BLOCK = 4096


def blocks_of(path):
    """The distinct 4 KiB blocks of an image, each with its place."""
    data = path.read_bytes()[:SIZE]
    return [data[at:at + BLOCK] for at in range(0, SIZE, BLOCK)]


@pytest.fixture(name="drive")
def fixture_drive(tmp_path):
    """A drive of 24 MiB, not yet in a guest."""
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(SIZE))
    return Drive(path, "PWR1", slot=5)


def check_blocks(path, allowed):
    """Each block holds one byte value over and over, and one that was written there."""
    found = set()
    for block in blocks_of(path):
        assert block == block[:1] * BLOCK, "a torn block"
        assert block[0] in allowed, f"{block[0]:#x} was never written"
        found.add(block[0])
    return found


def check_sequence(path, new, old):
    """A sequential write stopped somewhere: new blocks, then old ones."""
    values = [block[0] for block in blocks_of(path)]
    border = values.index(old) if old in values else len(values)
    assert set(values[:border]) <= {new} and set(values[border:]) <= {old}


def test_machine_reset_while_writing(boot, drive):
    """Four resets of the machine in the middle of writes at depth 1 and 32: nothing is torn, after
    each the drive comes up as the firmware left it, and the last pass is whole."""
    vm = boot(devices=drive.args)
    vm.qmp("set-action", reboot="reset")
    value = 0
    for turn in range(4):
        vm.cmd("arm nvme0n1 PWR1")
        value += 1
        if turn % 2:
            line = (f"bench --filename=nvme0n1 --rw=randwrite --bs=4k --iodepth=32 --time_based "
                    f"--runtime=60 --buffer_pattern=0x{value:02x} --eta=never")
        else:
            line = "; ".join(f"write nvme0n1 0 {SIZE // 512} --pattern=0x{value:02x}"
                             for _ in range(4))
        vm.send(line + "\r")
        vm.watch(0.3 + turn / 10)
        vm.qmp("system_reset")
        vm.wait_prompt(60)
        assert "PWR1" in vm.cmd("list")
        found = check_blocks(drive.path, range(value + 1))
        assert value in found
    assert drive.register(vm, CC) & 1 == 1 and drive.register(vm, CSTS) == 1
    vm.cmd("arm nvme0n1 PWR1")
    assert "read back the same" in vm.cmd(f"write nvme0n1 0 {SIZE // 512} --pattern=0x5a --verify")
    assert check_blocks(drive.path, [0x5a]) == {0x5a}


def test_power_fails_while_writing(boot, drive):
    """QEMU is killed; the next machine finds a beginning that is new and a rest that is old."""
    for value in (1, 2):
        vm = boot(devices=drive.args)
        vm.cmd("arm nvme0n1 PWR1")
        vm.send(f"write nvme0n1 0 {SIZE // 512} --pattern=0x{value:02x}\r")
        vm.watch(0.1 * value)
        vm.process.kill()
        vm.process.wait()
        check_sequence(drive.path, value, value - 1)
        drive.path.write_bytes(bytes([value]) * SIZE)
    vm = boot(devices=drive.args)
    assert "PWR1" in vm.cmd("list")
    assert vm.crc("nvme0n1 0 8")


def test_stopped_machine(boot, drive):
    """Stopped for longer than every time-out and continued, with a command and a benchmark under
    way: the guest's time stood still, so nothing is overdue. (With a request that hangs QEMU itself
    would hang.)"""
    vm = boot(devices=drive.args)
    vm.cmd("nvme timeouts nvme0 --io=1000 --admin=1000")
    for line in ("crc32 nvme0n1 0 8", BENCH.replace("runtime=4", "runtime=2")):
        vm.send(line + "\r")
        vm.qmp("stop")
        vm.watch(2.5)
        vm.qmp("cont")
        output = vm.wait_prompt()
        assert "failed" not in output and "answered" not in output, output
