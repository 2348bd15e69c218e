"""The last state on disk, so that a restart while Headscale is away has answers (`snapshot`).

It holds derived facts only, no key and no part of Headscale's list, and only its owner may read
it. The file's modification time is that of the last successful poll.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from corepy_plugins.k8s_cross.files import replace
from corepy_plugins.k8s_cross.imports import Facts
from corepy_plugins.k8s_cross.listing import LIMIT, Listing
from corepy_plugins.k8s_cross.node import ONLINE, Network, Node, packed, unpacked
from corepy_plugins.k8s_cross.outputs import News
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.tags import Export, Port

VERSION: Final = 2
MODE: Final = 0o600
_MINUTE: Final = 60.0


class Unusable(Exception):  # noqa: N818 - what the file is, in one word
    """The file is not a snapshot of this source."""


class Saved(NamedTuple):
    """What a snapshot holds; `moment` is that of the last success in Unix seconds."""

    listing: Listing
    facts: tuple[Facts, ...]
    moment: float


class Snapshot:
    """One instance's file. All methods block: call them in a thread."""

    def __init__(self, path: Path, source: str) -> None:
        self.path = path
        self._source = source
        self._touched = 0.0

    def write(self, news: News) -> None:
        """Write the facts. Raises `OSError`."""
        pause, presence = Pace(), news.listing.presence
        nodes = _lines(news.listing.packed, lambda id_: _finite(presence[id_]), pause)
        catalogs = [_facts_out(one, pause) for one in news.facts if one.owner]
        head = json.dumps({"version": VERSION, "source": self._source})
        text = f'{head[:-1]}, "nodes": {nodes}, "catalogs": [{", ".join(catalogs)}]}}\n'
        replace(self.path, text.encode(), MODE, news.moment)
        self._touched = news.moment

    def touch(self) -> None:
        """Note that a poll has succeeded just now; at most once a minute. Raises `OSError`."""
        now = time.time()
        if now - self._touched >= _MINUTE:
            os.utime(self.path, (now, now))
            self._touched = now

    def load(self) -> Saved:
        """Read the facts. Raises `OSError` or `Unusable`."""
        with self.path.open("rb") as file:
            octets = file.read(LIMIT + 1)
            moment = os.fstat(file.fileno()).st_mtime
        try:
            document = json.loads(octets)
            if document["version"] != VERSION:
                raise Unusable("it is of another version")
            if document["source"] != self._source:
                raise Unusable("it is of another source")
            return Saved(
                _listing(document["nodes"]),
                tuple(_facts_in(one) for one in document["catalogs"]),
                min(moment, time.time()),
            )
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            raise Unusable("it is damaged") from None


def _listing(items: Any) -> Listing:
    pause = Pace()
    nodes: list[bytes] = []
    presence: dict[str, float] = {}
    for item, seen in items:
        pause()
        node = _node_in(item)
        nodes.append(packed(node))
        presence[node.id] = ONLINE if seen is None else float(seen)
    return Listing(tuple(nodes), presence, len(nodes), b"")


def _node_out(node: Node) -> list[Any]:
    return [
        node.id, node.number, _finite(node.created), _finite(node.expiry), node.label,
        [one.hex() for one in node.v4], [one.hex() for one in node.v6],
        node.cluster, sorted(node.clustersets), node.exports,
        node.catalog, node.tagged, _routes_out(node.routes), node.role,
    ]  # fmt: skip


def _node_in(item: list[Any]) -> Node:
    (
        id_, number, created, expiry, label, v4, v6, cluster, sets, exports,
        catalog, tagged, routes, role,
    ) = item  # fmt: skip
    return Node(
        str(id_), int(number), _infinite(created), _infinite(expiry), str(label),
        _octets(v4, 4), _octets(v6, 16), str(cluster), frozenset(map(str, sets)),
        tuple(_export(one) for one in exports), int(catalog), bool(tagged),
        _routes_in(routes), str(role),
    )  # fmt: skip


def _export(item: list[Any]) -> Export:
    namespace, service, headless, port = item
    if port is None:
        return Export(str(namespace), str(service), bool(headless))
    number, protocol, name = port
    return Export(
        str(namespace), str(service), bool(headless), Port(int(number), str(protocol), str(name))
    )


def _routes_out(routes: tuple[Network, ...] | None) -> list[Any] | None:
    return None if routes is None else [[base.hex(), length] for base, length in routes]


def _routes_in(routes: list[Any] | None) -> tuple[Network, ...] | None:
    if routes is None:
        return None
    return tuple((bytes.fromhex(base), int(length)) for base, length in routes)


def _octets(texts: list[str], size: int) -> tuple[bytes, ...]:
    found = tuple(bytes.fromhex(text) for text in texts)
    if any(len(one) != size for one in found):
        raise ValueError("not an address")
    return found


def _lines(nodes: Iterable[bytes], of: Callable[[str], Any], pause: Pace) -> str:
    """A list with one node a line, each with what `of` says of its id."""
    lines = []
    for node in map(unpacked, nodes):
        pause()
        lines.append(json.dumps([_node_out(node), of(node.id)]))
    rows = ",\n".join(lines)
    return f"[\n{rows}\n]"


def _facts_out(one: Facts, pause: Pace) -> str:
    head = json.dumps([one.owner, one.cluster, one.generation])
    return f"{head[:-1]}, {_lines(one.packed, one.ready.__contains__, pause)}]"


def _facts_in(item: list[Any]) -> Facts:
    owner, cluster, generation, rows = item
    nodes = [(_node_in(node), ready) for node, ready in rows]
    return Facts(
        tuple(packed(node) for node, _ in nodes),
        frozenset(node.id for node, ready in nodes if ready),
        str(owner),
        str(cluster),
        int(generation),
    )


def _finite(number: float) -> float | None:
    return None if number == math.inf else number


def _infinite(number: float | None) -> float:
    return math.inf if number is None else float(number)
