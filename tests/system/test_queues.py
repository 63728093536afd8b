"""I/O queues of other numbers, in the controller memory buffer, and data described by SGLs."""
import zlib

import pytest

from conftest import run_tool
from test_disk import put, random_bytes
from vm import ISO, ROOT, nvme


def check_contents(vm, data):
    """Short and long reads give what was put into the image."""
    for lba, count in ((0, 1), (3, 8), (0, 2048), (1, 2047)):
        expected = zlib.crc32(data[lba * 512:(lba + count) * 512])
        assert vm.crc(f"nvme0n1 {lba} {count}") == f"{expected:08x}"


def test_other_numbers_of_queues(boot, image):
    """Fewer, shorter and longer queues: the contents stay, bench runs on what there is."""
    disk = image(16)
    data = random_bytes(7, 1 << 20)
    put(disk, 0, data)
    vm = boot(devices=nvme(disk), cpus=4)
    assert "queue pairs             : 4" in vm.cmd("nvme queues nvme0")
    for numbers in ("--count=1", "--entries=2", "--count=4 --entries=2048", "--count=3"):
        assert "queue pairs" in vm.cmd("nvme queues nvme0 " + numbers)
        check_contents(vm, data)
        assert "IOPS=" in vm.cmd("bench filename=nvme0n1 rw=randread bs=4k iodepth=1 size=4m")
    assert "--count is 1 to 4" in vm.cmd("nvme queues nvme0 --count=5")


@pytest.mark.parametrize("words, options, sign", [
    ("cmb=1", "cmb_size_mb=4", "in controller memory    : 2"),
    ("cmb=1", "cmb_size_mb=4,legacy-cmb=on", "in controller memory    : 2"),
    ("cmb=1", "", "in controller memory    : 0"),
    ("sgl=1", "", "in controller memory    : 0"),
])
def test_memory_buffer_and_sgl(boot, image, tmp_path, words, options, sign):
    """The contents are the same by every way."""
    iso = tmp_path / "words.iso"
    run_tool(ROOT / "tools/mkiso.sh", "-c", words, ISO.with_suffix(".elf"), iso)
    disk = image(16)
    data = random_bytes(8, 1 << 20)
    put(disk, 0, data)
    vm = boot(iso=iso, devices=nvme(disk, options=options))
    assert sign in vm.cmd("nvme queues nvme0")
    check_contents(vm, data)
    vm.cmd("nvme reset nvme0")
    vm.cmd("nvme queues nvme0 --entries=64")
    check_contents(vm, data)
    vm.cmd("nvme trace nvme0 on")
    trace = vm.cmd("crc32 nvme0n1 0 256")
    assert ("sgl address" in trace) == (words == "sgl=1"), trace
