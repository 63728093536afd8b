"""Errors of the storage behind a drive, switched on and off while the guest runs: what the person
is told, how often the drive was asked, and that the rest goes on."""
import re

import pytest

from faults import BENCH, FILE

EVENTS = ["pci_nvme_read", "pci_nvme_write", "pci_nvme_io_cmd"]
EXPECTED = ["pci_nvme_err_aio", "pci_nvme_err_req_status"]


@pytest.fixture(name="module_rig", scope="module")
def fixture_module_rig(new_rig):
    """One guest for all these tests."""
    with new_rig(events=EVENTS, expect_trace=EXPECTED) as rig:
        yield rig


@pytest.fixture(name="rig")
def fixture_rig(module_rig):
    """The guest with its first drive armed; whatever the test did, all is well again after it."""
    module_rig.vm.cmd("arm nvme0n1 BAD1")
    yield module_rig
    module_rig.check()


def submissions(vm, opcode):
    """How many I/O commands with this opcode the drive has been sent."""
    return sum(f"opc {opcode:#x} " in line for line in vm.trace_lines("pci_nvme_io_cmd"))


READ, WRITE, FLUSH, ZEROES, TRIM, COPY, COMPARE = 2, 1, 0, 8, 9, 0x19, 5
RETRIES = 4  # of reads and writes through the block layer; commands of nvme-cli are sent once
SPARE = 60000  # an LBA that belongs to no file

# What fails, the command that meets it, its opcode and how often it is sent, what the person reads.
FAULTS = [
    ("read", f"crc32 nvme0n1 {SPARE} 1", READ, 1 + RETRIES,
     f"error: nvme0n1: Read of LBA {SPARE} failed: Unrecovered Read Error (sct 2, sc 81h)"),
    ("read", f"nvme read nvme0n1 -s {SPARE}", READ, 1,
     f"read: nvme0 refused Read at LBA {SPARE}: Unrecovered Read Error (sct 2, sc 81h)"),
    ("write", f"write nvme0n1 {SPARE} 1 --pattern=0xaa", WRITE, 1 + RETRIES,
     f"error: nvme0n1: Write of LBA {SPARE} failed: Write Fault (sct 2, sc 80h)"),
    ("write", f"nvme write nvme0n1 -s {SPARE} --pattern=0xaa", WRITE, 1,
     f"write: nvme0 refused Write at LBA {SPARE}: Write Fault (sct 2, sc 80h)"),
    ("write-zeroes", f"nvme write-zeroes nvme0n1 -s {SPARE}", ZEROES, 1,
     f"write-zeroes: nvme0 refused Write Zeroes at LBA {SPARE}: Write Fault (sct 2, sc 80h)"),
    ("discard", f"nvme dsm nvme0n1 -d -s {SPARE} -b 8", TRIM, 1,
     "dsm: nvme0 refused Dataset Management: Internal Error (sct 0, sc 06h)"),
    ("read", f"nvme copy nvme0n1 -d {SPARE + 64} -s {SPARE} -b 8", COPY, 1,
     "copy: nvme0 refused Copy: Internal Error (sct 0, sc 06h)"),
    ("read", f"nvme compare nvme0n1 -s {SPARE} --pattern=0x00", COMPARE, 1,
     f"compare: nvme0 refused Compare at LBA {SPARE}: Internal Error (sct 0, sc 06h)"),
]


@pytest.mark.parametrize("kind, line, opcode, tries, words", FAULTS,
                         ids=[f"{f[0]}-{'-'.join(f[1].split()[:2])}" for f in FAULTS])
def test_error_until_it_is_healed(rig, kind, line, opcode, tries, words):
    """Named each time with block and status; the blocks around it work, and all once healed."""
    vm = rig.vm
    vm.cmd(f"write nvme0n1 {SPARE} 200 --pattern=0x00")
    rig.bad.errors(vm, {"iotype": kind, "sector": SPARE})
    for _ in range(2):
        before, failed = submissions(vm, opcode), len(vm.trace_lines("pci_nvme_err_aio"))
        output = vm.cmd(line)
        assert words in output, output
        assert submissions(vm, opcode) - before == tries
        assert len(vm.trace_lines("pci_nvme_err_aio")) - failed == tries
    output = vm.cmd(line.replace(str(SPARE), str(SPARE + 100)))
    assert "failed" not in output and "refused" not in output, output
    assert vm.crc("nvme1n1 0 8")
    rig.bad.heal(vm)
    output = vm.cmd(line)
    assert "failed" not in output and "refused" not in output, output


@pytest.mark.parametrize("kind, line, opcode, tries, words", FAULTS[:6],
                         ids=[f"{f[0]}-{'-'.join(f[1].split()[:2])}" for f in FAULTS[:6]])
def test_error_once(rig, kind, line, opcode, tries, words):
    """One failure of the storage is told, or made good by another try; the next command works."""
    vm = rig.vm
    rig.bad.errors(vm, {"iotype": kind, "once": True})
    before, failed = submissions(vm, opcode), len(vm.trace_lines("pci_nvme_err_aio"))
    output = vm.cmd(line)
    if tries == 1:
        assert words in output, output
        assert submissions(vm, opcode) - before == 1
    else:
        assert "error:" not in output and "1 more try" in output, output
        assert submissions(vm, opcode) - before == 2
    assert len(vm.trace_lines("pci_nvme_err_aio")) - failed == 1
    output = vm.cmd(line)
    assert "failed" not in output and "refused" not in output, output
    rig.bad.heal(vm)


def test_flush_error_once(rig):
    """Sent once: a second Flush could succeed although what the first was for is lost."""
    vm = rig.vm
    rig.bad.errors(vm, {"iotype": "flush", "once": True})
    vm.cmd(f"write nvme0n1 {SPARE} 1 --pattern=0x00")
    before = submissions(vm, FLUSH)
    output = vm.cmd("flush nvme0n1")
    assert "error: nvme0n1: Flush failed: Write Fault (sct 2, sc 80h)" in output, output
    assert submissions(vm, FLUSH) - before == 1
    assert "nvme0n1: flushed" in vm.cmd("flush nvme0n1")
    rig.bad.heal(vm)


def test_bench_stops_at_an_error(rig):
    """With the block and the status in its summary, once for each kind of job."""
    vm = rig.vm
    rig.bad.errors(vm, *({"iotype": kind, "sector": SPARE + 40}
                         for kind in ("read", "write", "discard")))
    for kind, words in (("read", "Unrecovered Read Error (sct 2, sc 81h)"),
                        ("write", "Write Fault (sct 2, sc 80h)"),
                        ("trim", "Internal Error (sct 0, sc 06h)")):
        output = vm.cmd(f"bench --filename=nvme0n1 --rw={kind} --bs=4k --offset={SPARE * 512} "
                        "--size=1m --iodepth=4")
        assert f"{words} at LBA {SPARE + 40})" in output, output
        assert "bench: a job ended with an error, see err= above" in output
    rig.bad.heal(vm)


def test_errors_come_and_go_under_a_benchmark(rig):
    """Reads fail for a while: they are counted, the job goes on and the other drive, too."""
    vm = rig.vm
    before = len(vm.trace_lines("pci_nvme_err_aio"))
    rig.start(BENCH + " --continue_on_error=io --filename=nvme0n1:nvme1n1", 1)
    rig.bad.errors(vm, {"iotype": "read"})
    vm.watch(0.5)
    rig.bad.heal(vm)
    output = vm.wait_prompt()
    failed = len(vm.trace_lines("pci_nvme_err_aio")) - before
    assert re.search(r"read: IOPS=[1-9]", output), output
    assert failed > 0
    assert f"errors={failed}," in output


def test_error_in_a_file(rig):
    """Reading the file fails where the block is; a file read on the other drive goes on."""
    vm = rig.vm
    lba = rig.file_lba + 1000
    rig.bad.errors(vm, {"iotype": "read", "sector": lba})
    output = vm.cmd(f"crc32 {FILE}")
    told = re.search(r"nvme0n1: Read within LBA (\d+) to (\d+) failed: Unrecovered Read", output)
    assert told and int(told[1]) <= lba <= int(told[2]), output
    assert re.search(r"crc32: .*BIG.BIN.*failed: the media could not be read", output), output
    assert "IOPS=" in vm.cmd("bench --filename=nvme1n1 --rw=read --size=4m")
    rig.bad.heal(vm)


def test_flush_errors_without_end(new_rig):
    """Every flush fails: it is told each time, nothing else is disturbed, and the machine can be
    switched off."""
    with new_rig(events=EVENTS, expect_trace=EXPECTED) as rig:
        vm = rig.vm
        vm.cmd("arm nvme0n1 BAD1")
        rig.bad.errors(vm, {"iotype": "flush"})
        vm.cmd(f"write nvme0n1 {SPARE} 1 --pattern=0x00")
        for _ in range(3):
            assert "Flush failed: Write Fault (sct 2, sc 80h)" in vm.cmd("flush nvme0n1")
        assert "refused Flush: Write Fault" in vm.cmd("nvme flush nvme0n1")
        rig.check()
        vm.send("poweroff\r")
        vm.wait_end()
        assert "nvme0: shut down" in vm.serial_text()
