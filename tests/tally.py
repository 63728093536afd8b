#!/usr/bin/env python3
"""tests/tally.py - adds up what cmocka and pytest say in a log; the one line it prints is the sum.

Fails when a test failed, and when no test was run at all.
"""
import re
import sys

# cmocka prints the failed and skipped ones as a count and again by name; the count has ": n test".
CMOCKA = re.compile(r"\[\s*(PASSED|FAILED|SKIPPED)\s*\] (\d+) test\(s\)")
PYTEST = re.compile(r"(\d+) (passed|failed|skipped|errors?)\b")
KIND = {"error": "failed", "errors": "failed"}


def tally(lines):
    """Counts by kind."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for line in lines:
        match = CMOCKA.search(line)
        if match:
            counts[match[1].lower()] += int(match[2])
        elif re.search(r"\d+ \w+.* in \d+\.\d+s", line):
            for number, kind in PYTEST.findall(line):
                counts[KIND.get(kind, kind)] += int(number)
    return counts


def main():
    """Reads the logs named on the command line."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8", errors="replace") as file:
            for kind, number in tally(file).items():
                counts[kind] += number
    print(", ".join(f"{number} {kind}" for kind, number in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
