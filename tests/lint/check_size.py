#!/usr/bin/env python3
"""tests/lint/check_size.py - functions of at most 60 lines, files of at most 600.

A function counts from the line of its name to its closing brace, as ctags sees them. What is longer
on purpose stands in EXCEPTIONS, with the reason.
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("lib", "arch", "boot", "drivers", "fs", "apps", "tests")
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 600

# "path" or "path:function" -> why it may be long.
EXCEPTIONS = {
}


def functions(files):
    """(path, name, lines) of every function."""
    output = subprocess.run(
        ["ctags", "--languages=C", "--map-C=+.h", "--kinds-C=f", "--fields=+ne",
         "--output-format=json", "-f", "-", *files],
        check=True, capture_output=True, text=True, cwd=ROOT).stdout
    for line in output.splitlines():
        tag = json.loads(line)
        if tag.get("_type") == "tag" and "end" in tag:
            yield tag["path"], tag["name"], tag["end"] - tag["line"] + 1


def main():
    """Prints what is too long and what is excepted in vain."""
    files = sorted(f.relative_to(ROOT).as_posix() for top in FOLDERS
                   for pattern in ("*.c", "*.h", "*.asm", "*.py", "*.sh")
                   for f in (ROOT / top).rglob(pattern))
    found = {}
    for name in files:
        lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            found[name] = f"{name}: {lines} lines, more than {MAX_FILE_LINES}"
    for path, name, lines in functions([f for f in files if f.endswith((".c", ".h"))]):
        if lines > MAX_FUNCTION_LINES:
            found[f"{path}:{name}"] = \
                f"{path}: {name} has {lines} lines, more than {MAX_FUNCTION_LINES}"
    complaints = [text for key, text in sorted(found.items()) if key not in EXCEPTIONS]
    complaints += [f"{key}: is on the exception list but not too long"
                   for key in EXCEPTIONS if key not in found]
    print("\n".join(complaints) if complaints else f"sizes: {len(files)} files, none too long")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
