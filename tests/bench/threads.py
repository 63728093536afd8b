#!/usr/bin/python3
"""Builds tests/bench/threads.c with everything it needs and runs it.

usage: tests/bench/threads.py [LIMIT]
"""
import os
import subprocess
import sys
import tempfile

import engine_instructions as engine


def main():
    os.chdir(engine.ROOT)
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "threads")
        subprocess.run(["gcc", *engine.FLAGS, *engine.sources(), "tests/bench/threads.c",
                        "-lpthread", "-lm", "-o", program], check=True)
        sys.exit(subprocess.run([program, *sys.argv[1:]], check=False).returncode)


if __name__ == "__main__":
    main()
