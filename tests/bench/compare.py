#!/usr/bin/env python3
"""tests/bench/compare.py - Carillon beside Linux with fio, in the same virtual machine.

Boots four guests in turn on the same QEMU command line (one CPU, one NVMe disk that answers from
nowhere): Linux with fio, as it comes and at its best; Carillon; Carillon with shadow doorbells; and
a bare loop that only rings and reaps (bare_loop.c): what the emulated device can do at all.
Prints medians, ratios and whether the targets are reached. Absolute figures mean nothing: only the
ratios of one run, on an idle machine, do.
"""
import argparse
import pathlib
import re
import statistics
import sys
import typing

import guests

sys.path.insert(0, str(guests.ROOT / "tests"))

import peer  # noqa: E402  pylint: disable=wrong-import-position

FIO = ("fio --name=j --filename=/dev/nvme0n1 --direct=1 --ioengine=io_uring --eta=never "
       "--time_based --runtime={ms}ms {options}")
IOPS = re.compile(r"(?:read|write): IOPS=([\d.]+)([kM]?)")
DEPTHS = (1, 32, 128)
RANDOM, SEQUENTIAL, WRITE = "4 KiB random read", "128 KiB read", "4 KiB random write"
WORKLOADS = {RANDOM: "--rw=randread --bs=4k", SEQUENTIAL: "--rw=read --bs=128k",
             WRITE: "--rw=randwrite --bs=4k"}
PLAIN, BEST = "fio", "fio, best"
SHADOW, NO_LATENCIES = "poll, shadow doorbells", "poll, no latencies"


class Job(typing.NamedTuple):
    """One measurement of one guest."""
    name: str
    depth: int
    options: str = ""
    workload: str = RANDOM

    @property
    def key(self):
        """What its results are found by."""
        return self.name, self.workload, self.depth

    def line(self, cpus):
        """The options that fio and bench share, and its own."""
        clones = f"--numjobs={cpus} --group_reporting " if cpus > 1 else ""
        return f"{WORKLOADS[self.workload]} --iodepth={self.depth} {clones}{self.options}"


def best_fio(depth):
    """Options for the fastest I/O of Linux that was found: polled, nothing mapped or looked up for
    each I/O, several I/Os of one system call."""
    batch = max(1, min(depth // 2, 32))
    return ("--hipri --fixedbufs --registerfiles --nonvectored=1 "
            f"--iodepth_batch_submit={batch} --iodepth_batch_complete_max={batch}")


LINUX = [*(Job(PLAIN, depth) for depth in DEPTHS),
         *(Job(BEST, depth, best_fio(depth)) for depth in DEPTHS),
         Job(PLAIN, 32, workload=SEQUENTIAL), Job(PLAIN, 32, workload=WRITE)]
CARILLON = [*(Job(wait, depth, f"--wait={wait}")
              for wait in ("poll", "irq", "adaptive") for depth in DEPTHS),
            Job(NO_LATENCIES, 128, "--lat_accounting=0"),
            Job("poll", 32, workload=SEQUENTIAL), Job("poll", 32, workload=WRITE)]
SHADOWED = [Job(SHADOW, depth) for depth in DEPTHS]
# Workload, depth, completions gathered before ringing, pause before ringing (ns): what is best
# depends on the host, so a few are tried, and the best one of each depth is the limit.
LOOPS = [*((RANDOM, 1, 1, pause) for pause in (0, 800, 1600, 2400)),
         *((RANDOM, 32, batch, 0) for batch in (1, 16)),
         *((RANDOM, 128, batch, 0) for batch in (1, 64)),
         (SEQUENTIAL, 32, 1, 0)]
LOOP_BYTES = {RANDOM: 4096, SEQUENTIAL: 131072}


class Target(typing.NamedTuple):
    """What a figure of Carillon is to be: so many times another figure."""
    mine: tuple
    other: tuple
    ratio: float


def targets():
    """All targets that have a ratio of two figures."""
    for depth, plain, best in zip(DEPTHS, (17, 50, 75), (6.5, 4, 5.5)):
        yield Target(("poll", RANDOM, depth), (PLAIN, RANDOM, depth), plain)
        yield Target(("poll", RANDOM, depth), (BEST, RANDOM, depth), best)
    for depth, ratio in ((1, 3.5), (32, 15)):
        yield Target(("irq", RANDOM, depth), (PLAIN, RANDOM, depth), ratio)
    for workload in (SEQUENTIAL, WRITE):
        yield Target(("poll", workload, 32), (PLAIN, workload, 32), 25)
    for depth in DEPTHS:
        yield Target(("adaptive", RANDOM, depth), ("poll or irq", RANDOM, depth), 0.9)
    for depth in DEPTHS:
        yield Target(("poll", RANDOM, depth), ("bare loop", RANDOM, depth), 0.9)
    yield Target(("poll", SEQUENTIAL, 32), ("bare loop", SEQUENTIAL, 32), 0.9)
    yield Target(("poll", RANDOM, 128), (NO_LATENCIES, RANDOM, 128), 0.95)
    for depth in DEPTHS:
        yield Target((SHADOW, RANDOM, depth), ("poll", RANDOM, depth), None)


def figures(output, jobs, log):
    """The IOPS of each job."""
    values = [float(v) * {"": 1, "k": 1e3, "M": 1e6}[unit] for v, unit in IOPS.findall(output)]
    if len(values) != len(jobs):
        raise SystemExit(f"compare: {len(values)} results instead of {len(jobs)}; see {log}")
    return zip((job.key for job in jobs), values)


def fio_script(jobs, seconds, cpus):
    """What the peer is told to do."""
    return "\n".join(FIO.format(ms=round(seconds * 1000), options=job.line(cpus)) for job in jobs)


def bench_script(jobs, seconds, cpus):
    """What Carillon is told to do. The disk keeps nothing, so writing to it is no risk."""
    common = "bench --filename=nvme0n1 --eta=never --time_based"
    lines = [f"{common} --runtime={round(seconds * 1000)}ms {job.line(cpus)}" for job in jobs]
    return "; ".join(["arm nvme0n1 abc", *lines, "poweroff"])


class Comparison:
    """The guests, and what they have reached so far."""

    def __init__(self, options):
        self.options = options
        self.work = options.work.resolve()
        accel = peer.run(guests.ROOT / "tools/accel.sh", capture_output=True, text=True).stdout
        self.machine = guests.machine(accel.split(), options.cpus)
        self.limit_s = 120 + 20 * len(CARILLON) * options.seconds
        self.results = {}
        self.work.mkdir(parents=True, exist_ok=True)
        peer.run(guests.ROOT / "tools/deps.sh", *peer.PACKAGES)
        kernel = peer.fetch_kernel(self.work)
        self.linux = peer.boot_options(kernel, peer.make_initrd(
            self.work, fio_script(LINUX, options.seconds, options.cpus), poll_queues=options.cpus))
        self.shadow_iso = self.work / "shadow.iso"
        peer.run(guests.ROOT / "tools/mkiso.sh", "-c", "dbbuf=1", options.kernel,
                 self.shadow_iso)

    def boot(self, name, arguments):
        """Runs a guest; returns its output and where that is kept."""
        log = self.work / f"{name}.log"
        pin = guests.pin if self.options.cpus == 1 else None
        return peer.boot(self.machine + arguments, log, self.limit_s, pin), log

    def boot_image(self, name, iso, script):
        """Runs an image of ours with commands."""
        path = self.work / "run"
        path.write_text(script, encoding="utf-8")
        return self.boot(name, ["-cdrom", iso, "-boot", "d",
                                "-fw_cfg", f"name=opt/carillon/run,file={path}"])

    def add(self, pairs):
        """Keeps results."""
        for key, value in pairs:
            self.results.setdefault(key, []).append(value)

    def boot_linux(self, number):
        """The peer."""
        output, log = self.boot(f"linux-{number}", self.linux)
        self.add(figures(output, LINUX, log))

    def boot_carillon(self, number):
        """Carillon, without and with shadow doorbells."""
        for name, iso, jobs in (("carillon", self.options.iso, CARILLON),
                                ("shadow", self.shadow_iso, SHADOWED)):
            script = bench_script(jobs, self.options.seconds, self.options.cpus)
            output, log = self.boot_image(f"{name}-{number}", iso, script)
            self.add(figures(output, jobs, log))

    def boot_loop(self, number):
        """The limit: of each depth the best loop."""
        length_ms = round(self.options.seconds * 1000)
        script = " ".join(f"{depth} {LOOP_BYTES[workload]} {length_ms} {batch} {pause}"
                          for workload, depth, batch, pause in LOOPS)
        output, log = self.boot_image(f"loop-{number}", self.options.loop, script)
        best = {}
        jobs = [Job("bare loop", depth, workload=workload) for workload, depth, _, _ in LOOPS]
        for key, value in figures(output, jobs, log):
            best[key] = max(value, best.get(key, 0))
        self.add(best.items())

    def round(self, number):
        """Each guest once."""
        self.boot_linux(number)
        self.boot_carillon(number)
        if self.options.cpus == 1:  # the loop has one CPU
            self.boot_loop(number)

    def median(self, key):
        """A figure, or None if there is none."""
        if key[0] == "poll or irq":
            return max(self.median((wait, *key[1:])) for wait in ("poll", "irq"))
        return statistics.median(self.results[key]) if key in self.results else None

    def figures_table(self):
        """All figures with the lowest and the highest of them."""
        yield f"{'IOPS':20} {'depth':>5} {'guest':24} {'median':>9} {'lowest':>9} {'highest':>9}"
        for (name, workload, depth), values in sorted(self.results.items(),
                                                      key=lambda item: item[0][1:]):
            yield (f"{workload:20} {depth:5} {name:24} {statistics.median(values):9,.0f} "
                   f"{min(values):9,.0f} {max(values):9,.0f}")

    def targets_table(self):
        """All ratios, and whether they are what they should be."""
        yield (f"{'':20} {'depth':>5} {'Carillon':24} {'against':24} {'ratio':>7} {'target':>7}")
        for target in targets():
            mine, other = self.median(target.mine), self.median(target.other)
            if mine is None or other is None:
                continue
            name, workload, depth = target.mine
            line = f"{workload:20} {depth:5} {name:24} {target.other[0]:24} {mine / other:6.2f}x"
            if target.ratio is not None and self.options.cpus == 1:
                verdict = "reached" if mine / other >= target.ratio else "MISSED"
                line += f" {target.ratio:6}x {verdict}"
            yield line


def main():
    """Builds the peer, boots all guests alternately, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iso", required=True, type=pathlib.Path, help="Carillon")
    parser.add_argument("--kernel", required=True, type=pathlib.Path, help="its kernel")
    parser.add_argument("--loop", required=True, type=pathlib.Path, help="image of the bare loop")
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--boots", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="of each job")
    parser.add_argument("--cpus", type=int, choices=(1, 2), default=1,
                        help="2: each job runs on both, and there are no targets")
    options = parser.parse_args()
    comparison = Comparison(options)
    for number in range(1, options.boots + 1):
        comparison.round(number)
        print(f"round {number} of {options.boots} is done", flush=True)
    print("\n".join(["", *comparison.figures_table(), "", *comparison.targets_table()]))


if __name__ == "__main__":
    main()
