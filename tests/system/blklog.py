"""tests/system/blklog.py - what is certainly on a disk after each entry of a log of writes, as
QEMU's blklogwrites driver keeps it (the format of the Linux target dm-log-writes).

A disk with a volatile cache promises two things only: a write that was complete before a Flush was
sent is there when the Flush has succeeded, and a write with Force Unit Access when it has."""
import dataclasses
import struct

MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SUPER = struct.Struct("<QQQI")
ENTRY = struct.Struct("<QQQQ")


@dataclasses.dataclass
class Entry:
    """One request in the order of its completion: first sector, their number, flags, data."""
    sector: int
    count: int
    flags: int
    data: bytes = b""


@dataclasses.dataclass
class Claim:
    """Somebody said, after so many entries, that these sectors are safe: {sector: bytes}."""
    after: int
    what: str
    sectors: dict


def entry_count(path):
    """How many entries the log has; it may be growing."""
    with open(path, "rb") as file:
        magic, version, count, _ = SUPER.unpack(file.read(SUPER.size))
    assert (magic, version) == (MAGIC, 1), "no log of writes"
    return count


def read_log(path):
    """The entries of a log, and the bytes of a sector."""
    entries, count = [], entry_count(path)
    with open(path, "rb") as file:
        size = SUPER.unpack(file.read(SUPER.size))[3]
        file.seek(size)
        for _ in range(count):
            sector, sectors, flags, _ = ENTRY.unpack(file.read(size)[:ENTRY.size])
            data = b"" if flags & DISCARD else file.read(sectors * size)
            assert flags & DISCARD or len(data) == sectors * size, "the log is cut off"
            entries.append(Entry(sector, sectors, flags, data))
    return entries, size


def write_log(path, entries, size=512):
    """Makes a log: for tests of what reads it."""
    with open(path, "wb") as file:
        file.write(SUPER.pack(MAGIC, 1, len(entries), size).ljust(size, b"\0"))
        for entry in entries:
            head = ENTRY.pack(entry.sector, entry.count, entry.flags, 0)
            file.write(head.ljust(size, b"\0") + entry.data)


class Replay:
    """The state of the disk after the first n entries, n going up from 0."""

    def __init__(self, entries, size=512):
        self._entries, self._size = entries, size
        self.done = 0
        self.certain = {}       # sector -> bytes that no loss of power can take away
        self._cached = {}       # sector -> bytes that the next Flush makes certain

    def step(self):
        """Takes one more entry; True when something has become certain by it."""
        entry = self._entries[self.done]
        self.done += 1
        target = self.certain if entry.flags & FUA else self._cached
        for i in range(entry.count):
            at = i * self._size
            data = bytes(self._size) if entry.flags & DISCARD else entry.data[at:at + self._size]
            target[entry.sector + i] = data
            if entry.flags & FUA:
                self._cached.pop(entry.sector + i, None)
        if entry.flags & FLUSH:
            self.certain.update(self._cached)
            self._cached.clear()
        return bool(entry.flags & (FLUSH | FUA))


def broken_claims(entries, claims, size=512):
    """Replays every prefix of the log. For each claim that a prefix at or after it does not keep, a
    line: what was claimed, the prefix, the sector. A sector may hold something newer than what was
    claimed, if that was written later."""
    replay, bad, waiting = Replay(entries, size), [], sorted(claims, key=lambda c: c.after)
    made, newer = [], {}
    for prefix in range(len(entries) + 1):
        changed = prefix > 0 and replay.step()
        if prefix > 0:
            note_newer(newer, entries[prefix - 1], size)
        while waiting and waiting[0].after <= prefix:
            made.append(waiting.pop(0))
            newer[id(made[-1])] = {}
            bad += check(replay, made[-1], {})
        if changed:
            for claim in made:
                bad += check(replay, claim, newer[id(claim)])
    return bad + [f"{c.what}: the log ends before it" for c in waiting]


def note_newer(newer, entry, size):
    """Remembers for every claim made so far what this entry may put in the place of its sectors."""
    for sectors in newer.values():
        for i in range(entry.count):
            at = i * size
            data = bytes(size) if entry.flags & DISCARD else entry.data[at:at + size]
            sectors.setdefault(entry.sector + i, set()).add(data)


def check(replay, claim, newer):
    """The lines about one claim after the entries replayed so far."""
    return [f"{claim.what}: sector {sector} is not safe after {replay.done} entries"
            for sector, data in claim.sectors.items()
            if (found := replay.certain.get(sector)) != data
            and (found is None or found not in newer.get(sector, ()))]
