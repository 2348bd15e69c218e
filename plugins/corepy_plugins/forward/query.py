"""The message that goes upstream: the client's own, with EDNS and all flags as they are."""

from __future__ import annotations

from corepy import Request, wire
from corepy.errors import WireError


def body_of(request: Request) -> bytes:
    """The query behind its id. What stands behind its last record is left out."""
    octets = request.wire
    if request.plain:
        return octets[2:]
    counts = [octets[i] << 8 | octets[i + 1] for i in (6, 8, 10)]
    try:
        spans = wire.scan_records(octets, request.end, sum(counts))
        if not spans or spans[-1].end == len(octets):
            return octets[2 : spans[-1].end if spans else request.end]
    except WireError:
        spans = _present(octets, request.end)
    there, actual = len(spans), []
    for count in counts:
        actual.append(min(count, there))
        there -= actual[-1]
    head = b"".join(count.to_bytes(2, "big") for count in actual)
    stop = spans[-1].end if spans else request.end
    return octets[2:6] + head + octets[12:stop]


def _present(octets: bytes, at: int) -> list[wire.RecordSpan]:
    """The records that are there, where the header promises more."""
    spans: list[wire.RecordSpan] = []
    try:
        while at < len(octets):
            spans += wire.scan_records(octets, at, 1)
            at = spans[-1].end
    except WireError:
        pass
    return spans
