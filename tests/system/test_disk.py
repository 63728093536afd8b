"""Blocks: what the guest writes is looked at in the image file, what the image holds is read in the
guest, and a disk that is not armed stays as it was."""
import hashlib
import random
import struct
import zlib

import pytest

from conftest import run_tool
from vm import nvme


def random_bytes(seed, count):
    """Bytes that no pattern of the guest produces by chance."""
    return random.Random(seed).randbytes(count)


def put(path, offset, data):
    """Writes into an image from outside."""
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def digest(path):
    """A checksum of a whole image."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("block", [pytest.param(512, marks=pytest.mark.smoke), 4096])
def test_reads_what_was_put_there(boot, image, block):
    """crc32 of ranges of all kinds equals zlib's of the image file."""
    disk = image()
    data = random_bytes(block, 8 << 20)
    put(disk, 0, data)
    vm = boot(devices=nvme(disk, block_bytes=block))
    blocks = len(data) // block
    for lba, count in ((0, 1), (1, 1), (3, 9), (7, 128), (0, blocks), (blocks - 1, 1), (5, 1999)):
        expected = zlib.crc32(data[lba * block:(lba + count) * block])
        assert vm.crc(f"nvme0n1 {lba} {count}") == f"{expected:08x}"


def test_hexdump(boot, image):
    """hexdump shows the very bytes."""
    disk = image()
    put(disk, 512 * 3, b"Carillon rings!\x00\xff")
    vm = boot(devices=nvme(disk))
    output = vm.cmd("hexdump nvme0n1 3 1")
    assert "43 61 72 69 6c 6c 6f 6e" in output
    assert "Carillon" in output


@pytest.mark.parametrize("block", [pytest.param(512, marks=pytest.mark.smoke), 4096])
def test_writes_land_where_they_should(boot, image, block):
    """Written blocks hold the pattern, their neighbours what they held before."""
    disk = image()
    before = random_bytes(1, 4 << 20)
    put(disk, 0, before)
    vm = boot(devices=nvme(disk, block_bytes=block))
    assert "S1" in vm.cmd("list")
    vm.cmd("arm nvme0n1 S1")
    vm.cmd("write nvme0n1 10 300 --pattern=0xa5")
    vm.cmd("write nvme0n1 500 1 --pattern=0x5a")
    vm.cmd("flush nvme0n1")
    expected = bytearray(before)
    expected[10 * block:310 * block] = b"\xa5" * (300 * block)
    expected[500 * block:501 * block] = b"\x5a" * block
    crc = zlib.crc32(b"\xa5" * (300 * block))
    assert vm.crc("nvme0n1 10 300") == f"{crc:08x}"
    vm.send("poweroff\r")
    vm.wait_end()
    assert disk.read_bytes()[:len(before)] == bytes(expected)


def test_not_armed_is_not_written(boot, image):
    """Refused, with how to allow it; the image stays byte-identical."""
    disk = image(32)
    put(disk, 0, random_bytes(2, 1 << 20))
    before = digest(disk)
    vm = boot(devices=nvme(disk))
    refusal = vm.cmd("write nvme0n1 0 8 --pattern=0xff")
    assert "arm nvme0n1" in refusal
    assert "arm" in vm.cmd("bench --filename=nvme0n1 --rw=randwrite --size=1m")
    assert vm.cmd("arm nvme0n1 WRONG").strip()
    vm.cmd("write nvme0n1 0 8 --pattern=0xff")
    vm.cmd("arm nvme0n1 S1")
    vm.cmd("disarm nvme0n1")
    vm.cmd("write nvme0n1 0 8 --pattern=0xff")
    vm.send("poweroff\r")
    vm.wait_end()
    assert digest(disk) == before


def test_past_the_end(boot, image):
    """Ranges that do not lie on the disk are refused before the controller sees them."""
    disk = image(16)
    vm = boot(devices=nvme(disk))
    last = (16 << 20) // 512
    vm.cmd("arm nvme0n1 S1")
    assert vm.crc(f"nvme0n1 {last - 1} 1") == "b2aa7578"
    for line in (f"read nvme0n1 {last} 1", f"read nvme0n1 {last - 1} 2", "read nvme0n1 0 0",
                 f"write nvme0n1 {last} 1 --pattern=0x00",
                 "read nvme0n1 18446744073709551615 2", "crc32 nvme0n1 99999999999 1"):
        output = vm.cmd(line)
        assert line.split()[0] + ":" in output, output


def mbr(*entries):
    """A boot sector with (type, first, count) entries."""
    table = b"".join(struct.pack("<B3sB3sII", 0, b"\0" * 3, kind, b"\0" * 3, first, count)
                     for kind, first, count in entries)
    return b"\0" * 446 + table.ljust(64, b"\0") + b"\x55\xaa"


def test_partitions(boot, image):
    """GPT, GPT with a damaged primary header, and MBR."""
    gpt, hurt, old = image(64, "gpt"), image(64, "hurt"), image(64, "old")
    for path in (gpt, hurt):
        run_tool("sgdisk", "--clear", "--new=1:2048:+8M", "--change-name=1:Erste",
                 "--new=2:32768:+16M", "--typecode=2:8300", "--change-name=2:Größe", path)
    put(hurt, 512, b"\0" * 64)
    put(old, 0, mbr((0x0c, 2048, 16384), (0x83, 20480, 8192)))
    for number, path in enumerate((gpt, hurt, old)):
        put(path, 2048 * 512, bytes([number + 1]) * 512)
    vm = boot(devices=nvme(gpt, "G") + nvme(hurt, "H") + nvme(old, "O"))
    output = vm.cmd("lsblk")
    for disk in range(3):
        assert f"nvme{disk}n1p1" in output and f"nvme{disk}n1p2" in output
        crc = zlib.crc32(bytes([disk + 1]) * 512)
        assert vm.crc(f"nvme{disk}n1p1 0 1") == f"{crc:08x}"
    assert "Größe" in output
    assert "crc32:" in vm.cmd("crc32 nvme0n1p1 16384 1")  # past the partition's end


def test_read_errors_are_named(boot, image):
    """A block that the drive cannot read: the status in words, and the disk goes on."""
    disk = image(16)
    node = ["-blockdev", f"driver=file,filename={disk},node-name=f0",
            "-blockdev", "driver=blkdebug,node-name=bd,image=f0,inject-error.0.event=none,"
            "inject-error.0.iotype=read,inject-error.0.errno=5,inject-error.0.sector=80",
            "-blockdev", "driver=raw,file=bd,node-name=d0", "-device", "nvme,serial=S1,drive=d0"]
    vm = boot(devices=node, expect_trace=("pci_nvme_err_aio", "pci_nvme_err_req_status"))
    output = vm.cmd("crc32 nvme0n1 80 1", 60)
    assert "nvme0n1" in output or "nreadable" in output or "nrecovered" in output, output
    assert vm.crc("nvme0n1 0 1") == "b2aa7578"
