"""Replies longer than a message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from corepy.record import Record
from corepy.reply import BATCH, batches
from corepy.stream import Stream


def record(number: int, size: int = 30) -> Record:
    """A record of `size` octets."""
    return Record.make(b"\1a\0", 16, number, bytes(size - 13))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([100], [1]),
        ([BATCH], [1]),
        ([BATCH + 1], [1]),
        ([BATCH - 20, 20], [2]),
        ([BATCH - 20, 21], [1, 1]),
        ([21, BATCH + 1, 21], [1, 1, 1]),
        ([30000, 30000, 30000, 3000, 30], [2, 3]),
    ],
)
def test_batches(sizes: list[int], expected: list[int]) -> None:
    records = [record(at, size) for at, size in enumerate(sizes)]
    found = list(batches(records))
    assert [len(batch) for batch in found] == expected
    assert [one for batch in found for one in batch] == records


def source() -> Iterator[Record]:
    return (record(number) for number in range(10))


def test_a_stream_is_a_response_with_a_long_answer() -> None:
    stream = Stream(source, 10, 300, 3)
    assert len(stream.answer) == 10
    assert list(stream.answer) == list(stream.answer) == list(source())
    assert stream.answer[3] == stream.answer[-7] == record(3)
    assert stream.answer[2:4] == [record(2), record(3)]
    with pytest.raises(IndexError):
        stream.answer[10]
    assert stream.size(20) == 300 + 3 * 32
    assert stream.fresh_until == 0


def test_one_ttl_for_all() -> None:
    stream = Stream(source, 10, 300, 3).with_ttl(5)
    assert [one.ttl for one in stream.answer] == [5] * 10
    assert stream.size(20) == 300 + 3 * 32


def test_a_changed_stream_is_an_ordinary_response() -> None:
    changed = Stream(source, 10, 300, 1).replace(flags=0)
    assert changed.flags == 0
    assert changed.size(20) == 300 + 32
