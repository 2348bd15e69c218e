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
from corepy_plugins.k8s_cross.node import Network, Node, Presence, Reading, network

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
    text. The sets are what an operator should hear of; `routeless` says that routes of nodes with
    a catalog must be asked for (Headscale before 0.26).
    """

    nodes: tuple[Node, ...]
    presence: dict[str, Presence]
    size: int
    digest: bytes
    invalid_tags: frozenset[str] = frozenset()
    invalid_nodes: frozenset[str] = frozenset()
    dropped: frozenset[tuple[str, str]] = frozenset()
    ambiguous: frozenset[str] = frozenset()
    routeless: bool = False


def read(
    body: Body,
    pause: Callable[[], None],
    previous: Listing | None = None,
    match: str = "tags",
) -> Listing:
    """The facts in a body; `previous` itself if the text is still the same.

    `match` says what makes a node export something, see `node.MATCHES`. Calls `pause` after each
    bit of work. Raises `Malformed`.
    """
    octets = unpack(body) if body.packed else body.octets
    digest = hashlib.blake2b(octets, digest_size=16).digest()
    if previous is not None and previous.digest == digest:
        return previous
    return _collect(_items(octets, pause, match), digest, pause, match)


def unpack(body: Body, limit: int = LIMIT) -> bytes:
    """Gzip undone within `limit` octets. Raises `Malformed`."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        octets = unpacker.decompress(body.octets, limit)
    except zlib.error:
        raise Malformed("the body is not the gzip it claims to be") from None
    if not unpacker.eof:
        raise Malformed("the packed body is cut short or too large")
    return octets


def routes(body: Body) -> dict[str, tuple[Network, ...]]:
    """The routes in use by node, as Headscale lists them up to 0.25. Raises `Malformed`."""
    octets = unpack(body) if body.packed else body.octets
    try:
        items = json.loads(octets)["routes"]
        found: dict[str, list[Network]] = {}
        for item in items:
            if item["enabled"] is True and item["isPrimary"] is True:
                node = item.get("node") or item["machine"]
                if (prefix := network(item["prefix"])) is not None:
                    found.setdefault(str(node["id"]), []).append(prefix)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Malformed("not a list of routes") from None
    return {id_: tuple(networks) for id_, networks in found.items()}


def _items(octets: bytes | bytearray, pause: Callable[[], None], match: str) -> list[Any]:
    def trim(item: dict[str, Any]) -> Any:
        # A Python function here also lets other threads run in the middle of the parser. Nodes
        # become facts at once, so that a long list is never in memory as dictionaries.
        pause()
        if "ipAddresses" in item:
            return _reading(item, match)
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


def _reading(item: Any, match: str) -> Reading | None:
    """An item read, or None if it cannot be."""
    try:
        return Reading(item, match)
    except (ValueError, AttributeError, OverflowError):
        return None


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _collect(items: list[Any], digest: bytes, pause: Callable[[], None], match: str) -> Listing:
    nodes: list[Node] = []
    presence: dict[str, Presence] = {}
    tags: set[str] = set()
    broken: set[str] = set()
    dropped: set[tuple[str, str]] = set()
    ambiguous: set[str] = set()
    for position, item in enumerate(items):
        pause()
        reading = item if isinstance(item, Reading) else _reading(item, match)
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
        any(node.catalog and node.routes is None for node in nodes),
    )  # fmt: skip
