"""Drives of many shapes, many of them in one guest: what was put into their images is read, what is
written lands there, on every way data takes."""
import re
import zlib

import pytest

from test_disk import random_bytes
from test_verify import fio_is_content
from vm import nvme

MIB = 1 << 20


class Shapes:
    """Options of QEMU for drives, each of a serial number and a size of its own."""

    def __init__(self, work):
        self.work, self.args, self.drives = work, [], []

    def add(self, options="", *, size=2 * MIB, block=512, backend="", device="nvme"):
        """One controller with one namespace on an image of random data."""
        number = len(self.drives)
        serial, path = f"SH{number}", self.work / f"sh{number}.img"
        path.write_bytes(random_bytes(number, size))
        self.args += ["-drive", f"if=none,id=d{number},format=raw,file={path}{backend}"]
        words = f"{device},serial={serial},drive=d{number}"
        if block != 512:
            words += f",logical_block_size={block},physical_block_size={block}"
        self.args += ["-device", words + (f",{options}" if options else "")]
        self.drives.append((serial, path, block, options))


def disk_names(vm):
    """{serial: name} from the list."""
    return {serial: name for name, serial in
            re.findall(r"^(nvme\d+n\d+) +\S+ +(\S+)", vm.cmd("list"), re.MULTILINE)}


def check_drive(vm, name, serial, path, block):
    """All of it is read, written and read back, at a depth of one and more, and by interrupts."""
    data = path.read_bytes()
    count = -(-len(data) // 512) * 512 // block  # QEMU rounds an image up to sectors
    data = data.ljust(count * block, b"\0")[:count * block]
    assert vm.crc(name) == f"{zlib.crc32(data):08x}", serial
    vm.cmd(f"arm {name} {serial}")
    pattern = f"0x{serial.encode().hex()}5a"
    first, blocks = count // 3, count - count // 3
    output = vm.cmd(f"write {name} {first} {blocks} --pattern={pattern} --verify")
    assert "read back the same" in output, output
    written = bytes.fromhex(pattern[2:]) * (blocks * block)
    expected = data[:first * block] + written[:blocks * block]
    assert path.read_bytes()[:count * block] == expected, serial
    for wait in ("poll", "irq") if count > 8 else ():
        output = vm.cmd(f"bench --filename={name} --rw=randread --bs=4k --iodepth=8 "
                        f"--number_ios=64 --size={count * block // 4096 * 4096} --wait={wait}", 60)
        assert "total=64,0,0,0" in output or "no interrupt vectors" in output, output


def check_all(vm, shapes):
    """Each drive there is."""
    names = disk_names(vm)
    for serial, path, block, _ in shapes.drives:
        check_drive(vm, names[serial], serial, path, block)


def test_queues_vectors_and_transfers(boot, tmp_path):
    """Numbers of queue pairs, vectors, the largest transfer, in all extremes."""
    shapes = Shapes(tmp_path)
    for options in ("max_ioqpairs=2", "max_ioqpairs=64", "max_ioqpairs=2047", "msix_qsize=1",
                    "msix_qsize=2", "max_ioqpairs=64,msix_qsize=65", "max_ioqpairs=1,msix_qsize=1",
                    "mdts=0", "mdts=1", "mdts=2", "mdts=7", "mdts=1,max_ioqpairs=1"):
        shapes.add(options)
    vm = boot(cpus=4, devices=shapes.args)
    check_all(vm, shapes)


def test_blocks_registers_and_sizes(boot, tmp_path):
    """Block sizes, odd sizes, other ids, registers elsewhere, memory of the controller."""
    shapes = Shapes(tmp_path)
    shapes.add(block=4096)
    shapes.add("mdts=1", block=4096)
    shapes.add(size=511)
    shapes.add(size=MIB + 300)
    shapes.add(size=3 * MIB + 512 * 7)
    shapes.add(size=MIB + 512, block=4096)
    shapes.add("use-intel-id=on")
    shapes.add("msix-exclusive-bar=on")
    shapes.add("cmb_size_mb=1")
    shapes.add("cmb_size_mb=64,legacy-cmb=on")
    shapes.add("pmrdev=pm")
    pmr = ["-object", "memory-backend-ram,id=pm,size=16M"]
    vm = boot(cpus=2, memory_mib=512, devices=pmr + shapes.args)
    check_all(vm, shapes)


def test_read_only_backend(boot, tmp_path):
    """Reads; writes are refused by the drive, in its words, and change nothing."""
    shapes = Shapes(tmp_path)
    shapes.add(backend=",readonly=on")
    vm = boot(devices=shapes.args, expect_trace=["pci_nvme_err_req_status", "pci_nvme_err_aio"])
    (_, path, _, _), = shapes.drives
    before = path.read_bytes()
    vm.cmd("arm nvme0n1 SH0")
    output = vm.cmd("write nvme0n1 0 8 --pattern=0x00")
    assert "error: nvme0n1: Write within LBA 0 to 7 failed: Write Fault (sct 2, sc 80h)" in output
    assert "write: nvme0n1: writing LBA 0 to 7 failed" in output
    assert vm.crc("nvme0n1") == f"{zlib.crc32(before):08x}"
    assert path.read_bytes() == before


def test_zoned_namespace_beside_a_plain_one(boot, image):
    """A namespace of another command set is no disk; the plain one is, and the machine boots."""
    disk = image(64, "zoned.img")
    zoned = ["-device", "nvme,id=zc,serial=ZON1",
             "-drive", f"if=none,id=z1,format=raw,file={disk}",
             "-device", "nvme-ns,bus=zc,drive=z1,nsid=1,zoned=on,zoned.zone_size=4M,"
                        "zoned.zone_capacity=3M,zoned.max_open=4",
             "-drive", f"if=none,id=z2,format=raw,file={image(16, 'plain.img')}",
             "-device", "nvme-ns,bus=zc,drive=z2,nsid=2"]
    vm = boot(devices=zoned, expect_trace=["pci_nvme_err_req_status"])
    assert "ZON1" in vm.cmd("list")
    assert vm.crc("nvme0n2 0 1") == "b2aa7578"
    output = vm.cmd("write nvme0n1 0 8 --pattern=0xff")
    assert output.startswith("write:") and "wrote" not in output, output
    assert not any(disk.read_bytes())


@pytest.mark.parametrize("nsids", [(1, 7, 256), tuple(range(1, 257))], ids=["sparse", "all"])
def test_namespaces_to_the_last(boot, tmp_path, nsids):
    """The first, some and the last of 256 namespaces, each with data of its own."""
    args = ["-device", "nvme,id=ctrl,serial=MANY"]
    for nsid in nsids:
        path = tmp_path / f"ns{nsid}.img"
        path.write_bytes(random_bytes(nsid, 8192))
        args += ["-drive", f"if=none,id=d{nsid},format=raw,file={path}",
                 "-device", f"nvme-ns,bus=ctrl,drive=d{nsid},nsid={nsid}"]
    vm = boot(devices=args, timeout=120)
    for nsid in (1, 7, 255, 256):
        if nsid in nsids:
            assert vm.crc(f"nvme0n{nsid}") == f"{zlib.crc32(random_bytes(nsid, 8192)):08x}"
    listed = vm.cmd("lsblk", 60)
    assert all(f"nvme0n{nsid} " in listed for nsid in nsids)


def test_two_controllers_of_one_subsystem(boot, image):
    """What is written through one is read through the other; a private namespace stays private, a
    detached one is none until it is attached."""
    shared, private, detached = (image(16, name) for name in ("shared", "private", "detached"))
    args = ["-device", "nvme-subsys,id=sub,nqn=sub"]
    for number in range(2):
        args += ["-device", f"nvme,id=c{number},serial=TWO,subsys=sub"]
    for nsid, (path, options) in enumerate(((shared, ",shared=on"), (private, ",shared=off"),
                                            (detached, ",detached=on")), 1):
        args += ["-drive", f"if=none,id=d{nsid},format=raw,file={path}",
                 "-device", f"nvme-ns,bus=c0,drive=d{nsid},nsid={nsid}{options}"]
    vm = boot(devices=args)
    listed = vm.cmd("lsblk")
    assert "nvme0n1 " in listed and "nvme1n1 " in listed
    assert "nvme0n2 " in listed and "nvme1n2 " not in listed
    assert "nvme0n3 " not in listed and "nvme1n3 " not in listed
    vm.cmd("arm nvme0n1 TWO")
    vm.cmd("write nvme0n1 100 64 --pattern=0xc3")
    assert vm.crc("nvme1n1 100 64") == f"{zlib.crc32(bytes([0xc3]) * 32768):08x}"
    assert "arm nvme1n1" in vm.cmd("write nvme1n1 0 1 --pattern=0x00")
    assert "Success" in vm.cmd("nvme attach-ns nvme1 -n 3 -c 1 --serial=TWO")
    assert "nvme1n3 " in vm.cmd("lsblk")
    assert vm.crc("nvme1n3 0 1") == "b2aa7578"


@pytest.mark.parametrize("block", [512, 4096])
def test_rings_wrap_many_times(boot, image, block):
    """More than twenty times around rings of all lengths, polled and by interrupts, with commands
    of mixed sizes; verified by the guest and, at the end, by fio in the image."""
    disk = image(16)
    vm = boot(devices=nvme(disk, block_bytes=block))
    for entries, wait in ((2, "poll"), (3, "irq"), (4, "poll"), (7, "poll"), (17, "irq"),
                          (64, "poll")):
        assert "queue pairs" in vm.cmd(f"nvme queues nvme0 --entries={entries}")
        vm.cmd("arm nvme0n1 S1")
        output = vm.cmd(f"bench --filename=nvme0n1 --rw=randwrite --bs=4k --size=8m --iodepth="
                        f"{entries - 1} --verify=crc32c --wait={wait}", 120)
        assert "total=2048,2048,0,0" in output and "are wrong" not in output, output
    vm.cmd("nvme queues nvme0 --entries=64")
    output = vm.cmd("bench --filename=nvme0n1 --rw=randrw --bsrange=4k-1m --offset=8m --size=8m "
                    "--iodepth=16", 120)
    assert "err= 0" in output, output
    vm.send("poweroff\r")
    vm.wait_end()
    assert fio_is_content(disk, "--rw=read --bs=4k --verify=crc32c")
