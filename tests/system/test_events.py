"""Events that a drive raises by itself, and controllers that are reset, shut down and resumed."""
import zlib

import pytest

from faults import BENCH, FILE
from test_disk import put, random_bytes
from vm import nvme


def raise_warning(vm, bits):
    """Sets the critical warnings of the drive nv0, which QEMU then reports as an event."""
    vm.qmp("qom-set", path="/machine/peripheral/nv0", property="smart_critical_warning", value=bits)


def test_event_at_the_prompt(boot, image):
    """A health event becomes a line of its own, and what is half typed is not lost."""
    vm = boot(devices=nvme(image(16), options="id=nv0"))
    vm.send("crc32 nvme0n1 ")
    vm.expect("crc32 nvme0n1 ")
    raise_warning(vm, 1)
    vm.expect("event: health: available spare is below its threshold")
    vm.send("0 1\r")
    assert "b2aa7578" in vm.wait_prompt()
    raise_warning(vm, 3)
    vm.expect("event: health: a temperature is beyond its threshold")
    assert "nvme0: 1 times, last at " in vm.cmd("events nvme0 --counts")


def test_events_as_they_come(boot, image):
    """`events` shows them until Ctrl-C; also on a controller that was reset."""
    vm = boot(devices=nvme(image(16), options="id=nv0"))
    assert "was reset" in vm.cmd("nvme reset nvme0")
    vm.send("events\r")
    vm.expect("Ctrl-C ends")
    for bits, text in ((4, "reliability"), (6, "temperature"), (7, "spare")):
        raise_warning(vm, bits)
        vm.expect(text)
    vm.send("\x03")
    assert "3 events" in vm.wait_prompt()
    assert "spare" not in vm.cmd("crc32 nvme0n1 0 1")


@pytest.mark.smoke
def test_reset_shutdown_resume(boot, image):
    """The drive goes and comes back, with the same contents, read-only."""
    disk = image(16)
    data = random_bytes(5, 1 << 16)
    put(disk, 0, data)
    vm = boot(devices=nvme(disk))
    expected = f"{zlib.crc32(data):08x}"
    assert vm.crc("nvme0n1 0 128") == expected
    vm.cmd("arm nvme0n1 S1")
    vm.cmd("write nvme0n1 200 1 --pattern=0xee")
    assert "nvme0 was reset" in vm.cmd("nvme reset nvme0")
    assert "arm nvme0n1" in vm.cmd("write nvme0n1 0 1 --pattern=0xff")
    assert vm.crc("nvme0n1 0 128") == expected
    assert "is shut down" in vm.cmd("nvme shutdown nvme0")
    assert "crc32:" in vm.cmd("crc32 nvme0n1 0 1")
    assert "in service again" in vm.cmd("nvme resume nvme0")
    assert vm.crc("nvme0n1 0 128") == expected
    assert vm.crc("nvme0n1 200 1") == f"{zlib.crc32(bytes([0xee]) * 512):08x}"
    assert "CAP.NSSRS is 0" in vm.cmd("nvme subsystem-reset nvme0")


@pytest.fixture(name="rig", scope="module")
def fixture_rig(new_rig):
    """A drive that can be bothered from outside; its doorbells get values that are none."""
    with new_rig(expect_trace=["pci_nvme_ub_db_wr_invalid_sqtail"],
                 events=["pci_nvme_admin_cmd"]) as rig:
        yield rig


def warn(rig, bits):
    """Sets the critical warnings of the first drive."""
    rig.vm.qmp("qom-set", path=f"/machine/peripheral/{rig.bad.ctrl}",
               property="smart_critical_warning", value=bits)


@pytest.mark.parametrize("line", [BENCH, "crc32 " + FILE])
def test_event_while_it_runs(rig, line):
    """It becomes a line, the command goes on, and the drive can report the next one."""
    warn(rig, 0)
    before = rig.vm.serial_text().count("event: health: a temperature is beyond its threshold")

    def heat():
        warn(rig, 2)
    if line == BENCH:
        rig.start(line)
        heat()
        output = rig.vm.wait_prompt()
        assert "err= 0" in output
    else:
        output = rig.slow_file_read(heat)
    rig.vm.watch(0.3)
    text = rig.vm.serial_text()
    assert text.count("event: health: a temperature is beyond its threshold") == before + 1
    rig.check()
    warn(rig, 0)
    assert "critical_warning                        : 0" in rig.vm.cmd("nvme smart-log nvme0")


def test_wrong_doorbell_is_an_event(rig):
    """A tail beyond the queue, written by somebody else: the drive reports an error, it is said,
    and both drives go on."""
    rig.vm.qtest.store(rig.bad.bar(rig.vm) + 0x1000 + 8, 0xffff)  # of SQ 1; QEMU ignores it
    rig.vm.expect("nvme0: event: error: ")
    rig.check()
    assert "error" in rig.vm.cmd("events nvme0 --counts")


def test_storm_of_events(rig):
    """Sixty changes as fast as they can be made: few lines, the shell answers, they are counted."""
    for turn in range(60):
        warn(rig, turn % 2 * 4)
    output = rig.vm.cmd("")
    assert output.count("event: health") <= 4
    rig.check()
    warn(rig, 0)
    assert "health" in rig.vm.cmd("events nvme0 --counts")
