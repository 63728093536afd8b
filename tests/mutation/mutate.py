#!/usr/bin/env python3
"""tests/mutation/mutate.py - are the tests able to fail? `make mutants N=200 SEED=1`.

Takes a seeded sample of small wrong changes (mutants.py) to drivers/nvme, drivers/block and fs,
compiles the changed file, and runs the unit tests until one notices. All of the portable code is
one shared library, and a mutant is a small one that is loaded before it: so it costs little more
than one compilation.

A mutant that does not compile, or compiles to the same code, is none. One that no test can notice
stands in equivalent.txt with the reason, and does not count. Fails below 90 % killed.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from mutants import mutants_of  # noqa: E402 pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("drivers/nvme", "drivers/block", "fs")
NOT_LINKED = ("drivers/nvme/nvme_pci.c",)
GOAL_PERCENT = 90
SLOW_S = 5  # a program that computes longer on the good code is left to `make test`
WALL_S = 120
LIBRARY = "libcarillon.so"
# Which programs can notice a change of a layer.
REACHING = {
    "nvme": re.compile(r"test_(nvme|block|apps_(nvme|erase|events|exhaustion|power|safety|waits))"),
    "block": re.compile(r"test_(block|fs|nvme_removed|apps_(bench_engine|bench_trim|erase|"
                        r"exhaustion|files|hotplug|nvme_blocks|nvme_cmds|safety))"),
    "fs": re.compile(r"test_(fs|apps_(exhaustion|files|nvme_passthru|run|safety))"),
}


def run(command, cpu_s=None, env=None):
    """Exit status, or None when it took too long. Seconds of the CPU count: how long it waits for
    one says nothing."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))

    try:
        return subprocess.run(command, cwd=ROOT, timeout=WALL_S, env=env, check=False,
                              preexec_fn=limit if cpu_s else None,  # pylint: disable=W1509
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    except subprocess.TimeoutExpired:
        return None


class Workshop:
    """The objects of the good code, the library, and the test programs."""

    def __init__(self, build, compiler, flags):
        self.build = pathlib.Path(build)
        self.compiler = compiler.split()
        self.flags = flags.split()
        self.host = self.build / "host"
        self.env = dict(os.environ, LD_LIBRARY_PATH=str(self.build.resolve()))
        self.objects = sorted(
            o for top in ("lib", "drivers", "fs", "apps", "boot", "tests/model")
            for o in (self.host / top).rglob("*.o"))
        self.tests = {}
        self.good = {}  # what the code of each source is

    def link(self):
        """The library of the good code."""
        response = self.build / "objects.rsp"
        response.write_text("\n".join(map(str, self.objects)), encoding="utf-8")
        return run([*self.compiler, "-shared", "-s", "-o", str(self.build / LIBRARY),
                    f"@{response}", "-lm"])

    def time_of(self, program):
        """Exit status and seconds of the CPU on the good code."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        status = run([str(program)], None, self.env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return status, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def make_tests(self):
        """Links each test program with the library, and times it on the good code, once."""
        programs = self.build / "programs"
        programs.mkdir(exist_ok=True)
        kept = self.build / "times.json"
        newest = max(o.stat().st_mtime for o in self.host.rglob("*.o"))
        times = json.loads(kept.read_text(encoding="utf-8")) \
            if kept.exists() and kept.stat().st_mtime > newest else {}
        for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
            name, program = source.stem, programs / source.stem
            if not any(reach.match(name) for reach in REACHING.values()):
                continue
            if name not in times:
                status = run([*self.compiler, str(self.host / "tests/unit" / f"{name}.o"),
                              "-L", str(self.build), "-lcarillon", "-lcmocka", "-lpthread", "-lm",
                              "-o", str(program)])
                times[name] = (status, 0) if status else self.time_of(program)
            status, seconds = times[name]
            if status == 0 and seconds < SLOW_S:
                self.tests[name] = (program, seconds)
            else:
                print(f"left out: {name} ({'fails' if status else f'{seconds:.0f} s'})")
        kept.write_text(json.dumps(times), encoding="utf-8")

    def order(self, path):
        """The test programs that reach the source, those most likely to notice first."""
        words = set(pathlib.Path(path).stem.split("_")) - {"nvme"}
        layer = "nvme" if "nvme" in path else "block" if "block" in path else "fs"

        def rank(item):
            name, (_, seconds) = item
            parts = name.split("_")
            near = sum(any(p.startswith(w[:5]) for p in parts[2:]) for w in words)
            return (seconds > 2, -near, parts[1] != layer, seconds)
        return sorted((item for item in self.tests.items() if REACHING[layer].match(item[0])),
                      key=rank)

    def compile(self, text, out):
        """The exit status."""
        source = self.build / "mutant.c"
        source.write_text(text, encoding="utf-8")
        return run([*self.compiler, *self.flags, "-w", "-c", str(source), "-o", str(out)])

    def code(self, obj):
        """What the object holds but names of files and debug information."""
        stripped = self.build / "stripped.o"
        run(["objcopy", "--strip-debug", "-R", ".comment", str(obj), str(stripped)])
        return hashlib.sha256(stripped.read_bytes()).digest()

    def judge(self, mutant, text):
        """"same", "broken", the name of the test that noticed, or None."""
        obj = self.build / "mutant.o"
        if mutant.path not in self.good:
            if self.compile(text, obj):
                sys.exit(f"{mutant.path} does not compile")
            self.good[mutant.path] = self.code(obj)
        if self.compile(text[:mutant.at] + mutant.new + text[mutant.end:], obj):
            return "broken"
        if self.code(obj) == self.good[mutant.path]:
            return "same"
        library = (self.build / "mutant.so").resolve()
        if run([*self.compiler, "-shared", "-s", "-o", str(library), str(obj)]):
            return "broken"
        env = dict(self.env, LD_PRELOAD=str(library))
        for name, (program, seconds) in self.order(mutant.path):
            if run([str(program)], int(5 * seconds) + 3, env) != 0:
                return name
        return None


def equivalent_mutants():
    """{(path, before, after): reason}"""
    known = {}
    for line in (ROOT / "tests/mutation/equivalent.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            path, before, after, reason = (part.strip() for part in line.split(" ## "))
            known[path, before, after] = reason
    return known


def sample(seed):
    """All mutants in an order that the seed chooses, and the sources."""
    texts = {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8")
             for folder in FOLDERS for p in sorted((ROOT / folder).rglob("*.c"))}
    everything = [m for path, text in texts.items() if path not in NOT_LINKED
                  for m in mutants_of(path, text)]
    random.Random(seed).shuffle(everything)
    return everything, texts


def arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--cflags", default="")
    parser.add_argument("-n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0, help="mutants of the sample to pass over")
    parser.add_argument("--only", default="", help="a part of the path")
    return parser.parse_args()


def main():
    """Judges mutants until enough have been, and prints what became of each."""
    args = arguments()
    shop = Workshop(args.build, args.cc, args.cflags)
    known = equivalent_mutants()
    everything, texts = sample(args.seed)
    print(f"{len(everything)} mutants can be made")
    if shop.link():
        sys.exit("the good code does not link")
    shop.make_tests()
    print(f"{len(shop.tests)} test programs", flush=True)
    killed, survivors, equal = 0, [], 0
    for mutant in [m for m in everything if args.only in m.path][args.skip:]:
        if killed + len(survivors) >= args.n:
            break
        if (mutant.path, mutant.before, mutant.after) in known:
            equal += 1
            continue
        verdict = shop.judge(mutant, texts[mutant.path])
        if verdict in ("same", "broken"):
            continue
        killed += verdict is not None
        if verdict is None:
            survivors.append(mutant)
        print(f"{'SURVIVED' if verdict is None else 'killed'} {mutant.path}:{mutant.line}: "
              f"{mutant.kind}: {mutant.before} ## {mutant.after}"
              f"{'' if verdict is None else ' (' + verdict + ')'}", flush=True)
    judged = killed + len(survivors)
    percent = 100 * killed / judged if judged else 0
    print(f"{judged} mutants, {killed} killed ({percent:.1f} %), {len(survivors)} survived; "
          f"{equal} more are equivalent")
    return 0 if percent >= GOAL_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
