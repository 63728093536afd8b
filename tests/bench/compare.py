#!/usr/bin/env python3
"""tests/bench/compare.py - Carillon beside Linux with fio, in the same virtual machine.

Boots both alternately on the same QEMU command line (one CPU, one NVMe disk that answers from
nowhere), runs the same 4 KiB random reads on both, and prints medians and ratios. The peer is
Debian's kernel, unpacked from its package, with busybox and fio in an initial RAM disk. Absolute
figures mean nothing: only the ratios of one run, on an idle machine, do.
"""
import argparse
import os
import pathlib
import re
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import peer  # noqa: E402  pylint: disable=wrong-import-position

DISK = ["-blockdev", "driver=null-co,node-name=d0,size=1073741824,read-zeroes=on",
        "-device", "nvme,serial=abc,drive=d0"]
IOPS = re.compile(r"read: IOPS=([\d.]+)([kM]?)")

# (name, depth, bench options); the first word names the row's ratio to Linux at the same depth.
JOBS = [
    ("poll", 1, "--wait=poll"), ("poll", 32, "--wait=poll"), ("poll", 128, "--wait=poll"),
    ("irq", 1, "--wait=irq"), ("irq", 32, "--wait=irq"),
    ("poll, no latencies", 128, "--wait=poll --lat_accounting=0"),
]
TARGETS = {("poll", 1): 14, ("poll", 32): 42, ("poll", 128): 65, ("irq", 1): 3, ("irq", 32): 12}
DEPTHS = (1, 32, 128)

FIO = ("/usr/bin/fio --name=j --filename=/dev/nvme0n1 --rw=randread --bs=4k --direct=1 "
       "--ioengine=io_uring --iodepth={depth} --runtime={seconds} --time_based --eta=never")


def peer_script(seconds):
    """The shell lines that run the peer's jobs."""
    return "\n".join(f"echo 'job: linux {depth}'\n" + FIO.format(depth=depth, seconds=seconds)
                     for depth in DEPTHS)


def machine(accel):
    """The command line that both guests share."""
    return ["qemu-system-x86_64", "-machine", "q35", *accel, "-smp", "1,maxcpus=2", "-m", "1024",
            "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot",
            "-serial", "stdio", "-name", "compare,debug-threads=on", *DISK]


def pin(process):
    """Gives the guest's CPU and QEMU's main loop a core each.

    Left to the host's scheduler they share one in some boots and not in others, and each regime
    favours another way of waiting: polling is four times slower and sleeping three times faster
    when they share. Where there is only one core nothing is done.
    """
    cores = sorted(os.sched_getaffinity(0))
    tasks = pathlib.Path(f"/proc/{process.pid}/task")
    for _ in range(100):
        cpus = [t for t in tasks.iterdir() if (t / "comm").read_text().startswith("CPU 0")]
        if cpus or len(cores) < 2:
            break
        time.sleep(0.05)
    if len(cores) >= 2 and cpus:
        os.sched_setaffinity(process.pid, {cores[0]})
        os.sched_setaffinity(int(cpus[0].name), {cores[1]})


def figures(output, count, log):
    """The IOPS of each job, in order."""
    values = [float(v) * {"": 1, "k": 1e3, "M": 1e6}[unit] for v, unit in IOPS.findall(output)]
    if len(values) != count:
        sys.exit(f"compare: {len(values)} results instead of {count}; see {log}")
    return values


def carillon_script(seconds):
    """What Carillon is told to do."""
    lines = [f"bench --filename=nvme0n1 --rw=randread --bs=4k --iodepth={depth} "
             f"--runtime={seconds} --time_based --eta=never {options}"
             for _, depth, options in JOBS]
    return "; ".join(lines + ["poweroff"])


def table(linux, carillon):
    """The result as lines."""
    yield f"{'4 KiB random reads':26} {'depth':>5} {'Linux+fio':>10} {'Carillon':>10} " \
          f"{'ratio':>7} {'target':>7}"
    for name, depth, _ in JOBS:
        mine, peer = (statistics.median(side[(key, depth)])
                      for side, key in ((carillon, name), (linux, "linux")))
        target = TARGETS.get((name, depth))
        ratio = mine / peer
        verdict = "" if target is None else ("reached" if ratio >= target else "MISSED")
        shown = "" if target is None else f"{target}x"
        yield f"{name:26} {depth:5} {peer:10,.0f} {mine:10,.0f} {ratio:6.1f}x {shown:>7} {verdict}"
    with_lat = statistics.median(carillon[("poll", 128)])
    without = statistics.median(carillon[("poll, no latencies", 128)])
    yield f"Measuring latencies costs {100 * (1 - with_lat / without):.1f} % of the IOPS " \
          "at depth 128 (target: under 10 %)."


def main():
    """Builds the peer, boots both alternately, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iso", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--boots", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    peer.run(ROOT / "tools/deps.sh", *peer.PACKAGES)
    kernel = peer.fetch_kernel(work)
    initrd = peer.make_initrd(work, peer_script(options.seconds))
    script = work / "run"
    script.write_text(carillon_script(options.seconds))
    accel = peer.run(ROOT / "tools/accel.sh", capture_output=True, text=True).stdout.split()
    limit = 120 + 20 * len(JOBS) * options.seconds
    linux, carillon = {}, {}
    for number in range(1, options.boots + 1):
        log = work / f"linux-{number}.log"
        output = peer.boot(machine(accel) + peer.boot_options(kernel, initrd), log, limit, pin)
        for depth, value in zip(DEPTHS, figures(output, len(DEPTHS), log)):
            linux.setdefault(("linux", depth), []).append(value)
        log = work / f"carillon-{number}.log"
        output = peer.boot(machine(accel) + ["-cdrom", options.iso, "-boot", "d", "-fw_cfg",
                                             f"name=opt/carillon/run,file={script}"], log, limit,
                           pin)
        for (name, depth, _), value in zip(JOBS, figures(output, len(JOBS), log)):
            carillon.setdefault((name, depth), []).append(value)
        print(f"boot {number} of {options.boots}: Linux "
              + " ".join(f"{v[-1]:,.0f}" for v in linux.values()) + "; Carillon "
              + " ".join(f"{v[-1]:,.0f}" for v in carillon.values()), flush=True)
    print("\nMedians of", options.boots, "boots,", " ".join(accel) + ":")
    print("\n".join(table(linux, carillon)))


if __name__ == "__main__":
    try:
        main()
    except peer.PeerError as error:
        sys.exit(f"compare: {error}")
