#!/usr/bin/env python3
"""tests/lint/check_text.py - what no source may contain: notes of unfinished work, tabs and blanks
at line ends, paths of somebody's machine; and the header comment that every source begins with."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = {".c", ".h", ".asm", ".ld"}
TEXT = SOURCES | {".py", ".sh", ".md", ".cfg", ".mk", ""}
MAX_COLUMNS = 100
SKIP = {"LICENSE", ".gitignore"}

FORBIDDEN = (
    (re.compile("TO" r"DO\b|FIX" r"ME\b|XX" r"X\b|HA" r"CK\b"), "a note of unfinished work"),
    (re.compile(r"/(?:home|root|Users|work)/\w"), "a path of one machine"),
    (re.compile(r"[ \t]+$"), "blanks at the end of the line"),
)


def files():
    """The files git knows or would add."""
    output = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True, text=True, cwd=ROOT).stdout
    for name in sorted(set(output.splitlines())):
        path = ROOT / name
        if path.is_file() and path.suffix in TEXT and path.name not in SKIP \
                and "corpus" not in path.parts:
            yield name, path


def check(name, path):
    """The complaints about one file."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        yield f"{name}: is not UTF-8"
        return
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for pattern, what in FORBIDDEN:
            if pattern.search(line):
                yield f"{name}:{number}: {what}: {line.strip()}"
        if path.suffix in SOURCES and "\t" in line:
            yield f"{name}:{number}: a tab"
        if path.suffix in {".c", ".h"} and len(line) > MAX_COLUMNS:
            yield f"{name}:{number}: {len(line)} columns, more than {MAX_COLUMNS}"
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at the end"
    if path.suffix in SOURCES and f"{name} - " not in "\n".join(lines[:3]):
        yield f'{name}:1: does not begin with a comment "{name} - purpose"'


def main():
    """Checks every text file of the repository."""
    complaints = [c for name, path in files() for c in check(name, path)]
    print("\n".join(complaints) if complaints else "text: nothing forbidden")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
