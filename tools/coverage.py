#!/usr/bin/env python3
"""tools/coverage.py - which lines and branches of the portable code the host tests reach: BUILD.

A line for each source file, one for each folder, and what is below the goals. Branches of an
assertion are not counted: one side of each is for bugs that are not there.
"""
import collections
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOALS = ("drivers/nvme", "drivers/block", "fs", "lib")
LINES_PERCENT, BRANCHES_PERCENT = 95, 85
ASSERTION = re.compile(r"\bassert\(")


class Count:
    """Lines and branches, and how many of them were reached."""

    def __init__(self):
        self.lines = self.lines_hit = self.branches = self.branches_hit = 0

    def add(self, other):
        """Adds up."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def percents(self):
        """Of lines, of branches."""
        return tuple(100 * hit / all_ if all_ else 100 for hit, all_ in
                     ((self.lines_hit, self.lines), (self.branches_hit, self.branches)))


def reports(build):
    """What gcov says of every object of the product, as a list of dictionaries."""
    data = sorted(p.resolve() for p in (build / "host").rglob("*.gcda")
                  if "tests" not in p.relative_to(build / "host").parts)
    with tempfile.TemporaryDirectory() as folder:
        for file in data:
            subprocess.run(["gcov", "--branch-probabilities", "--json-format", str(file)],
                           cwd=folder, check=True, stdout=subprocess.DEVNULL)
            for out in pathlib.Path(folder).glob("*.gcov.json.gz"):
                yield json.loads(gzip.decompress(out.read_bytes()))
                out.unlink()


def merge(build):
    """{path: {line: [count, [branch counts]]}} of the C files; headers belong to no one."""
    files = collections.defaultdict(dict)
    for report in reports(build):
        for file in report["files"]:
            if not file["file"].endswith(".c") or file["file"].startswith("/"):
                continue
            lines = files[file["file"]]
            for line in file["lines"]:
                number = line["line_number"]
                old = lines.setdefault(number, [0, []])
                old[0] += line["count"]
                old[1] += [b["count"] for b in line["branches"] if not b["throw"]]
    return files


def count_file(path, lines):
    """What was reached of one file, and the numbers of the lines that were not."""
    text = (ROOT / path).read_text(encoding="utf-8").splitlines()
    result = Count()
    missing = []
    for number, (count, branches) in sorted(lines.items()):
        result.lines += 1
        result.lines_hit += count > 0
        if count == 0:
            missing.append(number)
        if not ASSERTION.search(text[number - 1]):
            result.branches += len(branches)
            result.branches_hit += sum(b > 0 for b in branches)
    return result, missing


def show(name, count, note=""):
    """A line of the report."""
    lines, branches = count.percents()
    print(f"{lines:6.1f} % of {count.lines:5} lines  {branches:6.1f} % of {count.branches:5} "
          f"branches  {name}{note}")


def main():
    """Prints the report; the goals are told, and fail nothing."""
    build = pathlib.Path(sys.argv[1])
    verbose = len(sys.argv) > 2
    folders = collections.defaultdict(Count)
    total = Count()
    for path, lines in sorted(merge(build).items()):
        count, missing = count_file(path, lines)
        show(path, count, "  " + " ".join(map(str, missing)) if verbose and missing else "")
        for folder in {next((g for g in GOALS if path.startswith(g + "/")),
                            path.rsplit("/", 1)[0])}:
            folders[folder].add(count)
        total.add(count)
    print()
    for folder in sorted(folders, key=lambda f: (f not in GOALS, f)):
        lines, branches = folders[folder].percents()
        below = folder in GOALS and (lines < LINES_PERCENT or branches < BRANCHES_PERCENT)
        show(folder, folders[folder],
             f"  below the goal of {LINES_PERCENT} and {BRANCHES_PERCENT} %" if below else "")
    show("all", total)
    return 0


if __name__ == "__main__":
    sys.exit(main())
