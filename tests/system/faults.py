"""tests/system/faults.py - drives whose storage is broken, slowed, hung or frozen while the guest
runs, and what else a test does to a controller from outside."""
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import time
import zlib

from vm import Vm

CC, CSTS, AQA, ACQ = 0x14, 0x1c, 0x24, 0x30
PCI_COMMAND = 4
MSIX_TABLE = 0x2000  # in QEMU's BAR 0
MSIX_ENTRY_BYTES = 16
CHEAP = "discard=unmap,cache.no-flush=on"  # a flush need not reach the host's own disk


class Drive:
    """A controller with one namespace on a chain of block nodes: file, blkdebug without rules, raw.
    Names of nodes and devices are made from the serial number."""

    # pylint: disable=too-many-arguments
    def __init__(self, path, serial="S1", *, slot=None, options="", ns_options="", file=None,
                 throttled=False):
        """file: the node that has the data, as options of -blockdev (else the image at path);
        throttled: throttle() can be used, for which the last node of the chain is one more."""
        self.path = pathlib.Path(path)
        self.serial = serial
        self.ctrl, self.ns = "ctrl" + serial, "ns" + serial
        self._before = 0  # commands when a request was to hang
        self._count, self._bad = 0, None  # blkdebug nodes with rules: so many were made; the one
        nodes = [f"{file or f'driver=file,filename={path},{CHEAP}'},node-name=file{serial}",
                 f"driver=blkdebug,image=file{serial},discard=unmap,node-name=debug{serial}",
                 f"driver=raw,file=debug{serial},discard=unmap,node-name=raw{serial}"]
        top = "raw" + serial
        self.args = []
        if throttled:
            top = "top" + serial
            nodes.append(f"driver=throttle,throttle-group=limit{serial},file=raw{serial},"
                         f"discard=unmap,node-name={top}")
            self.args = ["-object", f"throttle-group,id=limit{serial}"]
        device = f"nvme,serial={serial},id={self.ctrl}"
        device += f",addr={slot}" if slot is not None else ""
        device += f",{options}" if options else ""
        namespace = f"nvme-ns,drive={top},nsid=1,bus={self.ctrl},id={self.ns}"
        namespace += f",{ns_options}" if ns_options else ""
        self.args += [word for node in nodes for word in ("-blockdev", node)]
        self.args += ["-device", device, "-device", namespace]

    # --- errors -----------------------------------------------------------------------------------

    def errors(self, vm, *rules):
        """From now on what a rule describes fails: dict(iotype="read", sector=80, once=False).
        A sector has 512 bytes; without one every request of the type fails."""
        before, self._bad = self._bad, f"bad{self._count}{self.serial}"
        self._count += 1
        inject = [{"event": "none", "errno": 5, "once": False, **rule} for rule in rules]
        vm.qmp("blockdev-add", {"driver": "blkdebug", "node-name": self._bad,
                                "image": "file" + self.serial, "discard": "unmap",
                                "inject-error": inject})
        self._reopen(vm, self._bad)
        if before:
            vm.qmp("blockdev-del", {"node-name": before})

    def heal(self, vm):
        """The end of all errors."""
        self._reopen(vm, "debug" + self.serial)
        vm.qmp("blockdev-del", {"node-name": self._bad})
        self._bad = None

    def _reopen(self, vm, file):
        vm.qmp("blockdev-reopen", options=[{"driver": "raw", "node-name": "raw" + self.serial,
                                            "file": file, "discard": "unmap"}])

    # --- requests that hang -----------------------------------------------------------------------

    def hang(self, vm, tag, event="read_aio"):
        """The next request that reaches the event (read_aio, write_aio, flush_to_disk) hangs.
        QEMU never comes back from a reset of the controller with a request that hangs so."""
        self._before = len(vm.trace_lines("pci_nvme_io_cmd"))
        assert "error" not in vm.hmp(f'qemu-io -d {self.ns} "break {event} {tag}"').lower()

    def wait_hung(self, vm):
        """Waits until a command has come since then, of a guest that traces pci_nvme_io_cmd: QEMU
        takes it as far as it goes before it answers a question. (Its own command to wait for a
        break ends never.)"""
        deadline = time.monotonic() + 20
        while len(vm.trace_lines("pci_nvme_io_cmd")) == self._before:
            assert time.monotonic() < deadline, "no command came"
            vm.watch(0.05)
        vm.qmp("query-status")

    def release(self, vm, tag):
        """Lets it go on; if none has come, none will hang."""
        assert "error" not in vm.hmp(f'qemu-io -d {self.ns} "remove_break {tag}"').lower()

    def throttle(self, vm, iops):
        """So many requests a second; 0: no limit."""
        vm.qmp("qom-set", path=f"/objects/limit{self.serial}", property="limits",
               value={"iops-total": iops})

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


class Nbd:
    """A qemu-nbd that serves an image, to be stopped, continued and killed; a context manager."""

    def __init__(self, work):
        self.socket = pathlib.Path(work) / "nbd.sock"
        self.file = f"driver=nbd,server.type=unix,server.path={self.socket},export=e," \
                    "reconnect-delay=0"
        self.process = None

    def __enter__(self):
        return self

    def serve(self, path):
        """Starts it."""
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(["qemu-nbd", "-f", "raw", "-k", str(self.socket), "-x", "e",
                                         "-t", "--discard=unmap", str(path)])
        deadline = time.monotonic() + 10
        while not self.socket.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, "no qemu-nbd"
            time.sleep(0.02)

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
        if self.process:
            self.process.kill()
            self.process.wait()


BENCH = "bench --filename=nvme0n1 --rw=randread --iodepth=16 --runtime=4 --time_based --eta=never"
FILE = "nvme0n1p1:/BIG.BIN"
FILE_BYTES = random.Random(31).randbytes(3 << 20)


class Rig:
    """A guest with a drive to break, nvme0 with a FAT32 volume, and one to leave alone, nvme1.
    Time-outs are 2 s for I/O and 3 s for admin commands."""

    def __init__(self, work, volume, *, bad_file=None, **options):
        """bad_file: an Nbd that is to serve the image of the first drive."""
        self.work = pathlib.Path(work)
        images = [self.work / "bad.img", self.work / "good.img"]
        shutil.copy(volume, images[0])
        if bad_file:
            bad_file.serve(images[0])
        images[1].write_bytes(random.Random(32).randbytes(4 << 20))
        self.bad = Drive(images[0], "BAD1", slot=5, throttled=True,
                         file=bad_file and bad_file.file)
        self.good = Drive(images[1], "GOOD1", slot=6)
        self.file_lba = images[0].read_bytes().index(FILE_BYTES[:512]) // 512
        self.vm = Vm(self.work / "vm", devices=self.bad.args + self.good.args,
                     qtest=True, **options)

    def __enter__(self):
        self.vm.start()
        self.vm.wait_prompt(60)
        self.vm.cmd("nvme timeouts nvme0 --io=2000 --admin=3000 --resets=16")
        return self

    def __exit__(self, kind, value, traceback):
        self.vm.__exit__(kind, value, traceback)

    def start(self, line, seconds=1.0):
        """Types a command that lasts, and lets it run so long."""
        self.vm.send(line + "\r")
        self.vm.watch(seconds)

    def check(self):
        """Both drives read as they should, at the prompt."""
        self.vm.cmd("")
        assert self.vm.crc(FILE) == f"{zlib.crc32(FILE_BYTES):08x}"
        assert self.vm.crc("nvme1n1") == f"{zlib.crc32(self.good.path.read_bytes()):08x}"

    def slow_file_read(self, fault, seconds=0.8):
        """Reads the file four requests a second and lets the fault happen meanwhile; what the
        command printed. The file's checksum is never a wrong one."""
        self.bad.throttle(self.vm, 4)
        self.start("crc32 " + FILE, seconds)
        fault()
        self.vm.watch(0.3)
        self.bad.throttle(self.vm, 0)
        output = self.vm.wait_prompt(60)
        sums = set(re.findall(r"^([0-9a-f]{8})  ", output, re.MULTILINE))
        assert sums <= {f"{zlib.crc32(FILE_BYTES):08x}"}, output
        assert sums or "failed" in output, output
        return output


class Ring:
    """A completion queue of a drive, in the guest's memory. The driver's: those of the firmware
    were made without interrupts."""

    def __init__(self, vm, drive, qid):
        self.vm, self.qid = vm, qid
        if qid == 0:
            bar = drive.bar(vm)
            self.address = vm.qtest.load(bar + ACQ, 8)
            self.entries = (vm.qtest.load(bar + AQA) >> 16) + 1
            return
        for line in vm.trace_lines("pci_nvme_create_cq"):
            if f"cqid={qid}," in line and "ien=1" in line:
                self.address = int(re.search(r"addr=(\w+)", line)[1], 16)
                self.entries = int(re.search(r"qsize=(\d+)", line)[1]) + 1
                return
        raise AssertionError(f"completion queue {qid} was never made")

    def forge(self, cid, *, status=0, sqid=None):
        """Puts a completion where the driver looks for the next one. QEMU does not know of it and
        writes its next one to the same place."""
        raw = self.vm.qtest.read(self.address, self.entries * 16)
        phases = [raw[i * 16 + 14] & 1 for i in range(self.entries)]
        head = next((i for i in range(1, self.entries) if phases[i] != phases[i - 1]), 0)
        entry = struct.pack("<IIHHHH", 0, 0, 0, self.qid if sqid is None else sqid, cid,
                            status << 1 | 1 - phases[head])
        # The phase last, as a controller would.
        self.vm.qtest.write(self.address + head * 16, entry[:12])
        self.vm.qtest.write(self.address + head * 16 + 12, entry[12:])
