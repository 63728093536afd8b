#!/usr/bin/env python3
"""tests/fuzz/seeds.py - inputs for the fuzzers to begin with: OUT.

What can be made from a description need not lie in the tree. Every target that has a generator
below gets its inputs in OUT/<what>/; the same ones each time.
"""
import pathlib
import random
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent


def padded(data, align=8):
    """data, zeroes up to a multiple of align."""
    return data + bytes(-len(data) % align)


def tag(kind, body):
    """A tag of the boot information."""
    return padded(struct.pack("<II", kind, 8 + len(body)) + body)


def boot_multiboot2():
    """What GRUB tells under a BIOS and under UEFI, and lists that are tied wrongly."""
    ranges = [(0, 0x9fc00, 1), (0x9fc00, 0x400, 2), (0x100000, 0x7fe00000, 1),
              (0x7ff00000, 0x100000, 3), (0x100000000, 0x80000000, 1), (2**64 - 4096, 8192, 2)]
    memory = struct.pack("<II", 24, 0) + b"".join(struct.pack("<QQII", *r, 0) for r in ranges)
    overlapping = struct.pack("<II", 24, 0) + b"".join(
        struct.pack("<QQII", 0x100000 + i * 0x1800, 0x3000, 1 + i % 3, 0) for i in range(40))
    module = struct.pack("<II", 0x200000, 0x201234) + b"job.fio\0"
    rsdp = b"RSD PTR " + bytes(28)
    tags = [tag(1, b'run="list; bench" quiet\0'), tag(2, b"GRUB 2.06\0"), tag(3, module)]
    bios = tags + [tag(6, memory), tag(14, rsdp[:20]), tag(13, bytes([3, 0]) + bytes(30))]
    efi = tags + [tag(12, bytes(8)), tag(6, overlapping), tag(15, rsdp), tag(17, bytes(64))]
    for body in (b"".join(bios), b"".join(efi), tag(3, module) * 20, tag(6, memory)[:20]):
        body += tag(0, b"")
        yield struct.pack("<II", 8 + len(body), 0) + body
        yield struct.pack("<II", 4 + len(body), 0) + body


def acpi_table(signature, body):
    """A table with its header and checksum."""
    data = bytearray(signature + struct.pack("<I", 36 + len(body)) + bytes(28) + body)
    data[9] = -sum(data) & 0xff
    return bytes(data)


def aml_package(head, *body):
    """A package of AML behind its opcode and before its name and terms."""
    data = b"".join(body)
    size = len(data) + 2
    return head + bytes([0x40 | size & 15, size >> 4]) + data


def lib_aml_slots():
    """Devices with selectors, as QEMU writes them, among terms of every kind."""
    clutter = (b"\x5b\x80PCST\x01\x0b\x00\xae\x0a\x08" b"\x5b\x81\x0bPCST\x43PCIU\x20"
               b"\x5b\x01BLCK\x00\x5b\x02EVNT\x14\x0aDVNTzzzzz\x06AAAA\\BBBB\x15^^CCCC\x06\x00"
               b"\x08STRG\x0dtext\x00\x08_CRS\x12\x04\x02\x0a\x09\xa0\x06\x00zzzz\xa1\x03zz")
    inner = aml_package(b"\x5b\x82", b"S10_\x08_ADR\x0c\x00\x00\x02\x00\x08BSEL\x0a\x07")
    outer = aml_package(b"\x5b\x82", b"S18_\x08_ADR\x0c\x00\x00\x03\x00\x08BSEL\x01", inner)
    yield aml_package(b"\x10", b"\\\x2e_SB_PCI0\x08BSEL\x00", clutter, outer)
    yield clutter + aml_package(b"\x10", b"\\\x2f\x02_SB_PCI0", outer, clutter)
    for _ in range(12):
        outer = aml_package(b"\x5b\x82", b"DEEP\x08_ADR\x01\x08BSEL\x01", outer)
    yield aml_package(b"\x10", b"PCI0", outer)


def arch_acpi():
    """A root with the tables of a PC, in both forms."""
    madt = struct.pack("<II", 0xfee00000, 1)
    for cpu in range(3):
        madt += struct.pack("<BBBBI", 0, 8, cpu, cpu, 1)
        madt += struct.pack("<BBHIII", 9, 16, 0, cpu + 1, 1, cpu)
    madt += struct.pack("<BBBBII", 1, 12, 0, 0, 0xfec00000, 0)
    madt += struct.pack("<BBBBIH", 2, 10, 0, 9, 9, 13)
    madt += struct.pack("<BBHQ", 5, 12, 0, 0xfee00000)
    s5 = b"\x08_S5_\x12\x06\x04\x0a\x05\x0a\x05\x00\x00"
    for entry_bytes, signature in ((4, b"RSDT"), (8, b"XSDT")):
        base = 0x1000
        at = 64
        image = bytearray(at)
        dsdt_at = base + at
        image += padded(acpi_table(b"DSDT", bytes(16) + s5))
        fadt = bytearray(240)
        struct.pack_into("<I", fadt, 4, dsdt_at)
        struct.pack_into("<I", fadt, 28, 0x604)
        struct.pack_into("<I", fadt, 40, 0x608)
        struct.pack_into("<I", fadt, 76, 0x500)
        struct.pack_into("<BBBBQ", fadt, 80, 1, 8, 0, 0, 0xcf9)
        struct.pack_into("<Q", fadt, 104, dsdt_at)
        entries = []
        for name, body in ((b"FACP", bytes(fadt)), (b"APIC", madt), (b"SSDT", s5),
                           (b"HPET", bytes(5) + b"\x40\0\0" + struct.pack("<Q", 0xfed00000))):
            entries.append(base + len(image))
            image += padded(acpi_table(name, body))
        root = base + len(image)
        packing = "<Q" if entry_bytes == 8 else "<I"
        image += acpi_table(signature, b"".join(struct.pack(packing, e) for e in entries))
        image[0:16] = b"RSD PTR \0CARILN\x02"
        struct.pack_into("<IIQ", image, 16, root if entry_bytes == 4 else 0, 36,
                         root if entry_bytes == 8 else 0)
        yield b"\x01" + bytes(image)


def lib_text():
    """Command lines, numbers with units."""
    for text in ('run="arm nvme0n1 S; bench rw=randread" quiet', "run=a\\ b x= x", '"run=a; b"',
                 "0x7fffffffffffffff", "18446744073709551615", "18446744073709551616", "16g",
                 "4KiB", "4kb", "1m", "15ms", "2h", "3usec", "yes", "OFF", "0xdeadbeef", "00ff0",
                 "1e", "-1", "", "0x", "1 2", "16777216t", "p"):
        yield text.encode()


def apps_print():
    """Each command on a good drive, on one whose answers are noise, all ones, or refusals."""
    source = (HERE / "fuzz_apps_print.c").read_text(encoding="utf-8")
    table = source[source.index("lines[] = {"):source.index("};")]
    count = len(re.findall(r'^    "', table, re.MULTILINE))
    attach = 16  # choices that a good attach takes
    dice = random.Random(1)
    for line in range(count):
        head = bytes([line]) + bytes(attach)
        noise = dice.randbytes(1024)
        yield head + (b"\0\xff" + struct.pack("<H", len(noise)) + noise + b"\0") * 2
        yield head + b"\0\xfe\xff\0" * 6
        yield head + b"\0\xfe\x01\0" * 6
        yield head + b"\xc0\x02\x00" * 3


def nvme_device():
    """Good devices that turn bad sooner or later, with all that a host may do."""
    dice = random.Random(2)
    for index in range(48):
        data = bytearray([dice.choice((0, 1, 3, 0x10, 0x41, 0x80)), 20, index % 6, index % 9])
        data += bytes(30 + dice.randrange(80))
        for _ in range(20):
            data += bytes([dice.randrange(14)])
            data += dice.randbytes(dice.randrange(6)) if index % 3 else bytes(dice.randrange(12))
        yield bytes(data)


def pci_function(place, rotation, registers):
    """A function of fuzz_pci_scan.c: {offset: dword}, all else zero."""
    config = bytearray(256)
    for offset, value in registers.items():
        config[offset:offset + 4] = struct.pack("<I", value)
    return struct.pack("<HB", place, rotation) + config


def pci_scan():
    """A port with windows and a slot, and behind it a drive that has no addresses yet."""
    port = {0x00: 0x000c1b36, 0x04: 0x00100006, 0x08: 0x06040000, 0x0c: 0x00010000,
            0x18: 0x00010100, 0x20: 0xfe50fe40, 0x24: 0x4ff14001, 0x34: 0x40, 0x40: 0x01420010,
            0x4c: 0x00300604, 0x50: 0x20110000, 0x54: 0x0038007b, 0x58: 0x004801c0}
    drive = {0x00: 0x00101b36, 0x04: 0x00100000, 0x08: 0x01080202, 0x10: 4, 0x18: 0xc, 0x34: 0x40,
             0x40: 0x00020010, 0x44: 2}
    behind, root = 0x0001, 0x2800
    yield pci_function(0x1800, 4, port) + pci_function(behind, 8, drive)
    yield pci_function(0x1800, 4, port) + pci_function(root, 8, {**drive, 0x10: 0xfeb00004}) \
        + pci_function(root + 0x800, 8, drive)
    yield pci_function(0x1800, 4, {**port, 0x20: 0}) + pci_function(behind, 12, drive)


GENERATORS = (apps_print, arch_acpi, boot_multiboot2, lib_aml_slots, lib_text, nvme_device,
              pci_scan)


def main():
    """Writes every input into the folder of its target."""
    out = pathlib.Path(sys.argv[1])
    for generator in GENERATORS:
        folder = out / generator.__name__
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(generator()):
            (folder / f"made-{number:03}").write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
