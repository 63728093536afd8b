"""Controllers that are pulled out, asked to leave, and added while the machine runs: on i440fx, on
q35 with ACPI hot plug, and on q35 with native hot plug of its ports."""
import contextlib
import re
import time
import zlib

import pytest

from test_disk import put, random_bytes
from vm import GuestError

FILE_MIB = 8
KINDS = ("i440fx", "q35-acpi", "q35-native")
PORTS = ("-device", "pcie-root-port,id=rp0,chassis=1,slot=1,addr=3",
         "-device", "pcie-root-port,id=rp1,chassis=2,slot=2,addr=4")
SLOT_OFF = 0x0700  # power and its indicator, in Slot Control
PCIE_CAP = 0x10
# A drive slow enough that a file read lasts.
THROTTLE = ("-object", '{"qom-type":"throttle-group","id":"tg","limits":{"bps-total":2097152}}')


@contextlib.contextmanager
def stopped(vm):
    """The guest's CPUs stand still: two accesses that belong together are not torn apart."""
    vm.qmp("stop")
    yield
    vm.qmp("cont")


class Machine:
    """One of the three kinds; drives 0 and 1 are nvme0 and nvme1 at the start."""

    def __init__(self, kind, boot):
        self.kind, self.boot_guest = kind, boot
        self.vm = None

    def place(self, index):
        """Where drive index sits, as options of its device."""
        return f"addr={5 + index}" if self.kind == "i440fx" else f"bus=rp{index}"

    def boot(self, images, **options):
        """Boots with a drive for each image, serial numbers A and B. Nodes are diskA and diskB."""
        extra, devices = [], [] if self.kind == "i440fx" else list(PORTS)
        if self.kind == "q35-native":
            extra = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"]
        for index, (path, slow) in enumerate(images):
            name = "AB"[index]
            devices += ["-blockdev", f"driver=file,filename={path},node-name=file{name}"]
            below = f"file{name}"
            if slow:
                devices += [*THROTTLE, "-blockdev", f"driver=throttle,throttle-group=tg,"
                            f"file={below},node-name=slow{name}"]
                below = f"slow{name}"
            devices += ["-blockdev", f"driver=raw,file={below},node-name=disk{name}",
                        "-device",
                        f"nvme,serial={name},drive=disk{name},id=c{name},{self.place(index)}"]
        self.vm = self.boot_guest(machine="pc" if self.kind == "i440fx" else "q35",
                                  devices=devices + extra, qtest=True, **options)
        return self.vm

    def pull(self, index):
        """Takes drive index away without a word to the guest. QEMU 7.2 may crash when it still has
        requests of the device's under way, so it is stopped meanwhile, which ends these."""
        with stopped(self.vm):
            self._pull(index)
        self.wait_gone(index, 5)

    def _pull(self, index):
        qtest = self.vm.qtest
        if self.kind == "i440fx":
            qtest.port_out(0xae10, 0)
            qtest.port_out(0xae08, 1 << (5 + index))
        elif self.kind == "q35-acpi":
            qtest.port_out(0xcd0, 1 - index)  # QEMU numbers the youngest bus first
            qtest.port_out(0xcc8, 1)
        else:
            cap = qtest.config_load(0, 3 + index, 0x34, 1)
            while qtest.config_load(0, 3 + index, cap, 1) != PCIE_CAP:
                cap = qtest.config_load(0, 3 + index, cap + 1, 1)
            control = qtest.config_load(0, 3 + index, cap + 0x18, 2)
            qtest.config_store(0, 3 + index, cap + 0x18, control | SLOT_OFF, 2)

    def is_there(self, index):
        """QEMU has the device of drive index."""
        name = "c" + "AB"[index]
        return any(name in (d["qdev_id"], *(e["qdev_id"] for e in
                                            d.get("pci_bridge", {}).get("devices", [])))
                   for b in self.vm.qmp("query-pci") for d in b["devices"])

    def ask(self, index):
        """Asks for the removal of drive index."""
        self.vm.qmp("device_del", id="c" + "AB"[index])

    def wait_gone(self, index, timeout=20):
        """Waits until QEMU has removed the device."""
        deadline = time.monotonic() + timeout
        while self.is_there(index):
            assert time.monotonic() < deadline, self.vm.serial_text()[-2000:]
            time.sleep(0.1)

    def add(self, index, serial, options=None):
        """Adds a drive in the place of drive index, on its storage."""
        name = "AB"[index]
        where = dict([self.place(index).split("=")])
        deadline = time.monotonic() + 10
        while True:
            try:
                self.vm.qmp("device_add", {"driver": "nvme", "id": f"c{name}", "serial": serial,
                                           "drive": f"disk{name}", **where, **(options or {})})
                return
            except GuestError:  # the old one has not let go of its storage yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


@pytest.fixture(name="machine", params=KINDS)
def fixture_machine(request, boot):
    """Each kind of machine."""
    return Machine(request.param, boot)


def cmd(vm, line, timeout=30):
    """As vm.cmd(), for a prompt that has been shown again after messages."""
    vm.send(line + "\r")
    vm.expect(re.escape(line) + r"(?=\r*\n)")
    return vm.wait_prompt(timeout)


def crc(vm, what):
    """As vm.crc(), likewise."""
    return cmd(vm, "crc32 " + what).split()[0]


def lent_kib(vm):
    """Memory that is lent to devices."""
    line = next(row for row in cmd(vm, "mem").splitlines() if row.startswith("devices"))
    number, unit = line.split()[1:3]
    return float(number) * {"B": 1 / 1024, "KiB": 1, "MiB": 1024}[unit]


def test_pulled_out_and_back(machine, image):
    """An idle drive vanishes: one line, its disks go, its memory comes back, the other drive knows
    nothing of it. Back in, it has its name; another one in its place has a new name."""
    data = [random_bytes(seed, 1 << 16) for seed in (1, 2)]
    images = [image(16, f"{name}.img") for name in "ab"]
    for path, content in zip(images, data):
        put(path, 0, content)
    vm = machine.boot([(path, False) for path in images])
    lent = lent_kib(vm)
    cmd(vm, "arm nvme0n1 A")
    cmd(vm, "cd nvme0n1:/")
    machine.pull(0)
    vm.expect("nvme0: removed: QEMU NVMe Ctrl, serial A, is gone without having been shut", 10)
    output = cmd(vm, "lsblk")
    assert "nvme0" not in output and "nvme1n1" in output
    assert "no disk called 'nvme0n1'" in cmd(vm, "read nvme0n1 0 1")
    assert "no disk called 'nvme0n1'" in cmd(vm, "hexdump nvme0n1: 0 512")
    assert lent_kib(vm) < lent * 0.6
    assert crc(vm, "nvme1n1 0 128") == f"{zlib.crc32(data[1]):08x}"
    assert vm.serial_text().count("removed:") == 1

    machine.add(0, "A")
    vm.expect("nvme0: added: QEMU NVMe Ctrl, serial A, at [0-9a-f:.]+: 1 disk", 10)
    assert crc(vm, "nvme0n1 0 128") == f"{zlib.crc32(data[0]):08x}"
    assert "arm nvme0n1" in cmd(vm, "write nvme0n1 0 1 --pattern=0xff")
    assert abs(lent_kib(vm) - lent) < 64
    machine.pull(0)
    vm.expect("nvme0: removed:", 10)
    machine.add(0, "OTHER")
    vm.expect("nvme2: added: QEMU NVMe Ctrl, serial OTHER", 10)
    assert crc(vm, "nvme2n1 0 128") == f"{zlib.crc32(data[0]):08x}"
    assert "no controller called 'nvme0'" in cmd(vm, "nvme id-ctrl nvme0")
    assert crc(vm, "nvme1n1 0 128") == f"{zlib.crc32(data[1]):08x}"


def big_file():
    """The name and contents of a file that lasts on a slow drive."""
    return {"/big.bin": random_bytes(7, FILE_MIB << 20)}


def test_pulled_out_while_busy(machine, image, fat_disk):
    """In a benchmark, and in the middle of a file: an error, once, and the prompt is back."""
    vm = machine.boot([(image(64), False), (fat_disk(big_file()), True)])
    vm.send("bench filename=nvme0n1 rw=randread bs=4k iodepth=32 runtime=60 time_based\r")
    vm.expect("Starting 1 thread")
    time.sleep(1)
    machine.pull(0)
    output = vm.wait_prompt(15)
    assert output.count("a job ended with an error") == 1
    assert "in service again" not in output
    assert "nvme0" not in cmd(vm, "list")
    assert vm.serial_text().count("nvme0: removed:") == 1

    vm.send("crc32 nvme1n1p1:/big.bin\r")
    vm.expect("big.bin")
    time.sleep(1)
    machine.pull(1)
    output = vm.wait_prompt(15)
    assert output.count("crc32: ") == 1, output
    assert "No NVMe controller was found" in cmd(vm, "list")
    assert "no disk called 'nvme1n1p1'" in cmd(vm, "ls nvme1n1p1:/")
    assert vm.serial_text().count("nvme1: removed:") == 1
    assert lent_kib(vm) == 0


def test_asked_to_leave(machine, image, fat_disk):
    """Idle: an orderly shutdown, then the device is gone. During a benchmark or a file read that is
    said, and done at their end."""
    vm = machine.boot([(image(64), False), (fat_disk(big_file()), True)])
    said = "removal is asked for|its button was pressed"
    machine.ask(0)
    machine.wait_gone(0)
    vm.expect("nvme0: removed: QEMU NVMe Ctrl, serial A, was shut down in order", 10)
    assert vm.trace().count("pci_nvme_mmio_shutdown_set") == 1
    machine.add(0, "A")
    vm.expect("nvme0: added:", 10)

    vm.send("bench filename=nvme0n1 rw=randread bs=4k iodepth=32 runtime=60 time_based\r")
    vm.expect("Starting 1 thread")
    machine.ask(0)
    vm.expect(said, 10)
    time.sleep(1)
    assert machine.is_there(0)
    vm.send("\x03")
    assert "err= 0" in vm.wait_prompt(10)
    machine.wait_gone(0)
    vm.expect("nvme0: removed: .*was shut down in order", 10)

    vm.send("crc32 nvme1n1p1:/big.bin\r")
    vm.expect("big.bin")
    machine.ask(1)
    vm.expect(said, 10)
    time.sleep(1)
    assert machine.is_there(1)
    assert f"{zlib.crc32(big_file()['/big.bin']):08x}" in vm.wait_prompt(60)
    machine.wait_gone(1)
    vm.expect("nvme1: removed: .*was shut down in order", 10)
    assert lent_kib(vm) == 0
    assert vm.trace().count("pci_nvme_mmio_shutdown_set") == 3


@pytest.mark.smoke
def test_eject(machine, image):
    """`eject` shuts the drive down and has the slot switched off."""
    vm = machine.boot([(image(16, f"{name}.img"), False) for name in "ab"])
    assert "nvme1 is out of service; its slot is switched off" in cmd(vm, "eject nvme1")
    machine.wait_gone(1, 5)
    assert vm.trace().count("pci_nvme_mmio_shutdown_set") == 1
    assert "nvme1" not in cmd(vm, "list")
    machine.add(1, "NEW")
    vm.expect("nvme2: added:", 10)
    assert len(crc(vm, "nvme2n1 0 1")) == 8


def test_eject_without_a_switch(boot, image):
    """Where no slot can be switched off the drive stays, and comes back when that is asked for."""
    machine = Machine("i440fx", boot)
    vm = machine.boot([(image(16), False)],
                      extra=["-global", "PIIX4_PM.acpi-root-pci-hotplug=off"])
    assert "its slot cannot be switched off" in cmd(vm, "eject nvme0")
    time.sleep(2)
    assert "No NVMe controller" in cmd(vm, "list")
    assert "1 controller was added" in cmd(vm, "rescan")
    assert len(crc(vm, "nvme0n1 0 1")) == 8


def test_no_room(boot, image):
    """A memory BAR that no window has room for: named, and nothing else happens."""
    machine = Machine("q35-native", boot)
    vm = machine.boot([(image(16, f"{name}.img"), False) for name in "ab"])
    machine.pull(0)
    vm.expect("nvme0: removed:", 10)
    machine.add(0, "CMB", {"cmb_size_mb": 64})
    vm.expect("no room for the 65536 KiB of BAR2 in the windows of the bridge above", 10)
    assert "CMB" not in cmd(vm, "list")
    assert len(crc(vm, "nvme1n1 0 1")) == 8


def test_added_under_uefi(boot, image):
    """The windows that OVMF gives are other ones, and may lie high."""
    machine = Machine("q35-native", boot)
    disk = image(16, "a.img")
    data = random_bytes(3, 1 << 16)
    put(disk, 0, data)
    vm = machine.boot([(disk, False)], firmware="efi", timeout=90)
    machine.ask(0)
    machine.wait_gone(0)
    vm.expect("nvme0: removed:", 10)
    machine.add(0, "A")
    vm.expect("nvme0: added:", 10)
    assert crc(vm, "nvme0n1 0 128") == f"{zlib.crc32(data):08x}"


def test_memory_decoding_lost(boot, image):
    """Somebody clears the memory space bit: the registers are silent, the device is there. The
    driver puts the configuration back, with a benchmark running and without."""
    machine = Machine("i440fx", boot)
    disk = image(64, "a.img")
    data = random_bytes(4, 1 << 16)
    put(disk, 0, data)
    vm = machine.boot([(disk, False)])
    with stopped(vm):
        command = vm.qtest.config_load(0, 5, 4, 2)
        vm.qtest.config_store(0, 5, 4, command & ~2, 2)
    cmd(vm, "crc32 nvme0n1 0 128", 40)
    assert crc(vm, "nvme0n1 0 128") == f"{zlib.crc32(data):08x}"
    assert "nvme0: in service again" in cmd(vm, "dmesg")
    with stopped(vm):
        assert vm.qtest.config_load(0, 5, 4, 2) == command

    vm.send("bench filename=nvme0n1 rw=randread bs=4k iodepth=32 runtime=60 time_based\r")
    vm.expect("Starting 1 thread")
    time.sleep(0.5)
    with stopped(vm):
        vm.qtest.config_store(0, 5, 4, command & ~2, 2)
    assert "nvme0 failed during the run, was reset, and is in service again" in vm.wait_prompt(20)
    assert crc(vm, "nvme0n1 0 128") == f"{zlib.crc32(data):08x}"
    assert "removed" not in vm.serial_text()
