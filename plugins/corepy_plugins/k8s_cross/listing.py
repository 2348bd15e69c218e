"""A whole node list, from the octets Headscale (or a file) gave to facts.

Runs in a thread beside the event loop, which is why it pauses often, and may be handed anything at
all, which is why sizes are bounded and every mistake is a `Malformed`. No part of a list gets into
a message: it holds keys. Nodes are kept as octets: a list of ten thousand objects of several parts
each is what makes the garbage collector stop everything for a while.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from corepy.errors import UpstreamError
from corepy_plugins.k8s_cross import stream
from corepy_plugins.k8s_cross.node import Network, Node, Reading, network, packed, unpacked

LIMIT: Final = 64 << 20
"""Octets that a list may have, unpacked: some fifty thousand nodes."""

_COLLECTIONS: Final = ("nodes", "machines")


class Malformed(UpstreamError):  # noqa: N818 - what a body is, in one word
    """What came is not a node list."""


class Body(NamedTuple):
    """What a source gave: the octets, and whether they are gzip."""

    octets: bytes | bytearray
    packed: bool = False

    def pieces(self, limit: int) -> Iterator[bytes]:
        """The octets in chunks, unpacked; see `stream.pieces`."""
        return stream.pieces(self.octets, packed=self.packed, limit=limit)


class Listing(NamedTuple):
    """What a list says.

    `packed` are the nodes that say something about services, see `node.packed`. `size` is the
    number of items, `presence` that of each by id; `digest` stands for the whole text. The sets
    are what an operator should hear of; `routeless` says that routes of nodes with a catalog must
    be asked for (Headscale before 0.26).
    """

    packed: tuple[bytes, ...]
    presence: dict[str, float]
    size: int
    digest: bytes
    invalid_tags: frozenset[str] = frozenset()
    invalid_nodes: frozenset[str] = frozenset()
    dropped: frozenset[tuple[str, str]] = frozenset()
    ambiguous: frozenset[str] = frozenset()
    routeless: bool = False

    @property
    def nodes(self) -> Iterator[Node]:
        """The nodes one by one."""
        return map(unpacked, self.packed)


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
    digest = hashlib.blake2b(body.octets, digest_size=16).digest()
    if previous is not None and previous.digest == digest:
        return previous
    found: dict[str, _Collector] = {}

    def takes(name: str) -> stream.Take | None:
        if name not in _COLLECTIONS:
            return None
        collector = found[name] = _Collector(match, pause)
        return collector.take

    try:
        stream.read(body.pieces(LIMIT), takes)
    except stream.Broken as fault:
        raise Malformed(f"the body is {fault}") from None
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    finally:
        if isinstance(body.octets, bytearray):
            body.octets.clear()  # here, where it holds up nobody
    for name in _COLLECTIONS:
        if name in found:
            return found[name].listing(digest)
    raise Malformed("JSON without a list of nodes")


class _Collector:
    """Takes the items of a list in."""

    def __init__(self, match: str, pause: Callable[[], None]) -> None:
        self._match = match
        self._pause = pause
        self._packed: list[bytes] = []
        self._presence: dict[str, float] = {}
        self._size = 0
        self._tags: set[str] = set()
        self._broken: set[str] = set()
        self._dropped: set[tuple[str, str]] = set()
        self._ambiguous: set[str] = set()
        self._routeless = False

    def take(self, item: Any) -> None:
        """One item, which becomes facts at once."""
        self._pause()
        self._size += 1
        try:
            reading = Reading(item, self._match)
        except (ValueError, AttributeError, OverflowError):
            self._broken.add(f"item {self._size - 1}")
            return
        if reading.id in self._presence:
            self._broken.add(f"second node {reading.id}")
            return
        self._presence[reading.id] = reading.presence
        self._tags.update(reading.invalid)
        self._dropped.update(reading.dropped)
        if reading.ambiguous:
            self._ambiguous.add(reading.id)
        if (node := reading.node) is not None:
            self._packed.append(packed(node))
            self._routeless |= bool(node.catalog) and node.routes is None

    def listing(self, digest: bytes) -> Listing:
        """All that was taken."""
        return Listing(
            tuple(self._packed), self._presence, self._size, digest,
            frozenset(self._tags), frozenset(self._broken), frozenset(self._dropped),
            frozenset(self._ambiguous), self._routeless,
        )  # fmt: skip


def routes(body: Body) -> dict[str, tuple[Network, ...]]:
    """The routes in use by node, as Headscale lists them up to 0.25. Raises `Malformed`."""
    found: dict[str, list[Network]] = {}
    seen = False

    def take(item: Any) -> None:
        if item["enabled"] is True and item["isPrimary"] is True:
            node = item.get("node") or item["machine"]
            if (prefix := network(item["prefix"])) is not None:
                found.setdefault(str(node["id"]), []).append(prefix)

    def takes(name: str) -> stream.Take | None:
        nonlocal seen
        seen |= name == "routes"
        return take if name == "routes" else None

    try:
        stream.read(body.pieces(LIMIT), takes)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        seen = False
    if not seen:
        raise Malformed("not a list of routes")
    return {id_: tuple(networks) for id_, networks in found.items()}
