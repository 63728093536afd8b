"""Formatting, erasing and attaching namespaces under QEMU, looked at from outside; and that nothing
of it happens by accident."""
import json
import re

import pytest

from test_disk import digest, put, random_bytes
from vm import nvme

# Admin commands that change a drive: namespaces, firmware, Format NVM, Sanitize. Set Features is
# sent by the driver itself when it attaches.
DANGEROUS = {0x0d, 0x10, 0x11, 0x15, 0x80, 0x84}


def admin_opcodes(vm):
    """Opcodes of the admin commands that QEMU has traced."""
    text = vm.trace_log.read_text()
    return [int(word, 16) for word in re.findall(r"pci_nvme_admin_cmd .*?opc 0x([0-9a-f]+)", text)]


def test_format_changes_the_block_size(boot, image):
    """512 to 4096 and back; the data is gone in the image file."""
    disk = image()
    data = random_bytes(1, 65536)
    put(disk, 1 << 20, data)
    vm = boot(devices=nvme(disk, "FMT1"))
    assert "512 bytes" in vm.cmd("lbaf nvme0n1")
    assert "not armed" in vm.cmd("lbaf nvme0n1 --set=4096")
    assert data == disk.read_bytes()[1 << 20:(1 << 20) + len(data)]
    assert "has LBA format" in vm.cmd("lbaf nvme0n1 --set=4096 --serial=FMT1")
    assert re.search(r"nvme0n1 +64 MiB +4096", vm.cmd("lsblk"))
    assert data not in disk.read_bytes()
    vm.cmd("arm nvme0n1 FMT1")
    vm.cmd("write nvme0n1 3 1 --pattern=0xa5")
    assert disk.read_bytes()[3 * 4096:4 * 4096] == b"\xa5" * 4096
    assert "Success" in vm.cmd("nvme format nvme0 -b 512 --serial=FMT1")
    assert re.search(r"nvme0n1 +64 MiB +512", vm.cmd("lsblk"))
    assert b"\xa5" not in disk.read_bytes()


@pytest.mark.smoke
def test_erase_prints_a_certificate(boot, image):
    """A disk with data is blank in the image file afterwards, and the JSON says so."""
    disk = image()
    put(disk, 0, random_bytes(2, 1 << 20))
    put(disk, (64 << 20) - 512, random_bytes(3, 512))
    vm = boot(devices=nvme(disk, "ERA1"))
    output = vm.cmd("erase nvme0n1 --verify=full --serial=ERA1", timeout=120)
    assert "Result                          : ERASED" in output
    body = output.split("-----BEGIN ERASE CERTIFICATE JSON-----")[1].split("-----END")[0]
    certificate = json.loads(body)
    assert certificate["result"] == "erased" and certificate["serial"] == "ERA1"
    assert certificate["verification"][0]["blocks_read"] == 131072
    assert "Standard PC" in certificate["machine_product"]
    assert disk.read_bytes() == bytes(64 << 20)


def test_zeroes_reach_the_last_block(boot, image):
    """The method of last resort, on 4 KiB blocks."""
    disk = image(8)
    put(disk, 0, b"\x11" * (8 << 20))
    vm = boot(devices=nvme(disk, "ZER1", block_bytes=4096))
    output = vm.cmd("erase nvme0n1 --method=zeroes --serial=ZER1", timeout=120)
    assert "ERASED" in output
    assert disk.read_bytes() == bytes(8 << 20)


def test_namespaces_are_detached_and_attached(boot, image):
    """QEMU knows Namespace Attachment, and not Namespace Management although it says so."""
    vm = boot(devices=["-device", "nvme-subsys,id=subsys0", "-device",
                       "nvme,serial=NSM1,subsys=subsys0",
                       "-drive", f"if=none,id=a,format=raw,file={image(64, 'a.img')}",
                       "-device", "nvme-ns,drive=a,nsid=1",
                       "-drive", f"if=none,id=b,format=raw,file={image(32, 'b.img')}",
                       "-device", "nvme-ns,drive=b,nsid=2"],
              expect_trace=["pci_nvme_err_invalid_admin_opc", "pci_nvme_err_req_status"])
    assert "nvme0n2" in vm.cmd("lsblk")
    assert "Success" in vm.cmd("nvme detach-ns nvme0 -n 2 --serial=NSM1")
    assert "nvme0n2" not in vm.cmd("lsblk")
    assert "Success" in vm.cmd("nvme attach-ns nvme0 -n 2 --serial=NSM1")
    assert re.search(r"nvme0n2 +32 MiB", vm.cmd("lsblk"))
    assert "Invalid Command Opcode" in vm.cmd("nvme delete-ns nvme0 -n 2 --serial=NSM1")


def test_what_qemu_does_not_offer(vm):
    """Refused before it is sent, naming the field."""
    assert "SANICAP bit 1" in vm.cmd("nvme sanitize nvme0 -a 2 --serial=S1")
    assert "OACS bit 2" in vm.cmd("nvme fw-commit nvme0 -s 1 -a 2 --serial=S1")
    assert "OACS bit 4" in vm.cmd("nvme device-self-test nvme0 -s 1")


@pytest.mark.smoke
def test_no_accident(boot, image, tmp_path):
    """What is not armed stays as it is: the image, and the commands that QEMU has seen."""
    disks = [image(64, "one.img"), image(64, "two.img")]
    for seed, disk in enumerate(disks):
        put(disk, 0, random_bytes(seed, 1 << 20))
    before = [digest(disk) for disk in disks]
    vm = boot(devices=nvme(disks[0], "ACC1", "one") + nvme(disks[1], "ACC2", "two"),
              extra=["-trace", f"enable=pci_nvme_admin_cmd,file={tmp_path}/vm0/trace.log"],
              expect_trace=["pci_nvme_err_req_status"])  # Identify of all, by create-ns
    vm.cmd("arm nvme1 ACC2")
    for line in ("erase nvme0n1", "erase nvme0n1 --method=zeroes", "erase nvme0",
                 "lbaf nvme0n1 --set=4096", "nvme format nvme0n1 -s 1", "nvme format nvme0",
                 "nvme attach-ns nvme0 -n 1", "nvme detach-ns nvme0 -n 1", "nvme delete-ns nvme0n1",
                 "nvme create-ns nvme0 -s 8192", "write nvme0n1 0 1 --pattern=0xff"):
        for option in ("", " --serial=ACC2", " --serial=ACC", " --serial=acc1"):
            output = vm.cmd(line + option)
            assert ": " in output and "Success" not in output and "ERASED" not in output
    vm.stop()
    assert [digest(disk) for disk in disks] == before
    seen = admin_opcodes(vm)
    assert 0x06 in seen and not DANGEROUS & set(seen)
