"""tests/system/faults.py - drives whose storage is broken, slowed, hung or frozen while the guest
runs, and what else a test does to a controller from outside."""
import os
import pathlib
import re
import signal
import subprocess
import time

CC, CSTS = 0x14, 0x1c
PCI_COMMAND = 4
MSIX_TABLE = 0x2000  # in QEMU's BAR 0
MSIX_ENTRY_BYTES = 16


class Drive:
    """A controller with one namespace on a chain of block nodes: file, blkdebug without rules, raw.
    Names of nodes and devices are made from the serial number."""

    # pylint: disable=too-many-arguments
    def __init__(self, path, serial="S1", *, slot=None, options="", ns_options="", file=None,
                 above=None):
        """file: the node that has the data, as options of -blockdev (else the image at path);
        above: options of a filter node between it and blkdebug, without node-name and file."""
        self.path = pathlib.Path(path)
        self.serial, self.slot = serial, slot
        self.ctrl, self.ns = "ctrl" + serial, "ns" + serial
        self._count, self._bad = 0, None  # blkdebug nodes with rules: so many were made; the one
        self._file = f"file{serial}"
        below = "file" + serial
        nodes = [(file or f"driver=file,filename={path},discard=unmap") + f",node-name={below}"]
        if above:
            nodes.append(f"{above},file={below},node-name=filter{serial}")
            self._file = below = "filter" + serial
        nodes.append(f"driver=blkdebug,image={below},discard=unmap,node-name=debug{serial}")
        nodes.append(f"driver=raw,file=debug{serial},discard=unmap,node-name=disk{serial}")
        device = f"nvme,serial={serial},id={self.ctrl}"
        device += f",addr={slot}" if slot is not None else ""
        device += f",{options}" if options else ""
        namespace = f"nvme-ns,drive=disk{serial},nsid=1,bus={self.ctrl},id={self.ns}"
        namespace += f",{ns_options}" if ns_options else ""
        self.args = [word for node in nodes for word in ("-blockdev", node)]
        self.args += ["-device", device, "-device", namespace]

    # --- errors -----------------------------------------------------------------------------------

    def errors(self, vm, *rules):
        """From now on what a rule describes fails: dict(iotype="read", sector=80, once=False).
        A sector has 512 bytes; without one every request of the type fails."""
        before, self._bad = self._bad, f"bad{self._count}{self.serial}"
        self._count += 1
        inject = [{"event": "none", "errno": 5, "once": False, **rule} for rule in rules]
        vm.qmp("blockdev-add", {"driver": "blkdebug", "node-name": self._bad, "image": self._file,
                                "discard": "unmap", "inject-error": inject})
        self._reopen(vm, self._bad)
        if before:
            vm.qmp("blockdev-del", {"node-name": before})

    def heal(self, vm):
        """The end of all errors."""
        self._reopen(vm, "debug" + self.serial)
        vm.qmp("blockdev-del", {"node-name": self._bad})
        self._bad = None

    def _reopen(self, vm, file):
        vm.qmp("blockdev-reopen", options=[{"driver": "raw", "node-name": "disk" + self.serial,
                                            "file": file, "discard": "unmap"}])

    # --- requests that hang -----------------------------------------------------------------------

    def hang(self, vm, tag, event="read_aio"):
        """The next request that reaches the event (read_aio, write_aio, flush_to_disk) hangs.
        QEMU never comes back from a reset of the controller with a request that hangs so."""
        assert "error" not in vm.hmp(f'qemu-io -d {self.ns} "break {event} {tag}"').lower()

    def wait_hung(self, vm, tag, timeout=10):
        """Waits until a request hangs at it."""
        assert "error" not in vm.hmp(f'qemu-io -d {self.ns} "wait_break {tag}"').lower(), timeout

    def release(self, vm, tag):
        """Lets it go on."""
        assert "error" not in vm.hmp(f'qemu-io -d {self.ns} "resume {tag}"').lower()

    # --- the controller from outside --------------------------------------------------------------

    def bar(self, vm):
        """Where the guest has mapped the registers."""
        for bus in vm.qmp("query-pci"):
            for device in all_devices(bus):
                if device["qdev_id"] == self.ctrl:
                    return next(r["address"] for r in device["regions"] if r["type"] == "memory")
        raise AssertionError(f"{self.ctrl} is not on any bus")

    def register(self, vm, offset):
        """A register of 32 bits, read through the monitor, which needs no qtest channel."""
        return int(re.search(r": (0x\w+)", vm.hmp(f"xp /1xw {self.bar(vm) + offset:#x}"))[1], 16)

    def mask_vector(self, vm, vector, masked=True):
        """Interrupts of this vector are lost from now on; QEMU keeps them pending."""
        entry = self.bar(vm) + MSIX_TABLE + vector * MSIX_ENTRY_BYTES
        vm.qtest.store(entry + 12, int(masked))

    def raise_vector(self, vm, vector, times=1):
        """Interrupts that the controller has no reason for."""
        entry = self.bar(vm) + MSIX_TABLE + vector * MSIX_ENTRY_BYTES
        address, data = vm.qtest.load(entry), vm.qtest.load(entry + 8)
        for _ in range(times):
            vm.qtest.store(address, data)


def all_devices(bus):
    """The devices of query-pci on a bus and those behind it."""
    for device in bus["devices"]:
        yield device
        yield from all_devices(device.get("pci_bridge", {"devices": []}))


THROTTLE = ["-object", '{"qom-type":"throttle-group","id":"tg","limits":{"iops-total":0}}']
THROTTLED = "driver=throttle,throttle-group=tg"  # a Drive's above


def throttle(vm, iops):
    """So many requests a second; 0: no limit."""
    vm.qmp("qom-set", path="/objects/tg", property="limits", value={"iops-total": iops})


class Nbd:
    """A qemu-nbd that serves an image, to be stopped, continued and killed; a context manager."""

    def __init__(self, path, work):
        self.socket = pathlib.Path(work) / "nbd.sock"
        self.command = ["qemu-nbd", "-f", "raw", "-k", str(self.socket), "-x", "e", "-t",
                        "--discard=unmap", str(path)]
        self.file = f"driver=nbd,server.type=unix,server.path={self.socket},export=e," \
                    "reconnect-delay=0"
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command)  # pylint: disable=consider-using-with
        deadline = time.monotonic() + 10
        while not self.socket.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, "no qemu-nbd"
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.kill()

    def freeze(self):
        """It answers no more."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        """It answers what has waited, and goes on."""
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self):
        """The end of the storage."""
        self.process.kill()
        self.process.wait()
