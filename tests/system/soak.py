"""tests/system/soak.py - random I/O with random faults for as long as asked, on two drives; at the
end each block of both images is compared with what Python remembers.

soak.py [--minutes N] [--seed S]: the seed is printed, and with it the same commands and faults come
again, though not at the same instants."""
import argparse
import collections
import pathlib
import random
import re
import shutil
import struct
import sys
import tempfile
import time
import zlib

from faults import CC, PCI_COMMAND, Drive
from vm import Vm

BLOCK = 512
BLOCKS = 24 << 11       # what is written at random and remembered
BENCH_BLOCKS = 8 << 11  # behind it; a benchmark writes and verifies there
RESETS_MAX = 4          # in a minute of the guest: a driver may give up a drive that needs more
EXPECTED = ["pci_nvme_err_aio", "pci_nvme_err_req_status", "pci_nvme_err_addr_read",
            "pci_nvme_err_addr_write", "pci_nvme_err_cfs", "pci_nvme_ub_db_wr_invalid_sq",
            "pci_nvme_ub_db_wr_invalid_cq"]


class Media:
    """What the blocks of a drive may hold. A write fills each of its blocks with its own number, so
    that a block in the wrong place shows; 0 is a block of zeros."""

    def __init__(self):
        self.known = [{0} for _ in range(BLOCKS)]

    def wrote(self, lba, numbers, sure):
        """A write of these numbers was tried; sure: it has succeeded."""
        for i, number in enumerate(numbers):
            self.known[lba + i] = {number} if sure else self.known[lba + i] | {number}

    def copied(self, source, lba, count, sure):
        """The same for blocks whose number may not be known."""
        for i in range(count):
            new = self.known[source + i]
            self.known[lba + i] = set(new) if sure else self.known[lba + i] | new

    def crc(self, lba, count):
        """The checksum of a range, or None if it could have several."""
        if any(len(numbers) > 1 for numbers in self.known[lba:lba + count]):
            return None
        return zlib.crc32(b"".join(block_of(*n) for n in self.known[lba:lba + count]))

    def wrong_blocks(self, path):
        """Blocks of the image that hold what was never written there."""
        data = path.read_bytes()
        return [lba for lba, numbers in enumerate(self.known)
                if data[lba * BLOCK:(lba + 1) * BLOCK] not in {block_of(n) for n in numbers}]


def block_of(number):
    """The block that a write with this number leaves."""
    return struct.pack(">I", number) * (BLOCK // 4)


class Soak:
    """One run."""

    # pylint: disable=too-many-instance-attributes
    def __init__(self, work, seed):
        self.random = random.Random(seed)
        self.counts = collections.Counter()
        self.drives, self.media, self.writes, self.lines = [], [], 0, []
        for number in range(2):
            path = pathlib.Path(work) / f"soak{number}.img"
            with open(path, "wb") as file:
                file.truncate((BLOCKS + BENCH_BLOCKS) * BLOCK)
            self.drives.append(Drive(path, f"SOAK{number}", slot=5 + number, throttled=True))
            self.media.append(Media())
        self.vm = Vm(pathlib.Path(work) / "vm", qtest=True, expect_trace=EXPECTED,
                     devices=self.drives[0].args + self.drives[1].args)

    def run(self, seconds):
        """Everything; raises an AssertionError or a GuestError when something is wrong."""
        with self.vm:
            self.vm.qmp("set-action", reboot="reset")
            self._booted()
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                self._turn()
            for number in range(2):
                self.vm.cmd(f"flush nvme{number}n1")
            self.vm.send("poweroff\r")
            self.vm.qmp("set-action", reboot="shutdown", shutdown="poweroff")
            self.vm.wait_end(30)
        for drive, media in zip(self.drives, self.media):
            wrong = media.wrong_blocks(drive.path)
            assert not wrong, f"{drive.serial}: blocks {wrong[:20]} hold what nobody wrote there"
        return dict(self.counts)

    def _booted(self):
        self.vm.wait_prompt(60)
        for number in range(2):
            self.vm.cmd(f"nvme timeouts nvme{number} --io=2000 --admin=3000 --resets=16")

    def _turn(self):
        """One command, often with a fault."""
        number = self.random.randrange(2)
        kind = self.random.choice(COMMANDS)
        fault = self.random.choice(FAULTS) if self.random.random() < 0.6 else None
        if fault in NEED_RESET and self._resets() >= RESETS_MAX:
            fault = None
        self.counts[kind.__name__.strip("_")] += 1
        line, finish = kind(self, number)
        self.lines.append(f"{line}   # {fault.__name__ if fault else '-'}")
        if fault:
            self.counts[fault.__name__.strip("_")] += 1
            output = fault(self, number, line)
        else:
            self.vm.send(line + "\r")
            output = self.vm.wait_prompt(90)
        assert "dead:" not in output and "Carillon has stopped" not in output, output
        assert "are wrong" not in output, output
        finish(output)

    def _resets(self):
        """Resets of either drive in the last minute of the guest."""
        text = self.vm.serial_text().rpartition("Type 'help'")[2]
        stamps = [float(s) for s in re.findall(r"^\[ *([\d.]+)\]", text, re.MULTILINE)]
        resets = [float(s) for s in re.findall(r"^\[ *([\d.]+)\] .*: reset number", text,
                                               re.MULTILINE)]
        return sum(s > max(stamps, default=0) - 60 for s in resets)

    # --- commands: the line, and what to do with what it prints -----------------------------------

    def _range(self, most):
        count = self.random.randint(1, most)
        return self.random.randrange(BLOCKS - count), count

    def _changing(self, number, line, done, blocks):
        """A line that arms the drive first, and the bookkeeping for a block range."""
        lba, numbers = blocks

        def finish(output):
            self.media[number].wrote(lba, numbers, done in output)
        return f"arm nvme{number}n1 SOAK{number}; {line}", finish

    def _write(self, number):
        lba, count = self._range(4096)
        self.writes += 1
        return self._changing(
            number, f"write nvme{number}n1 {lba} {count} --pattern=0x{self.writes:08x}",
            f"nvme{number}n1: wrote", (lba, [self.writes] * count))

    def _write_fua(self, number):
        lba, count = self._range(300)
        self.writes += 1
        return self._changing(
            number,
            f"nvme write nvme{number}n1 -s {lba} -c {count - 1} -f --pattern=0x{self.writes:08x}",
            "write: Success", (lba, [self.writes] * count))

    def _zeroes(self, number):
        lba, count = self._range(2000)
        return self._changing(number, f"nvme write-zeroes nvme{number}n1 -s {lba} -c {count - 1}",
                              "write-zeroes: Success", (lba, [0] * count))

    def _copy(self, number):
        source, count = self._range(200)
        lba = self.random.choice([n for n in (self.random.randrange(BLOCKS - count)
                                              for _ in range(9)) if abs(n - source) >= count])
        line = (f"arm nvme{number}n1 SOAK{number}; "
                f"nvme copy nvme{number}n1 -d {lba} -s {source} -b {count}")
        return line, lambda output: self.media[number].copied(source, lba, count,
                                                              "NVMe Copy: success" in output)

    def _check(self, number):
        lba, count = self._range(6000)
        expected = self.media[number].crc(lba, count)

        def finish(output):
            found = re.findall(r"^([0-9a-f]{8})  nvme", output, re.MULTILINE)
            assert not found or expected in (None, int(found[0], 16)), output
            assert found or "failed" in output or "prompt after" in output, output
        return f"crc32 nvme{number}n1 {lba} {count}", finish

    def _bench(self, number):
        rw = self.random.choice(["randread", "randwrite --verify=crc32c", "randrw"])
        line = (f"arm nvme{number}n1 SOAK{number}; bench --filename=nvme{number}n1 --rw={rw} "
                f"--bs=4k --offset={BLOCKS * BLOCK} --size={BENCH_BLOCKS * BLOCK} --eta=never "
                f"--iodepth={self.random.choice([1, 4, 32])} --number_ios=1500 "
                f"--wait={self.random.choice(['poll', 'irq'])}")
        return line, lambda output: None

    def _flush(self, number):
        return f"flush nvme{number}n1", lambda output: None

    # --- faults: each types the line, disturbs it, and returns what was printed -------------------

    def _during(self, line, disturb, after=None):
        self.vm.send(line + "\r")
        self.vm.watch(self.random.random() / 2)
        disturb()
        if after:
            self.vm.watch(after)
        return self.vm.wait_prompt(90)

    def _errors(self, number, line):
        """Requests of one kind fail, all or those of one sector (R1, R2)."""
        rule = {"iotype": self.random.choice(["read", "write", "write-zeroes"])}
        if self.random.random() < 0.7:
            rule["sector"] = self.random.randrange(BLOCKS)
        self.drives[number].errors(self.vm, rule)
        output = self._during(line, lambda: None)
        self.drives[number].heal(self.vm)
        return output

    def _hang(self, number, line):
        """One request takes half a second longer (R3)."""
        self.drives[number].hang(self.vm, "A", self.random.choice(["read_aio", "write_aio"]))
        output = self._during(line, lambda: self.drives[number].release(self.vm, "A"))
        return output

    def _standstill(self, number, line):
        """The drive answers once a second, for so long that it may be reset (R4)."""
        self.drives[number].throttle(self.vm, 1)
        self.vm.send(line + "\r")
        self.vm.watch(self.random.choice([1, 3, 5]))
        self.drives[number].throttle(self.vm, 0)
        return self.vm.wait_prompt(90)

    def _fatal(self, number, line):
        """The next fetch of a command gives CSTS.CFS (R6)."""
        return self._during(line, lambda: self.vm.qtest.config_store(
            0, 5 + number, PCI_COMMAND, 0x402, 2))

    def _no_registers(self, number, line):
        """The registers read zero."""
        return self._during(line, lambda: self.vm.qtest.config_store(
            0, 5 + number, PCI_COMMAND, 0x404, 2))

    def _disable(self, number, line):
        """CC.EN = 0 behind the driver's back (R7)."""
        drive = self.drives[number]
        return self._during(line, lambda: self.vm.qtest.store(drive.bar(self.vm) + CC, 0x460060))

    def _interrupts(self, number, line):
        """Lost ones, or ones without reason (R9)."""
        drive = self.drives[number]
        if self.random.random() < 0.5:
            return self._during(line, lambda: drive.mask_vector(self.vm, 1 + number))
        return self._during(line, lambda: drive.raise_vector(self.vm, 1 + number, 100))

    def _machine_reset(self, _, line):
        """The reset button (R11)."""
        self.vm.send(line + "\r")
        self.vm.watch(self.random.random() / 2)
        self.vm.qmp("system_reset")
        self.vm.expect("prompt after", 60)
        self._booted()
        return "prompt after"


# pylint: disable=protected-access
COMMANDS = [Soak._write, Soak._write, Soak._write_fua, Soak._zeroes, Soak._copy, Soak._check,
            Soak._check, Soak._bench, Soak._flush]
FAULTS = [Soak._errors, Soak._errors, Soak._hang, Soak._hang, Soak._interrupts, Soak._standstill,
          Soak._fatal, Soak._no_registers, Soak._disable, Soak._machine_reset]
NEED_RESET = (Soak._standstill, Soak._fatal, Soak._no_registers, Soak._disable)


def main():
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"soak: {args.minutes:g} min, SEED={seed}", flush=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="soak-"))
    soak = Soak(work, seed)
    try:
        counts = soak.run(args.minutes * 60)
    except Exception as error:  # pylint: disable=broad-except
        print("\n".join(soak.lines[-5:]), f"\nsoak: FAILED: {error}\nSEED={seed}; images and logs "
              f"are in {work}")
        return 1
    print("soak: passed,", ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
