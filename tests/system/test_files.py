"""FAT32 volumes made by mkfs.fat and mtools, read by the guest."""
import random
import zlib

import pytest

from vm import nvme

FILES = {
    "/HELLO.TXT": b"Hello, FAT.\n",
    "/empty.bin": b"",
    "/docs/A long name with blanks.txt": b"blank\n" * 1000,
    "/docs/Grüße aus Zürich – 日本語.txt": "Gruß\n".encode(),
    "/docs/deep/er/still/big.bin": random.Random(5).randbytes(3_000_001),
    "/docs/many/" + "x" * 200 + ".dat": b"\x01\x02\x03",
}


@pytest.mark.parametrize("sector", [pytest.param(512, marks=pytest.mark.smoke), 4096])
def test_files(boot, fat_disk, sector):
    """Every file's checksum, by path, with and without a partition table."""
    disk = fat_disk(FILES, sector=sector, mib=96 if sector == 512 else 400)
    vm = boot(devices=nvme(disk, block_bytes=sector))
    place = "nvme0n1p1" if sector == 512 else "nvme0n1"
    assert "TESTDATA" in vm.cmd("lsblk")
    for name, data in FILES.items():
        output = vm.cmd(f'crc32 "{place}:{name}"', 60)
        assert output.split()[0] == f"{zlib.crc32(data):08x}", name
    assert "Hello, FAT." in vm.cmd(f"cat {place}:/hello.txt")
    listing = vm.cmd(f"ls -R {place}:/")
    for name in FILES:
        assert name.rpartition("/")[2].lower() in listing.lower()


def test_many_files(boot, fat_disk):
    """A folder over many clusters."""
    files = {f"/many/file number {n:04}.txt": str(n).encode() for n in range(300)}
    vm = boot(devices=nvme(fat_disk(files)))
    listing = vm.cmd("ls nvme0n1p1:/many")
    assert sum("file number" in line for line in listing.splitlines()) == 300
    assert vm.cmd('cat "nvme0n1p1:/many/file number 0299.txt"').strip() == "299"


def test_cd(boot, fat_disk):
    """Relative paths."""
    vm = boot(devices=nvme(fat_disk(FILES)))
    vm.cmd("cd nvme0n1p1:/docs")
    assert "A long name with blanks.txt" in vm.cmd("ls")
    assert "Gru" in vm.cmd("cat 'Grüße aus Zürich – 日本語.txt'")
    vm.cmd("cd ..")
    assert "Hello" in vm.cmd("cat HELLO.TXT")


def test_wrong_paths(boot, fat_disk):
    """What is missing is named."""
    vm = boot(devices=nvme(fat_disk(FILES)))
    for line in ("cat nvme0n1p1:/nothing.txt", "ls nvme0n1p9:/", "cat nvme0n1p1:/docs",
                 "cd nvme0n1p1:/hello.txt", "ls nvme0n1:/", "cat relative.txt"):
        output = vm.cmd(line)
        assert output.startswith(line.split()[0] + ":"), output
