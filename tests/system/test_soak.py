"""Half a minute of random I/O with random faults; `make soak MINUTES=60` for longer."""
import random

import pytest

from soak import BLOCKS, Media, Soak, block_of


def test_soak(tmp_path):
    """Other commands and faults each time; the seed is in what a failed test shows."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"SEED={seed}")
    counts = Soak(tmp_path, seed).run(30)
    assert sum(counts.values()) > 10


@pytest.mark.parametrize("what", ["lost", "misplaced", "torn", "zeros", "never"])
def test_reference_finds_damage(tmp_path, what):
    """Each kind of wrong block is found, and only that one; what may be either way is not."""
    media, path = Media(), tmp_path / "image"
    media.wrote(10, [1] * 10, True)
    media.wrote(15, [2] * 5, False)
    media.copied(10, 30, 10, True)
    media.wrote(40, [0] * 2, True)
    data = bytearray(BLOCKS * 512)
    data[10 * 512:20 * 512] = block_of(1) * 5 + block_of(2) * 2 + block_of(1) * 3
    data[30 * 512:40 * 512] = block_of(1) * 7 + block_of(2) * 3
    path.write_bytes(data)
    assert media.wrong_blocks(path) == []
    assert media.crc(10, 10) is None and media.crc(10, 5) is not None
    damage = {"lost": (12, bytes(512)), "misplaced": (50, block_of(1)),
              "torn": (12, block_of(1)[:256] + bytes(256)), "zeros": (31, bytes(512)),
              "never": (16, block_of(3))}
    lba, block = damage[what]
    data[lba * 512:(lba + 1) * 512] = block
    path.write_bytes(data)
    assert media.wrong_blocks(path) == [lba]
