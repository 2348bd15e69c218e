"""A service of the clusterset, and who answers for it."""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from typing import Any, NamedTuple

from corepy_plugins.k8s_cross.node import FORMAT, GATEWAY
from corepy_plugins.k8s_cross.tags import Port


class Backend(NamedTuple):
    """A gateway of a ClusterSetIP service, or an endpoint of a headless one."""

    cluster: str
    label: str
    local: bool
    ready: bool
    v4: tuple[bytes, ...]
    v6: tuple[bytes, ...]
    ports: tuple[Port, ...]
    role: str = GATEWAY

    @property
    def addresses(self) -> int:
        """How many items it adds to a port (the weight of an SRV record is a share of these)."""
        return len(self.v4) + len(self.v6)


class Service(NamedTuple):
    """One service over all clusters.

    `backends` are those to answer with, in the order of the answer; `ports` all it has, whether a
    backend serves them now or not; `clusters` all that export it; `named` are endpoints behind a
    ClusterSetIP that have names of their own. A headless service without backends does not exist
    in DNS.
    """

    namespace: str
    name: str
    headless: bool
    backends: tuple[Backend, ...]
    ports: tuple[Port, ...]
    clusters: tuple[str, ...]
    named: tuple[Backend, ...] = ()

    @property
    def type(self) -> str:
        """As ServiceImports call it."""
        return "Headless" if self.headless else "ClusterSetIP"


def packed(service: Service) -> bytes:
    """The service as octets, which cost the garbage collector nothing."""
    plain: Any = (
        *service[:3],
        _plain(service.backends),
        tuple(map(tuple, service.ports)),
        service.clusters,
        _plain(service.named),
    )
    return marshal.dumps(plain, FORMAT)


def unpacked(octets: bytes) -> Service:
    """The service that was packed."""
    *names, backends, ports, clusters, named = marshal.loads(octets)  # noqa: S302 - our own
    return Service._make(
        (*names, _backends(backends), tuple(map(Port._make, ports)), clusters, _backends(named))
    )


def _plain(backends: Iterable[Backend]) -> tuple[tuple[Any, ...], ...]:
    return tuple((*one[:6], tuple(map(tuple, one.ports)), one.role) for one in backends)


def _backends(plain: Iterable[Any]) -> tuple[Backend, ...]:
    return tuple(
        Backend._make((*one, tuple(map(Port._make, ports)), role)) for *one, ports, role in plain
    )
