"""From nodes to services: who exports what, who wins a conflict, who answers.

The rules are those of the Multi-Cluster Services API (KEP-1645, "Constraints and Conflict
Resolution"): a service is one over all clusters, the oldest export decides on its type and on ports
that contradict each other, ports are otherwise united.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from corepy_plugins.k8s_cross.node import GATEWAY, NAMED, VIP, Node, unpacked
from corepy_plugins.k8s_cross.service import Backend, Service, packed
from corepy_plugins.k8s_cross.service import unpacked as service_of
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.tags import Export, Port

Pause = Callable[[], None]


@dataclass(slots=True)
class Catalogue:
    """All services of a clusterset, and what an operator wants to know of them.

    `packed` are the services in the order of their names, see `service.packed`; `counts` has their
    number by type; `conflicts` maps a kind (`type`, `port`) to one sentence per conflict;
    `endpoints` counts nodes by cluster and readiness; `expires` is when the next node's key does
    (Unix seconds). `servers` are the nodes that serve a catalog, `routers` those through which
    other networks of their cluster are reached.
    """

    packed: list[bytes] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"ClusterSetIP": 0, "Headless": 0})
    namespaces: set[str] = field(default_factory=set)
    conflicts: dict[str, list[str]] = field(default_factory=lambda: {"type": [], "port": []})
    endpoints: dict[tuple[str, bool], int] = field(default_factory=dict)
    expires: float = math.inf
    servers: list[Node] = field(default_factory=list)
    routers: list[Node] = field(default_factory=list)

    @property
    def services(self) -> Iterator[Service]:
        """The services one by one."""
        return map(service_of, self.packed)


class _Member:
    """One node's part in one service."""

    __slots__ = ("both", "headless", "node", "ports")

    def __init__(self, node: Node, exports: Iterable[Export]) -> None:
        exports = list(exports)
        self.node = node
        self.headless = all(export.headless for export in exports)
        self.both = not self.headless and any(export.headless for export in exports)
        self.ports = tuple(dict.fromkeys(export.port for export in exports if export.port))


def catalogue(
    nodes: Iterable[bytes],
    ready: Collection[str],
    wall: float,
    settings: Settings,
    pause: Pause,
    *,
    routeless: bool = False,
) -> Catalogue:
    """What the (packed) nodes of the configured clusterset export; `wall` is in Unix seconds.

    Only with `routeless` do nodes count as routers whose list does not say so.
    """
    found = Catalogue()
    groups: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for octets in nodes:
        pause()
        node = unpacked(octets)
        if settings.clusterset not in node.clustersets or node.expiry <= wall:
            continue
        found.expires = min(found.expires, node.expiry)
        if node.catalog:
            found.servers.append(node)
        if node.tagged and (node.routes or (routeless and node.routes is None)):
            found.routers.append(node)
        if not node.exports:
            continue
        key = (node.cluster, node.id in ready)
        found.endpoints[key] = found.endpoints.get(key, 0) + 1
        for name in _by_service(node, settings.namespaces):
            groups[name].append(octets)
    for namespace, service in sorted(groups):
        members = []
        for octets in groups.pop((namespace, service)):
            pause()
            node = unpacked(octets)
            exports = [one for one in node.exports if one[:2] == (namespace, service)]
            members.append(_Member(node, exports))
        pause()
        found.namespaces.add(namespace)
        made = _service(namespace, service, members, ready, settings, found.conflicts)
        found.counts[made.type] += 1
        found.packed.append(packed(made))
    return found


def _by_service(node: Node, namespaces: Collection[str]) -> dict[tuple[str, str], None]:
    """The services that the node exports, each once."""
    return {
        export[:2]: None
        for export in node.exports
        if not namespaces or export.namespace in namespaces
    }


def _service(
    namespace: str,
    name: str,
    members: list[_Member],
    ready: Collection[str],
    settings: Settings,
    conflicts: dict[str, list[str]],
) -> Service:
    members = _oldest_first(members)
    headless = members[0].headless
    shown = f"{name}.{namespace}"
    if any(member.both or member.headless != headless for member in members):
        conflicts["type"].append(f"{shown} is exported as headless and as ClusterSetIP")
    ports, lost = _united(members)
    conflicts["port"] += [f"{shown}: port {text}" for text in lost]
    if not headless:
        gateways = [
            member
            for member in members
            if member.node.role != NAMED and (member.node.v4 or member.node.v6)
        ]
        conflicts["port"] += [f"{shown}: {text}" for text in _partial(gateways, ports)]
    backends = [_backend(member, ports, ready, settings.cluster) for member in members]
    backends = _ordered(members, backends)
    named = [] if headless else _endpoints(_of_role(backends, NAMED), settings)
    chosen = _endpoints(backends, settings) if headless else _gateways(backends, settings)
    if settings.max_answers:
        chosen = chosen[: settings.max_answers]
    clusters = sorted({member.node.cluster for member in members})
    return Service(
        namespace, name, headless, tuple(chosen), tuple(sorted(ports.values())),
        tuple(clusters), tuple(named),
    )  # fmt: skip


def _oldest_first(members: list[_Member]) -> list[_Member]:
    """Clusters by the age of their export, then the nodes of each by age."""
    age: dict[str, float] = {}
    for member in members:
        node = member.node
        age[node.cluster] = min(age.get(node.cluster, math.inf), node.created)

    def order(member: _Member) -> tuple[float, str, float, int, str]:
        node = member.node
        return age[node.cluster], node.cluster, node.created, node.number, node.id

    return sorted(members, key=order)


def _united(members: list[_Member]) -> tuple[dict[tuple[str, str, int], Port], list[str]]:
    """The ports that count, by what makes them the same, and the ones that lost, as text."""
    ports: dict[tuple[str, str, int], Port] = {}
    lost: dict[str, None] = {}
    for member in members:
        for port in member.ports:
            winner = ports.setdefault(port.key, port)
            if winner != port:
                lost[f"{port.name}/{port.protocol} is {winner.number}, not {port.number}"] = None
    return ports, list(lost)


def _partial(members: list[_Member], ports: dict[tuple[str, str, int], Port]) -> Iterator[str]:
    """Ports that some gateways lack although the one name stands for all of them.

    One that lost to another number has been named already.
    """
    for port in ports.values():
        same = [port in member.ports for member in members]
        contradicted = any(
            other.key == port.key and other != port for member in members for other in member.ports
        )
        if not all(same) and not contradicted:
            yield (
                f"port {port.name or port.number}/{port.protocol} is exported by "
                f"{sum(same)} of {len(same)} gateways"
            )


def _backend(
    member: _Member,
    ports: dict[tuple[str, str, int], Port],
    ready: Collection[str],
    cluster: str,
) -> Backend:
    node = member.node
    return Backend(
        node.cluster,
        node.label,
        node.cluster == cluster,
        node.id in ready,
        node.v4,
        node.v6,
        tuple(port for port in member.ports if ports[port.key] == port),
        node.role,
    )


def _of_role(backends: list[Backend], *roles: str) -> list[Backend]:
    return [backend for backend in backends if backend.role in roles]


def _ordered(members: list[_Member], backends: list[Backend]) -> list[Backend]:
    """The local cluster first, then by cluster and node."""
    numbered = [(member.node.number, member.node.id) for member in members]
    pairs = sorted(
        zip(backends, numbered, strict=True),
        key=lambda pair: (not pair[0].local, pair[0].cluster, pair[1]),
    )
    return [backend for backend, _ in pairs]


def _admitted(backends: list[Backend], policy: str) -> list[Backend]:
    if policy == "local_only":
        return [backend for backend in backends if backend.local]
    if policy == "remote_only":
        return [backend for backend in backends if not backend.local]
    return backends


def _preferred(backends: list[Backend], policy: str) -> list[Backend]:
    if policy == "prefer_local" and any(backend.local for backend in backends):
        return [backend for backend in backends if backend.local]
    return backends


def _gateways(backends: list[Backend], settings: Settings) -> list[Backend]:
    """The ready ones; all of them if none is: DNS must not turn a blip into an outage."""
    gateways = [one for one in _of_role(backends, GATEWAY, VIP) if one.addresses]
    admitted = _admitted(gateways, settings.policy)
    ready = [backend for backend in admitted if backend.ready]
    return _preferred(_represented(ready), settings.policy) or _represented(admitted)


def _represented(backends: list[Backend]) -> list[Backend]:
    """Without the gateways of clusters in which the service has an address of its own."""
    own = {backend.cluster for backend in backends if backend.role == VIP}
    return [one for one in backends if one.role == VIP or one.cluster not in own]


def _endpoints(backends: list[Backend], settings: Settings) -> list[Backend]:
    """The ready ones; nodes of one cluster with one label are one endpoint."""
    merged: dict[tuple[str, str], Backend] = {}
    for backend in _admitted(backends, settings.policy):
        if not backend.ready or not backend.addresses or backend.role == VIP:
            continue
        key = (backend.cluster, backend.label)
        known = merged.get(key)
        merged[key] = backend if known is None else _joined(known, backend)
    return _preferred(list(merged.values()), settings.policy)


def _joined(one: Backend, other: Backend) -> Backend:
    return one._replace(
        v4=tuple(dict.fromkeys(one.v4 + other.v4)),
        v6=tuple(dict.fromkeys(one.v6 + other.v6)),
        ports=tuple(dict.fromkeys(one.ports + other.ports)),
    )
