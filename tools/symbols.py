#!/usr/bin/python3
"""tools/symbols.py - makes the kernel's symbol table from `nm` output, as NASM source.

    nm carillon.elf | tools/symbols.py > symbols.asm        (no input: an empty table)

Functions only, sorted by address, offsets from image_start: the output depends on nothing else.
"""
import sys


def main():
    base = None
    functions = {}
    for line in sys.stdin:
        fields = line.split()
        if len(fields) != 3:
            continue
        address, kind, name = int(fields[0], 16), fields[1], fields[2]
        if name == "image_start":
            base = address
        elif kind in "tT" and name != "text_end" and "." not in name.lstrip("."):
            if not name.startswith((".", "isr_")):
                functions.setdefault(address, name)
        elif kind in "tT" and name.count(".") and not name.startswith("."):
            # Parts of functions that the compiler split off: name.part.0, name.cold
            functions.setdefault(address, name.split(".")[0])
    table = sorted(functions.items())
    print("; Made by tools/symbols.py.")
    print("section .symbols progbits alloc noexec nowrite align=4")
    print("global symbol_count, symbol_table, symbol_names")
    print("symbol_count: dd %d" % len(table))
    print("symbol_table:")
    before = base
    for address, name in table:
        if address - before > 0xffff:
            sys.exit("symbols.py: 64 KiB or more before %s" % name)
        print("        dw %d" % (address - before))
        before = address
    print("symbol_names:")
    for _, name in table:
        print("        db '%s', 0" % name)
    print("        db 0")


main()
