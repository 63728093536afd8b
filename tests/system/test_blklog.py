"""The replayer of logs of writes: it has to find every lie."""
import pytest

from blklog import (DISCARD, FLUSH, FUA, Claim, Entry, broken_claims, entry_count, read_log,
                    write_log)

A, B, C, ZERO = b"A" * 512, b"B" * 512, b"C" * 512, bytes(512)
FLUSHED = Entry(0, 0, FLUSH)


def claim(after, **sectors):
    """claim(3, s7=A): after three entries sector 7 is said to hold A."""
    return Claim(after, "it", {int(name[1:]): data for name, data in sectors.items()})


HONEST = {
    "a flush": ([Entry(7, 1, 0, A), FLUSHED], [claim(2, s7=A)]),
    "fua": ([Entry(7, 1, FUA, A)], [claim(1, s7=A)]),
    "two sectors": ([Entry(7, 2, 0, A + B), FLUSHED], [claim(2, s7=A, s8=B)]),
    "newer": ([Entry(7, 1, 0, A), FLUSHED, Entry(7, 1, 0, B), FLUSHED],
              [claim(2, s7=A), claim(4, s7=B)]),
    "newer and unsafe": ([Entry(7, 1, 0, A), FLUSHED, Entry(7, 1, 0, B)], [claim(2, s7=A)]),
    "discarded": ([Entry(7, 1, 0, A), FLUSHED, Entry(0, 9, DISCARD), FLUSHED], [claim(2, s7=A)]),
    "zeros": ([Entry(7, 1, 0, A), Entry(7, 1, DISCARD), FLUSHED], [claim(3, s7=ZERO)]),
    "fua over cached": ([Entry(7, 1, 0, A), Entry(7, 1, FUA, B), FLUSHED], [claim(2, s7=B)]),
    "nothing said": ([Entry(7, 1, 0, A)], []),
}

DISHONEST = {
    "no flush": ([Entry(7, 1, 0, A)], [claim(1, s7=A)]),
    "flush before the write": ([FLUSHED, Entry(7, 1, 0, A)], [claim(2, s7=A)]),
    "said before the flush": ([Entry(7, 1, 0, A), FLUSHED], [claim(1, s7=A)]),
    "never written": ([FLUSHED], [claim(1, s7=A)]),
    "other data": ([Entry(7, 1, 0, B), FLUSHED], [claim(2, s7=A)]),
    "other place": ([Entry(8, 1, 0, A), FLUSHED], [claim(2, s7=A)]),
    "half of it": ([Entry(7, 1, 0, A), FLUSHED, Entry(8, 1, 0, B)], [claim(3, s7=A, s8=B)]),
    "older data": ([Entry(7, 1, 0, B), Entry(7, 1, 0, A), FLUSHED], [claim(3, s7=B)]),
    "overwritten with something older": ([Entry(7, 1, 0, B), FLUSHED, Entry(7, 1, 0, A), FLUSHED],
                                         [claim(4, s7=B)]),
    "beyond the log": ([Entry(7, 1, FUA, A)], [claim(2, s7=A)]),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest(name):
    """Whatever the order, what is true is believed."""
    assert broken_claims(*HONEST[name]) == []


@pytest.mark.parametrize("name", DISHONEST)
def test_dishonest(name):
    """Each lie is found."""
    assert broken_claims(*DISHONEST[name]) != []


def test_read_what_was_written(tmp_path):
    """The format, with entries of all kinds."""
    entries = [Entry(5, 2, FUA, A + C), FLUSHED, Entry(100, 3000, DISCARD)]
    write_log(tmp_path / "log", entries)
    assert read_log(tmp_path / "log") == (entries, 512)
    assert entry_count(tmp_path / "log") == 3
    (tmp_path / "log").write_bytes((tmp_path / "log").read_bytes()[:1600])
    with pytest.raises(AssertionError, match="cut off"):
        read_log(tmp_path / "log")
    (tmp_path / "log").write_bytes(bytes(4096))
    with pytest.raises(AssertionError, match="no log"):
        read_log(tmp_path / "log")
