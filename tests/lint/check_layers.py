#!/usr/bin/env python3
"""tests/lint/check_layers.py - who may include whom.

Reads the #include lines of all product code and fails on an edge that is not in the table below,
on a header that is internal to another folder, and on a system header that a freestanding program
does not have.
"""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Layer of a path: the longest prefix wins.
LAYERS = {
    "lib/": "lib",
    "arch/": "arch",
    "drivers/platform.h": "platform",
    "drivers/machine.h": "platform",
    "drivers/pci/": "pci",
    "drivers/uart/": "uart",
    "drivers/console/": "console",
    "drivers/nvme/": "nvme",
    "drivers/nvme/nvme_pci.": "nvme_pci",
    "drivers/block/": "block",
    "fs/": "fs",
    "apps/": "apps",
    "boot/": "boot",
}

# A layer may include itself and what stands here.
MAY_INCLUDE = {
    "lib": set(),
    "platform": {"lib"},
    "arch": {"lib", "platform"},
    "pci": {"lib", "platform"},
    "uart": {"lib", "platform", "arch", "console"},
    "console": {"lib", "platform"},
    "nvme": {"lib", "platform"},
    "nvme_pci": {"lib", "platform", "arch", "pci", "nvme"},
    "block": {"lib", "platform", "nvme"},
    "fs": {"lib", "platform", "block"},
    "apps": {"lib", "platform", "pci", "console", "nvme", "block", "fs"},
    "boot": {"lib", "platform", "arch", "pci", "uart", "console", "nvme", "nvme_pci", "block",
             "fs", "apps"},
}

FREESTANDING = {"stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def layer_of(path):
    """The layer that a path from the root belongs to, or None."""
    best = max((p for p in LAYERS if path.startswith(p)), key=len, default=None)
    return LAYERS[best] if best else None


def check_file(path):
    """The complaints about one file."""
    name = path.relative_to(ROOT).as_posix()
    layer = layer_of(name)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        ours, system = match.groups()
        where = f"{name}:{number}:"
        if system:
            if system not in FREESTANDING:
                yield f"{where} <{system}> is not a freestanding header"
            continue
        if not (ROOT / ours).is_file():
            yield f'{where} "{ours}" is not a path from the root'
            continue
        target = layer_of(ours)
        if target != layer and target not in MAY_INCLUDE[layer]:
            yield f'{where} layer {layer} must not include "{ours}" (layer {target})'
        if "internal" in pathlib.PurePath(ours).name and \
                pathlib.PurePath(ours).parent != pathlib.PurePath(name).parent:
            yield f'{where} "{ours}" is internal to its folder'


def main():
    """Checks every product source."""
    files = sorted(f for top in {p.split("/", maxsplit=1)[0] for p in LAYERS}
                   for f in (ROOT / top).rglob("*.[ch]"))
    complaints = [c for f in files for c in check_file(f)]
    listed = os.environ.get("KERNEL_C", "").split()
    complaints += [f"{name}: is not in the lists of the Makefile" for f in files
                   if listed and f.suffix == ".c"
                   and (name := f.relative_to(ROOT).as_posix()) not in listed]
    print("\n".join(complaints) if complaints else f"layers: {len(files)} files, no forbidden edge")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
