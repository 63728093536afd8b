"""Controllers and namespaces where real machines have them."""
import zlib

import pytest

from vm import nvme


def namespaces(image, *nsids, **options):
    """One controller with these namespaces, each on an image of its own of nsid + 15 MiB."""
    args = ["-device", "nvme,id=ctrl,serial=MULTI"]
    for nsid in nsids:
        path = image(15 + nsid % 100, f"ns{nsid}.img")
        extra = options.get(f"ns{nsid}", "")
        args += ["-drive", f"if=none,id=d{nsid},format=raw,file={path}",
                 "-device", f"nvme-ns,bus=ctrl,drive=d{nsid},nsid={nsid}{extra}"]
    return args


def test_two_controllers(boot, image):
    """Both are listed, in PCI order, and both read."""
    vm = boot(devices=nvme(image(32, "a"), "AAA") + nvme(image(48, "b"), "BBB"))
    output = vm.cmd("list")
    assert output.index("AAA") < output.index("BBB")
    for disk in ("nvme0n1", "nvme1n1"):
        assert vm.crc(f"{disk} 0 1") == "b2aa7578"


@pytest.mark.smoke
def test_four_sparse_namespaces(boot, image):
    """Namespace identifiers may have gaps."""
    vm = boot(devices=namespaces(image, 1, 3, 7, 200))
    output = vm.cmd("list")
    for nsid in (1, 3, 7, 200):
        assert f"nvme0n{nsid} " in output
        assert vm.crc(f"nvme0n{nsid} 0 1") == "b2aa7578"
    assert "nvme0n2 " not in output
    listed = vm.cmd("nvme list-ns nvme0")
    assert "0xc8" in listed or "200" in listed


def test_mixed_block_sizes(boot, image):
    """512 and 4096 byte blocks beside each other on one controller."""
    vm = boot(devices=namespaces(image, 1, 2,
                                 ns2=",logical_block_size=4096,physical_block_size=4096"))
    assert vm.crc("nvme0n1 0 8") == vm.crc("nvme0n2 0 1") == "c71c0011"


def test_controller_without_namespace(boot):
    """A controller may have none."""
    vm = boot(devices=["-device", "nvme,serial=EMPTY"])
    assert "EMPTY" in vm.cmd("list")


ROOT_PORT = ["-device", "pcie-root-port,id=rp,chassis=1,slot=1"]
SWITCH = ROOT_PORT + ["-device", "x3130-upstream,bus=rp,id=up",
                      "-device", "xio3130-downstream,bus=up,id=down,chassis=2,slot=2"]
SECOND_ROOT = ["-device", "pxb-pcie,id=px,bus_nr=4,bus=pcie.0",
               "-device", "pcie-root-port,id=rp,bus=px,chassis=3,slot=3"]
PCIE_TO_PCI = ROOT_PORT + ["-device", "pcie-pci-bridge,id=br,bus=rp"]
PCI_BRIDGE = ["-device", "pci-bridge,id=br,chassis_nr=1"]


@pytest.mark.parametrize("machine, firmware, bridges, bus", [
    pytest.param("q35", "bios", ROOT_PORT, "rp", id="root-port"),
    pytest.param("q35", "efi", ROOT_PORT, "rp", id="root-port-efi"),
    pytest.param("q35", "bios", SWITCH, "down", id="switch"),
    pytest.param("q35", "bios", PCIE_TO_PCI, "br,addr=3", id="pcie-to-pci"),
    pytest.param("pc", "bios", PCI_BRIDGE, "br,addr=3", id="pci-bridge"),
    pytest.param("q35", "bios", SECOND_ROOT, "rp", id="second-root-bus"),
])
def test_behind_bridges(boot, image, machine, firmware, bridges, bus):
    """Behind a root port, a switch, bridges, and on a second root bus."""
    vm = boot(machine=machine, firmware=firmware, devices=bridges + nvme(image(), bus=bus))
    assert "S1" in vm.cmd("list")
    assert vm.crc("nvme0n1 0 1") == "b2aa7578"


def test_fewer_queues_than_cpus(boot, image):
    """One I/O queue pair for four CPUs: said, and it works."""
    vm = boot(cpus=4, devices=nvme(image(), options="max_ioqpairs=1"))
    output = vm.cmd("cpus")
    assert "1 I/O queue pair for 4 CPUs" in output
    bench = vm.cmd("bench --filename=nvme0n1 --rw=randread --number_ios=200 --size=1m", 60)
    assert "IOPS=" in bench


@pytest.mark.parametrize("vectors,answer", [(1, "no interrupt vectors"), (2, "IOPS=")])
def test_few_interrupt_vectors(boot, image, vectors, answer):
    """Fewer MSI-X vectors than queues: a job that sleeps goes to a CPU that can be woken."""
    vm = boot(cpus=4, devices=nvme(image(), options=f"msix_qsize={vectors}"))
    assert vm.crc("nvme0n1 0 1") == "b2aa7578"
    bench = "bench --filename=nvme0n1 --rw=read --size=1m --wait="
    assert "IOPS=" in vm.cmd(bench + "poll", 60)
    assert answer in vm.cmd(bench + "irq", 60)


def test_small_transfers(boot, image):
    """A controller that moves at most 8 KiB per command: longer reads are split."""
    disk = image()
    data = bytes(i * 7 % 251 for i in range(1 << 20))
    with open(disk, "r+b") as file:
        file.write(data)
    vm = boot(devices=nvme(disk, options="mdts=1"))
    assert vm.crc("nvme0n1 0 2048") == f"{zlib.crc32(data):08x}"


def test_iommu_present(boot, image):
    """An IOMMU that the firmware left off changes nothing."""
    vm = boot(machine="q35,kernel-irqchip=split",
              devices=["-device", "intel-iommu,intremap=on"] + nvme(image()))
    assert vm.crc("nvme0n1 0 1") == "b2aa7578"


def test_lspci(boot, image):
    """lspci shows bus, ids, class, BARs and the link."""
    vm = boot(devices=ROOT_PORT + nvme(image(), bus="rp"))
    output = vm.cmd("lspci")
    assert "1b36:0010" in output
    assert "GT/s" in output and "x1" in output


def test_broken_beside_good(boot, image):
    """A controller that cannot come up is named and skipped; the other works."""
    broken = ["-device", "nvme,serial=BAD,addr=0x10"]
    vm = boot(devices=nvme(image(), options="addr=0x8") + broken)
    assert vm.crc("nvme0n1 0 1") == "b2aa7578"
