"""Commands on blocks under QEMU: what they do is looked at in the image file, and what was sent in
QEMU's trace. QEMU 7.2 does not offer Verify, Write Uncorrectable, Get LBA Status, reservations and
fused operations: those run on the model only."""
import functools
import json
import struct

import pytest

from faults import Drive
from test_disk import put, random_bytes
from vm import Vm, nvme

BLOCK = 512


def opcodes(vm):
    """Opcodes of the I/O commands so far, from the trace."""
    return [int(line.split("opc ")[1].split()[0], 16) for line in vm.trace_lines("pci_nvme_io_cmd")]


@pytest.fixture(name="guest", scope="module")
def fixture_guest(tmp_path_factory):
    """One guest with one drive of 8 MiB for all commands."""
    work = tmp_path_factory.mktemp("blocks")
    drive = Drive(work / "disk.img", "BLK1")
    drive.path.write_bytes(bytes(8 << 20))
    with Vm(work / "vm", devices=drive.args, events=["pci_nvme_io_cmd"],
            expect_trace=["pci_nvme_err_req_status"]) as vm:
        vm.wait_prompt(60)
        yield drive, vm


@pytest.fixture(name="drive")
def fixture_drive(guest):
    """That drive, armed, whose first MiB is random; drive.data is the whole image."""
    drive, drive.vm = guest
    drive.data = bytearray(random_bytes(20, 1 << 20).ljust(8 << 20, b"\0"))
    put(drive.path, 0, drive.data)
    drive.vm.cmd("arm nvme0n1 BLK1")
    return drive


def test_compare(drive):
    """Equal, and different in the last of 300 blocks; neither changes the image."""
    vm = drive.vm
    pattern = bytes(range(1, 33)) * 16
    put(drive.path, 100 * BLOCK, pattern * 300)
    line = f"nvme compare nvme0n1 -s 100 -c 299 --pattern=0x{bytes(range(1, 33)).hex()}"
    assert "compare: Success, LBA 100 to 399 (300 blocks) hold the same" in vm.cmd(line)
    put(drive.path, 400 * BLOCK - 1, b"\xff")
    before = drive.path.read_bytes()
    output = vm.cmd(line)
    assert "256 blocks were done before LBA 356." in output
    assert "compare: nvme0 refused Compare at LBA 356: Compare Failure (sct 2, sc 85h" in output
    assert "The data on the drive differs" in output
    assert opcodes(vm)[-4:] == [5, 5, 5, 5]
    assert drive.path.read_bytes() == before


def test_each_refusal_has_its_status(drive):
    """A completion that comes between two looks of the driver keeps its status."""
    line = "nvme compare nvme0n1 -s 9 -c 0 --pattern=0x5a"
    output = "".join(drive.vm.cmd("; ".join([line] * 15), 60) for _ in range(3))
    assert output.count("refused Compare at LBA 9: Compare Failure (sct 2, sc 85h") == 45, output


def test_write_zeroes(drive):
    """Also when the drive may deallocate: zeros from the first to the last byte and no further."""
    vm = drive.vm
    before = opcodes(vm).count(8)
    for option, lba, count in (("", 11, 300), (" -d", 1000, 77), (" -f", 5, 1)):
        output = vm.cmd(f"nvme write-zeroes nvme0n1 -s {lba} -c {count - 1}{option}")
        assert "write-zeroes: Success, LBA" in output, output
        drive.data[lba * BLOCK:(lba + count) * BLOCK] = bytes(count * BLOCK)
    assert opcodes(vm).count(8) == before + 3
    assert drive.path.read_bytes() == drive.data


def test_trim(drive):
    """Several ranges in one command; QEMU gives their room in the image back."""
    vm = drive.vm
    before, room = opcodes(vm).count(9), drive.path.stat().st_blocks
    output = vm.cmd("nvme dsm nvme0n1 -d -s 16,160,1600 -b 8,80,800")
    assert "NVMe DSM: success, 3 ranges" in output, output
    for lba in (16, 160, 1600):
        drive.data[lba * BLOCK:(lba + lba // 2) * BLOCK] = bytes(lba // 2 * BLOCK)
    assert drive.path.read_bytes() == drive.data
    assert drive.path.stat().st_blocks <= room - 800
    assert opcodes(vm).count(9) == before + 1
    assert "NVMe DSM: success" in vm.cmd("nvme dsm nvme0n1 --idr -s 0 -b 8")  # a hint
    assert "do not lie in nvme0n1" in vm.cmd("nvme dsm nvme0n1 -d -s 16383,16 -b 2,8")
    assert opcodes(vm).count(9) == before + 2
    assert drive.path.read_bytes() == drive.data


def test_copy(drive):
    """Two sources to one place, in more than one command where the limits want it."""
    vm = drive.vm
    before = opcodes(vm).count(0x19)
    output = vm.cmd("nvme copy nvme0n1 -d 5000 -s 7,900 -b 3,300")
    assert "NVMe Copy: success, to LBA 5000 to 5302 (303 blocks)" in output, output
    drive.data[5000 * BLOCK:5303 * BLOCK] = (drive.data[7 * BLOCK:10 * BLOCK]
                                             + drive.data[900 * BLOCK:1200 * BLOCK])
    assert drive.path.read_bytes() == drive.data
    commands = opcodes(vm).count(0x19)
    assert commands > before + 1  # QEMU copies 128 blocks at a time
    assert "overlaps the destination" in vm.cmd("nvme copy nvme0n1 -d 5 -s 4 -b 4")
    assert opcodes(vm).count(0x19) == commands


def test_fua_and_flush(drive):
    """What was written is on the disk, and the flush is a command of its own."""
    vm = drive.vm
    assert "write: Success" in vm.cmd("nvme write nvme0n1 -s 40 -c 7 -f --pattern=0x77")
    assert "success, nvme0n1" in vm.cmd("nvme flush nvme0n1")
    assert opcodes(vm)[-1] == 0
    drive.data[40 * BLOCK:48 * BLOCK] = b"\x77" * (8 * BLOCK)
    assert drive.path.read_bytes() == drive.data


def test_what_qemu_does_not_offer(boot, image):
    """Refused before anything is sent, with the field that says so."""
    vm = boot(devices=nvme(image(8)), events=["pci_nvme_io_cmd"])
    vm.cmd("arm nvme0n1 S1")
    before = len(opcodes(vm))
    for line, why in (("verify nvme0n1 -s 0 -c 7", "ONCS bit 7"),
                      ("write-uncor nvme0n1 -s 3 -c 0", "ONCS bit 1"),
                      ("get-lba-status nvme0n1 -s 0", "OACS bit 9"),
                      ("resv-report nvme0n1", "ONCS bit 5"),
                      ("compare nvme0n1 -s 0 --pattern=0x00 --then-write=0x11", "FUSES bit 0"),
                      ("copy nvme0n1 -d 100 -s 0 -b 8", "MSSRL and MCL")):
        assert why in vm.cmd("nvme " + line), line
    assert len(opcodes(vm)) == before


@functools.lru_cache
def crc16_t10(data):
    """The guard of T10 protection information, bit by bit."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8bb7 if crc & 0x8000 else crc << 1) & 0xffff
    return crc


# LBA format of QEMU, its block and metadata bytes, type, in the first eight bytes, extended
FORMATS = [(1, 512, 8, 1, 0, 0), (1, 512, 8, 2, 0, 1), (2, 512, 16, 2, 1, 0), (3, 512, 64, 3, 0, 0),
           (6, 4096, 16, 1, 1, 1), (5, 4096, 8, 3, 0, 0), (1, 512, 8, 0, 0, 0),
           (2, 512, 16, 0, 0, 1)]


def test_protection_information(boot, image):
    """What lies in the image behind the data is what Python computes; a byte changed there is
    found, by the drive where it checks. QEMU keeps the metadata of block n behind all data."""
    drive = Drive(image(8), "PRO1")
    vm = boot(devices=drive.args, expect_trace=["pci_nvme_err_req_status"])
    for lbaf, block, meta, kind, first, extended in FORMATS:
        output = vm.cmd(f"nvme format nvme0n1 -l {lbaf} -i {kind} -p {first} -m {extended} "
                        "--serial=PRO1")
        assert "Success formatting namespace:1" in output, output
        blocks = json.loads(vm.cmd("nvme id-ns nvme0n1 -o json"))["nsze"]
        data = random_bytes(lbaf, 32) * (block // 32)
        # Blocks that were never written have no valid protection information: write all of a page.
        line = f"-s 64 -c 511 --pattern=0x{data[:32].hex()}"
        output = vm.cmd(f"nvme write nvme0n1 {line} --serial=PRO1")
        assert "write: Success, LBA 64 to 575" in output, output
        assert check_metadata(drive.path, blocks, (block, meta, kind, first), data)
        assert "hold the same" in vm.cmd(f"nvme compare nvme0n1 {line}")
        assert "Compare Failure" in vm.cmd("nvme compare nvme0n1 -s 64 --pattern=0x11")
        assert data[:8].hex(" ") in vm.cmd("nvme read nvme0n1 -s 100 -c 3")
        put(drive.path, 101 * block + 5, bytes([data[5] ^ 1]))
        output = vm.cmd("nvme read nvme0n1 -s 100 -c 3")
        assert ("Guard Check Error (sct 2, sc 82h" in output) == (kind > 0), output
        put(drive.path, 101 * block + 5, data[5:6])
        at = (blocks * block) + 102 * meta + (0 if first else meta - 8)
        put(drive.path, at + 7, b"\x99")
        output = vm.cmd("nvme read nvme0n1 -s 100 -c 3")
        assert ("Reference Tag Check Error (sct 2, sc 84h" in output) == (kind in (1, 2)), output


def check_metadata(path, blocks, shape, data):
    """The protection information of LBA 64 to 575, and the data."""
    block, meta, kind, first = shape
    with open(path, "rb") as file:
        for lba in range(64, 576):
            file.seek(lba * block)
            assert file.read(block) == data, lba
            if not kind:
                continue
            file.seek(blocks * block + lba * meta)
            metadata = file.read(meta)
            start = 0 if first else meta - 8
            guard, _, reference = struct.unpack(">HHI", metadata[start:start + 8])
            assert guard == crc16_t10(data + metadata[:start]), lba
            assert reference == lba or kind == 3, lba
    return True


def test_plain_io_keeps_off_metadata(boot, image):
    """A namespace that cannot hold plain blocks is shown with the reason, and is no disk."""
    drive = Drive(image(8), "PRO1")
    vm = boot(devices=drive.args)
    vm.cmd("nvme format nvme0n1 -l 2 -i 0 --serial=PRO1")
    assert "nvme0n1 cannot be used: has 16 bytes of metadata per block" in vm.cmd("list")
    assert "crc32:" in vm.cmd("crc32 nvme0n1 0 1")
    assert "bench:" in vm.cmd("bench --filename=nvme0n1 --rw=read --size=1m")
    vm.cmd("nvme format nvme0n1 -l 0 --serial=PRO1")
    assert vm.crc("nvme0n1 0 1") == "b2aa7578"
