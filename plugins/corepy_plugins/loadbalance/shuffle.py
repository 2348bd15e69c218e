"""Shuffles the addresses of an answer in wire form without taking it apart.

That is most of what a server with *cache* and *loadbalance* does, so it is worth a short way: A
records of one name differ in their data only.
"""

from __future__ import annotations

import random

from corepy import wire
from corepy.response import WireResponse
from corepy.wire import RecordSpan

_ADDRESSES = (wire.A, wire.AAAA)


def shuffle_octets(response: WireResponse) -> WireResponse | None:
    """The answer section's addresses in any order, or None if octets alone do not allow it.

    The section must be sorted by kind and hold two addresses at least. Only what stands behind
    the owner names moves, all of one length, so every compression pointer keeps its meaning.
    """
    octets = response.wire
    block = [span for span in response.spans[: response.counts[0]] if span.rdtype in _ADDRESSES]
    owner = octets[block[0].start : block[0].fixed]
    length = block[0].end - block[0].fixed
    if not all(_alike(octets, span, owner, length) for span in block):
        return None
    tails = [octets[span.fixed : span.end] for span in block]
    random.shuffle(tails)
    parts = [octets[: block[0].start]]
    for tail in tails:
        parts += (owner, tail)
    parts.append(octets[block[-1].end :])
    return _with_octets(response, b"".join(parts))


def _alike(octets: bytes, span: RecordSpan, owner: bytes, length: int) -> bool:
    return span.end - span.fixed == length and octets[span.start : span.fixed] == owner


def _with_octets(response: WireResponse, octets: bytes) -> WireResponse:
    if response.edns is None and response.stop == len(octets):
        return WireResponse.assembled(
            octets, response.end, response.counts, response.rcode, flags=response.flags
        )
    changed = WireResponse(octets)
    changed.flags, changed.rcode, changed.edns = response.flags, response.rcode, response.edns
    changed.error = response.error
    return changed
