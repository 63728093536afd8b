#!/usr/bin/python3
"""Instructions per I/O of the bench engine and the NVMe driver.

The host build of both runs on the software controller under callgrind, twice with different numbers
of I/Os; what the difference spent in our own functions, divided by the I/Os, is the cost of one:
choosing the offset, posting, ringing, reaping, and full latency accounting. The controller itself,
the clock and the waiting for it are not counted. Counts are exact and repeat on every machine with
the same compiler.

usage: tests/bench/engine_instructions.py [--limit=N] [--profile]

With --limit only the jobs at depth 128 that the limit is about are counted, and the exit status is
1 if one of them needs more.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = ("apps/bench/", "drivers/nvme/", "lib/histogram", "lib/stats", "lib/rng")
FLAGS = ["-std=gnu17", "-I.", "-g", "-O2", "-DCARILLON_HOST", "-fno-omit-frame-pointer",
         "-fstack-protector-strong", "-fno-strict-aliasing", "-fno-inline-functions-called-once"]
FEW, MANY = 10000, 40000
# Not a power of two, as real disks are not: an order of the blocks has to skip numbers then.
REGION = "size=900m"
LIMITED = {
    "randread 4k, depth 128": "rw=randread norandommap bs=4k iodepth=128",
    "randread 4k, depth 128, every block once": f"rw=randread {REGION} bs=4k iodepth=128",
}
OTHERS = {
    "randread 4k, depth 128, no accounting":
        "rw=randread norandommap bs=4k iodepth=128 lat_accounting=0",
    "read 4k, depth 32": "rw=read bs=4k iodepth=32",
    "randread 4k, depth 1": "rw=randread norandommap bs=4k iodepth=1",
}


def sources():
    """Everything but the kernel, as the host tests link it."""
    found = []
    for pattern in ("lib/*.c", "drivers/pci/*.c", "drivers/console/*.c", "drivers/nvme/*.c",
                    "drivers/block/*.c", "fs/*.c", "fs/*/*.c", "apps/*.c", "apps/*/*.c",
                    "tests/model/*.c"):
        found += glob.glob(pattern)
    return sorted(set(found) - {"lib/string.c", "drivers/nvme/nvme_pci.c"})


def build(folder):
    program = os.path.join(folder, "engine_instructions")
    subprocess.run(["gcc", *FLAGS, *sources(), "tests/bench/engine_instructions.c", "-lpthread",
                    "-lm", "-o", program], check=True)
    return program


def count(program, folder, line):
    """Instructions spent in each of our functions while the line runs."""
    out = os.path.join(folder, "callgrind.out")
    subprocess.run(["valgrind", "-q", "--tool=callgrind", "--toggle-collect=bench_worker_run",
                    f"--callgrind-out-file={out}", program, line], check=True,
                   stdout=subprocess.DEVNULL)
    text = subprocess.run(["callgrind_annotate", "--threshold=100", "--inclusive=no", out],
                          check=True, capture_output=True, text=True).stdout
    costs = {}
    for row in text.splitlines():
        found = re.match(r"\s*([\d,]+) +\([ \d.]+%\)\s+(\S+?):(\S+)", row)
        if found:
            name = found[2].removeprefix(ROOT + "/").removeprefix("./")
            if name.startswith(OURS):
                key = f"{name}:{found[3]}"
                costs[key] = costs.get(key, 0) + int(found[1].replace(",", ""))
    return costs


def per_io(program, folder, options):
    runs = [count(program, folder, f"bench {options} eta=never number_ios={n}")
            for n in (FEW, MANY)]
    return {key: (runs[1][key] - runs[0].get(key, 0)) / (MANY - FEW) for key in runs[1]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=float, help="fail when an I/O at depth 128 costs more")
    parser.add_argument("--profile", action="store_true", help="show the functions")
    args = parser.parse_args()
    os.chdir(ROOT)
    jobs = LIMITED if args.limit is not None else {**LIMITED, **OTHERS}
    most = 0
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder)
        for name, options in jobs.items():
            costs = per_io(program, folder, options)
            total = sum(costs.values())
            most = max(most, total) if name in LIMITED else most
            print(f"{total:8.1f} instructions per I/O  {name}", flush=True)
            if args.profile:
                for key, value in sorted(costs.items(), key=lambda item: -item[1])[:14]:
                    if value >= 0.1:
                        print(f"         {value:8.1f}  {key}")
    if args.limit is not None and most > args.limit:
        sys.exit(f"engine_instructions: more than {args.limit:g} instructions per I/O")


if __name__ == "__main__":
    main()
