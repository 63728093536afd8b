"""Verifying across the border: what the guest writes with verify is verified by fio in the image
file, what fio wrote there is verified in the guest, and a changed bit is found by both."""
import shutil
import subprocess

import pytest

from vm import nvme

WAYS = ["--bs=4k --verify=crc32c",
        "--bs=16k --verify=crc32c --verify_interval=1k",
        "--bs=4k --verify=pattern --verify_pattern=0xdeadbeef"]

pytestmark = pytest.mark.skipif(shutil.which("fio") is None, reason="needs fio")


def fio_is_content(disk, options):
    """fio runs and finds nothing wrong; it is judged by its words, for it may find and succeed."""
    result = subprocess.run(["fio", "--name=x", f"--filename={disk}", "--size=8m",
                             "--ioengine=sync", *options.split()], cwd=disk.parent, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=120)
    return result.returncode == 0 and "verify failed" not in result.stdout


def flip(path, offset):
    """Changes one bit of an image."""
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 4]))


@pytest.mark.parametrize("block", [512, 4096])
@pytest.mark.parametrize("way", WAYS)
def test_guest_writes_fio_verifies(boot, image, way, block):
    """The guest's blocks are right for fio, and fio's for the guest."""
    disk = image(16)
    vm = boot(devices=nvme(disk, block_bytes=block))
    vm.cmd("arm nvme0n1 S1")
    output = vm.cmd(f"bench --rw=randwrite --size=8m --iodepth=16 {way}", 120)
    count = 8 * 1024 // int(way[len("--bs="):].split("k")[0])
    assert f"total={count},{count},0,0" in output, output
    assert "are wrong" not in output
    vm.send("poweroff\r")
    vm.wait_end()
    assert fio_is_content(disk, f"--rw=read {way}")
    flip(disk, (3 << 20) + 300)
    assert not fio_is_content(disk, f"--rw=read {way}")


def test_fio_writes_guest_verifies(boot, image):
    """A bit that changed under the guest is named."""
    disk = image(16)
    assert fio_is_content(disk, f"--rw=randwrite --do_verify=0 {WAYS[0]}")
    flip(disk, (5 << 20) + 1000)
    vm = boot(devices=nvme(disk))
    output = vm.cmd(f"bench --rw=read --size=4m --iodepth=8 {WAYS[0]}", 60)
    assert "total=1024,0,0,0" in output and "are wrong" not in output, output
    output = vm.cmd(f"bench --rw=read --size=8m --iodepth=8 {WAYS[0]}", 60)
    assert "at byte 5242880 (LBA 10240): one bit flipped" in output, output
    assert "first wrong byte: 1000 of the block" in output and "bit 2 is flipped" in output
