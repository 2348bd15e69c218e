"""Services that no tag exports: from a records file, or from another cluster's catalog.

Both have one form, with names borrowed from ServiceImports and EndpointSlices:

    {"services": [{"namespace": "shop", "name": "web", "type": "ClusterSetIP",
      "cluster": "east", "exportedAt": "2026-01-02T03:04:05Z", "ips": ["10.112.3.4"],
      "ports": [{"name": "http", "protocol": "TCP", "port": 80}],
      "endpoints": [{"hostname": "web-0", "addresses": ["10.10.0.5"], "ready": true}]}]}

They become nodes, so that precedence, conflicts and policies are the same for all.
"""

from __future__ import annotations

import marshal
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from corepy.errors import UpstreamError
from corepy_plugins.k8s_cross import stream, tags
from corepy_plugins.k8s_cross.node import (
    FORMAT,
    GATEWAY,
    NAMED,
    VIP,
    Node,
    dashed,
    host_label,
    packed,
    timestamp,
    usable,
)
from corepy_plugins.k8s_cross.tags import Export, Port

SERVICES: Final = 10_000
"""Services that one document may have."""

ENDPOINTS: Final = 50_000
"""Endpoints that one document may have in all."""

_TYPES: Final = {"ClusterSetIP": False, "Headless": True}


class BadDocument(UpstreamError):  # noqa: N818 - what a document is, in words
    """It is not a list of services, or a service in it is not one."""


class Endpoint(NamedTuple):
    """One backend of a service; the hostname is empty if it has none."""

    hostname: str
    v4: tuple[bytes, ...]
    v6: tuple[bytes, ...]
    ready: bool


class Import(NamedTuple):
    """One service of one cluster. `created` is in Unix seconds, infinite if unknown."""

    namespace: str
    service: str
    headless: bool
    cluster: str
    created: float
    v4: tuple[bytes, ...]
    v6: tuple[bytes, ...]
    ports: tuple[Port, ...]
    endpoints: tuple[Endpoint, ...]
    vip: bool = True
    """False if the addresses are a gateway's and not the service's own."""

    def nodes(self, source: str, clusterset: str) -> Iterator[tuple[Node, bool]]:
        """As nodes, each with whether it is ready; their ids begin with `source`."""
        exports = tuple(
            Export(self.namespace, self.service, self.headless, port) for port in self.ports
        ) or (Export(self.namespace, self.service, self.headless),)
        base = f"{source}/{self.namespace}/{self.service}/{self.cluster}"

        def node(which: str, one: Endpoint, role: str) -> Node:
            label = one.hostname or (dashed(one.v4, one.v6) if one.v4 or one.v6 else "")
            return Node(
                f"{base}/{which}", 0, self.created, math.inf, label, one.v4, one.v6,
                self.cluster, frozenset((clusterset,)), exports, role=role,
            )  # fmt: skip

        # Type and ports count even if nothing is ready: this one carries them.
        ready = not self.headless
        carrier = Endpoint("", self.v4 if ready else (), self.v6 if ready else (), ready)
        yield node("", carrier, VIP if self.vip and ready else GATEWAY), ready
        for number, one in enumerate(self.endpoints):
            if self.headless or one.hostname:
                yield node(str(number), one, GATEWAY if self.headless else NAMED), one.ready


class Facts(NamedTuple):
    """What one source says, as packed nodes.

    `owner` is the node that serves the catalog, whose readiness all of them share, empty for a
    file; of several catalogs of a `cluster` the one with the highest `generation` counts.
    """

    packed: tuple[bytes, ...]
    ready: frozenset[str]
    owner: str = ""
    cluster: str = ""
    generation: int = 0


def facts(
    services: Iterable[Import],
    source: str,
    clusterset: str,
    pause: Callable[[], None] = lambda: None,
    *,
    owner: str = "",
    cluster: str = "",
    generation: int = 0,
) -> Facts:
    """The services of a document as nodes of this clusterset."""
    nodes: list[bytes] = []
    ready: set[str] = set()
    for service in services:
        pause()
        for node, good in service.nodes(source, clusterset):
            nodes.append(packed(node))
            if good:
                ready.add(node.id)
    return Facts(tuple(nodes), frozenset(ready), owner, cluster, generation)


def chosen(every: Iterable[Facts], ready: frozenset[str]) -> list[Facts]:
    """One catalog per cluster, of a ready node if there is one, and all that is from files."""
    best: dict[str, Facts] = {}
    found: list[Facts] = []
    for one in every:
        if not one.owner:
            found.append(one)
            continue
        known = best.get(one.cluster)
        if known is None or _rank(known, ready) < _rank(one, ready):
            best[one.cluster] = one
    return [*found, *best.values()]


def _rank(one: Facts, ready: frozenset[str]) -> tuple[bool, int, str]:
    return one.owner in ready, one.generation, one.owner


class Document(NamedTuple):
    """The services of a document, packed, and for each that was left out why."""

    packed: tuple[bytes, ...]
    faults: tuple[str, ...]

    @property
    def services(self) -> Iterator[Import]:
        """The services one by one."""
        return map(_unpacked, self.packed)


class Collector:
    """Takes services in one by one; see `read`."""

    def __init__(self, cluster: str, pause: Callable[[], None], *, forced: bool) -> None:
        self._cluster = cluster
        self._pause = pause
        self._forced = forced
        self._size = 0
        self._endpoints = 0
        self._found: dict[tuple[str, str, str], bytes] = {}
        self._faults: list[str] = []

    def take(self, item: Any) -> None:
        """One service. Raises `BadDocument` when there are too many."""
        self._pause()
        self._size += 1
        if self._size > SERVICES:
            raise BadDocument(f"more than {SERVICES} services")
        try:
            self._add(_service(item, self._cluster))
        except BadDocument as fault:
            self._faults.append(f"service {self._size}: {fault}")
        if self._endpoints > ENDPOINTS:
            raise BadDocument(f"more than {ENDPOINTS} endpoints")

    def _add(self, service: Import) -> None:
        key = (service.namespace, service.service, service.cluster)
        if self._forced and service.cluster != self._cluster:
            raise BadDocument(f"it is of cluster {service.cluster}")
        if key in self._found:
            raise BadDocument("it is there twice")
        self._endpoints += len(service.endpoints)
        self._found[key] = _packed(service)

    def document(self) -> Document:
        """All that was taken."""
        return Document(tuple(self._found.values()), tuple(self._faults))


def read(document: Any, cluster: str, pause: Callable[[], None], *, forced: bool) -> Document:
    """The services of a parsed document. Raises `BadDocument` if it is none.

    `cluster` is that of services which do not say; with `forced` they must not say another.
    """
    items = document.get("services") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise BadDocument("no list of services")
    collector = Collector(cluster, pause, forced=forced)
    for item in items:
        collector.take(item)
    return collector.document()


def read_json(
    chunks: Iterator[bytes], cluster: str, pause: Callable[[], None], *, forced: bool
) -> tuple[Document, dict[str, Any]]:
    """The same from JSON that is not parsed yet, and the members beside the services.

    Raises `BadDocument`.
    """
    found: list[Collector] = []

    def takes(name: str) -> stream.Take | None:
        if name != "services":
            return None
        found.append(Collector(cluster, pause, forced=forced))
        return found[-1].take

    try:
        head = stream.read(chunks, takes)
    except stream.Broken as fault:
        raise BadDocument(str(fault)) from None
    except (ValueError, RecursionError):
        raise BadDocument("not JSON") from None
    if not found or "services" in head:
        raise BadDocument("no list of services")
    return found[-1].document(), head


def _packed(service: Import) -> bytes:
    plain: Any = (
        *service[:7],
        tuple(map(tuple, service.ports)),
        tuple(map(tuple, service.endpoints)),
        service.vip,
    )
    return marshal.dumps(plain, FORMAT)


def _unpacked(octets: bytes) -> Import:
    *plain, ports, endpoints, vip = marshal.loads(octets)  # noqa: S302 - our own
    return Import._make(
        (*plain, tuple(map(Port._make, ports)), tuple(map(Endpoint._make, endpoints)), vip)
    )


def _service(item: Any, cluster: str) -> Import:
    if not isinstance(item, dict):
        raise BadDocument("not a mapping")
    kind = item.get("type", "ClusterSetIP")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise BadDocument("type is neither ClusterSetIP nor Headless")
    named = _word(item, "cluster", cluster)
    if not tags.is_cluster(named):
        raise BadDocument("not a cluster name")
    v4, v6 = _addresses(item.get("ips"))
    return Import(
        _label(item, "namespace"), _label(item, "name"), _TYPES[kind], named,
        _moment(item.get("exportedAt")), v4, v6,
        tuple(dict.fromkeys(_port(one) for one in _list(item.get("ports"), "ports"))),
        tuple(_endpoint(one) for one in _list(item.get("endpoints"), "endpoints")),
    )  # fmt: skip


def _word(item: dict[str, Any], field: str, default: str = "") -> str:
    value = item.get(field, default)
    if not isinstance(value, str):
        raise BadDocument(f"{field} is not text")
    return value.lower()


def _label(item: dict[str, Any], field: str) -> str:
    value = _word(item, field)
    if not tags.is_label(value):
        raise BadDocument(f"{field} is not a label")
    return value


def _list(value: Any, field: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadDocument(f"{field} is not a list")
    return value


def _port(item: Any) -> Port:
    if not isinstance(item, dict):
        raise BadDocument("a port is not a mapping")
    name, protocol = _word(item, "name"), _word(item, "protocol", "tcp")
    number = item.get("port")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 65536:
        raise BadDocument("not a port number")
    if protocol not in tags.PROTOCOLS or (name and not tags.is_port_name(name)):
        raise BadDocument("not a protocol or a port's name")
    return Port(number, protocol, name)


def _endpoint(item: Any) -> Endpoint:
    if not isinstance(item, dict):
        raise BadDocument("an endpoint is not a mapping")
    v4, v6 = _addresses(item.get("addresses"))
    hostname, ready = _word(item, "hostname"), item.get("ready", True)
    if not (v4 or v6) or not isinstance(ready, bool):
        raise BadDocument("an endpoint without an address, or ready is neither true nor false")
    if hostname and host_label(hostname, "") != hostname:
        raise BadDocument("an endpoint's hostname is not a label")
    return Endpoint(hostname, v4, v6, ready)


def _addresses(value: Any) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    families: tuple[dict[bytes, None], dict[bytes, None]] = {}, {}
    for text in _list(value, "a list of addresses"):
        address, reason = usable(text) if isinstance(text, str) else (None, "malformed")
        if address is None:
            raise BadDocument(f"an address is {reason}")
        families[address.version == 6][address.packed] = None
    return tuple(families[0]), tuple(families[1])


def _moment(value: Any) -> float:
    """YAML makes a date of what looks like one."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    found = timestamp(value)
    if value is not None and found is None:
        raise BadDocument("exportedAt is not a time")
    return math.inf if found is None else found
