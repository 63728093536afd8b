"""What the guest called flushed is on the disk, whenever the power fails after that: proved with a
log of all writes that QEMU keeps below the drive, replayed to each of its entries."""
import collections
import struct

import pytest

from blklog import FLUSH, Claim, broken_claims, entry_count, read_log
from faults import Drive


class Promises:
    """A drive with a log of its writes, and what the guest has said of them."""

    def __init__(self, boot, work):
        self.image, self.log = work / "disk.img", work / "writes.log"
        self.image.write_bytes(bytes(16 << 20))
        self.log.write_bytes(b"")
        drive = Drive(self.image, "LOG1", file=(
            f"driver=blklogwrites,file.driver=file,file.filename={self.image},log.driver=file,"
            f"log.filename={self.log},log-sector-size=512,log-super-update-interval=1,"
            "file.cache.no-flush=on,log.cache.no-flush=on"))  # the host's own disk is spared
        self.drive = drive
        self.vm = boot(devices=drive.args, qtest=True,
                       events=["pci_nvme_io_cmd", "pci_nvme_create_sq"])
        self.vm.cmd("arm nvme0n1 LOG1")
        self.claims = []

    def claim(self, what, lba, count):
        """The guest has just said that these blocks, as they are now, are safe."""
        with open(self.image, "rb") as file:
            file.seek(lba * 512)
            sectors = {lba + i: file.read(512) for i in range(count)}
        self.claims.append(Claim(entry_count(self.log), what, sectors))

    def check(self):
        """Replays the log: no claim is broken, at no entry; returns the entries."""
        entries, size = read_log(self.log)
        assert size == 512 and self.claims
        assert broken_claims(entries, self.claims) == []
        return entries


@pytest.fixture(name="disk")
def fixture_disk(boot, tmp_path):
    """A guest with such a drive, armed."""
    return Promises(boot, tmp_path)


def test_flush_commands(disk):
    """write and flush, nvme write and nvme flush, again and again over the same blocks."""
    vm = disk.vm
    for turn in range(1, 6):
        pattern = f"--pattern=0x{turn:02x}{turn * 3:02x}"
        assert "wrote" in vm.cmd(f"write nvme0n1 {turn} 300 {pattern}")
        assert "nvme0n1: flushed" in vm.cmd("flush nvme0n1")
        disk.claim(f"flush {turn}", turn, 300)
        assert "Success" in vm.cmd(f"nvme write nvme0n1 -s {turn * 2} -c 16 {pattern}")
        assert "success" in vm.cmd("nvme flush nvme0n1")
        disk.claim(f"nvme flush {turn}", turn * 2, 17)
    entries = disk.check()
    assert sum(bool(e.flags & FLUSH) for e in entries) >= 10
    # A flush that reached the drive too early would be found.
    first = next(i for i, e in enumerate(entries) if e.flags & FLUSH)
    assert broken_claims(entries[:first] + entries[first + 1:], disk.claims[:1])


@pytest.mark.parametrize("option, fua", [("-f", 1), ("", 0)])
def test_force_unit_access(disk, option, fua):
    """The bit is in the command as the drive sees it. QEMU 7.2 does not obey it, so the log of
    writes cannot show it."""
    vm = disk.vm
    disk.drive.hang(vm, "A", "write_aio")
    vm.send(f"nvme write nvme0n1 -s 1234 -c 6 {option} --pattern=0x77\r")
    disk.drive.wait_hung(vm)
    queue = next(line for line in vm.trace_lines("pci_nvme_create_sq")
                 if "sqid=1," in line and "qsize=255" not in line)  # SeaBIOS has 256 entries
    entries = vm.qtest.read(int(queue.split("addr=")[1].split(",")[0], 16), 64 * 64)
    found = [words[12] for words in struct.iter_unpack("<16I", entries)
             if words[0] & 0xff == 1 and words[10] == 1234]
    disk.drive.release(vm, "A")
    vm.wait_prompt()
    assert found == [fua << 30 | 6], [hex(word) for word in found]


@pytest.mark.parametrize("options", ["--end_fsync=1", "--fsync=16 --end_fsync=1"])
def test_benchmark(disk, options):
    """At its end all is safe that it wrote, at any depth; with fsync it is flushed between."""
    vm = disk.vm
    output = vm.cmd("bench --filename=nvme0n1 --rw=randwrite --bs=4k --size=2m --iodepth=32 "
                    f"--refill_buffers --eta=never {options}", 60)
    assert "err= 0" in output, output
    disk.claim("bench", 0, 4096)
    entries = disk.check()
    flushes = sum(bool(e.flags & FLUSH) for e in entries)
    # QEMU does several flushes at once as one.
    assert flushes >= (8 if "--fsync" in options else 1)
    sent = sum("opc 0x0 " in line for line in vm.trace_lines("pci_nvme_io_cmd"))
    assert sent >= (512 // 16 if "--fsync" in options else 1)
    written = collections.Counter(e.sector for e in entries if e.count)
    assert len(written) == 512


def test_power_off(disk):
    """The orderly shutdown makes everything safe, also what nobody flushed."""
    disk.vm.cmd("write nvme0n1 77 999 --pattern=0x123456")
    disk.vm.send("poweroff\r")
    disk.vm.wait_end()
    disk.claim("poweroff", 77, 999)
    disk.check()


def test_power_fails(disk):
    """QEMU is killed in the middle of writing: what was flushed before is there."""
    vm = disk.vm
    for turn in range(1, 4):
        vm.cmd(f"write nvme0n1 {turn * 1000} 500 --pattern=0x{turn:02x}")
        vm.cmd("flush nvme0n1")
        disk.claim(f"flush {turn}", turn * 1000, 500)
    vm.send("bench --filename=nvme0n1 --rw=randwrite --offset=8m --bs=4k --iodepth=32 "
            "--runtime=60 --time_based --eta=never\r")
    vm.watch(1.5)
    vm.process.kill()
    vm.process.wait()
    entries = disk.check()
    assert len(entries) > 100
