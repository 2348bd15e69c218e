"""A whole node list, from the octets Headscale (or a file) gave to facts.

Runs in a thread beside the event loop, which is why it pauses often, and may be handed anything at
all, which is why sizes are bounded and every mistake is a `Malformed`. No part of a list gets into
a message: it holds keys.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from corepy.errors import UpstreamError
from corepy_plugins.k8s_cross.node import Node, Presence, Reading

LIMIT: Final = 64 << 20
"""Octets that a list may have, unpacked: some fifty thousand nodes."""

_COLLECTIONS: Final = ("nodes", "machines")
_FIELDS: Final = frozenset((*_COLLECTIONS, "id"))


class Malformed(UpstreamError):  # noqa: N818 - what a body is, in one word
    """What came is not a node list."""


class Body(NamedTuple):
    """What a source gave: the octets, and whether they are gzip."""

    octets: bytes | bytearray
    packed: bool = False


class Listing(NamedTuple):
    """What a list says.

    `size` is the number of items, `presence` that of each by id; `digest` stands for the whole
    text. The other sets are what an operator should hear of.
    """

    nodes: tuple[Node, ...]
    presence: dict[str, Presence]
    size: int
    digest: bytes
    invalid_tags: frozenset[str] = frozenset()
    invalid_nodes: frozenset[str] = frozenset()
    dropped: frozenset[tuple[str, str]] = frozenset()
    ambiguous: frozenset[str] = frozenset()


def read(body: Body, pause: Callable[[], None], previous: Listing | None = None) -> Listing:
    """The facts in a body; `previous` itself if the text is still the same.

    Calls `pause` after each bit of work. Raises `Malformed`.
    """
    octets = unpack(body) if body.packed else body.octets
    digest = hashlib.blake2b(octets, digest_size=16).digest()
    if previous is not None and previous.digest == digest:
        return previous
    return _collect(_items(octets, pause), digest, pause)


def unpack(body: Body) -> bytes:
    """Gzip undone within `LIMIT`."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        octets = unpacker.decompress(body.octets, LIMIT)
    except zlib.error:
        raise Malformed("the body is not the gzip it claims to be") from None
    if not unpacker.eof:
        raise Malformed("the packed body is cut short or too large")
    return octets


def _items(octets: bytes | bytearray, pause: Callable[[], None]) -> list[Any]:
    def trim(item: dict[str, Any]) -> Any:
        # A Python function here also lets other threads run in the middle of the parser. Nodes
        # become facts at once, so that a long list is never in memory as dictionaries.
        pause()
        if "ipAddresses" in item:
            return _reading(item)
        return {key: value for key, value in item.items() if key in _FIELDS}

    try:
        text = octets.decode("utf-8-sig")
        if isinstance(octets, bytearray):
            octets.clear()  # one copy of a long list at a time
        document = json.loads(text, object_hook=trim, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if isinstance(document, dict):
        for name in _COLLECTIONS:
            if isinstance(items := document.get(name), list):
                return items
    raise Malformed("JSON without a list of nodes")


def _reading(item: Any) -> Reading | None:
    """An item read, or None if it cannot be."""
    try:
        return Reading(item)
    except (ValueError, AttributeError, OverflowError):
        return None


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _collect(items: list[Any], digest: bytes, pause: Callable[[], None]) -> Listing:
    nodes: list[Node] = []
    presence: dict[str, Presence] = {}
    tags: set[str] = set()
    broken: set[str] = set()
    dropped: set[tuple[str, str]] = set()
    ambiguous: set[str] = set()
    for position, item in enumerate(items):
        pause()
        reading = item if isinstance(item, Reading) else _reading(item)
        if reading is None:
            broken.add(f"item {position}")
            continue
        if reading.id in presence:
            broken.add(f"second node {reading.id}")
            continue
        presence[reading.id] = reading.presence
        tags.update(reading.invalid)
        dropped.update(reading.dropped)
        if reading.ambiguous:
            ambiguous.add(reading.id)
        if reading.node is not None:
            nodes.append(reading.node)
    return Listing(
        tuple(nodes), presence, len(items), digest,
        frozenset(tags), frozenset(broken), frozenset(dropped), frozenset(ambiguous),
    )  # fmt: skip
