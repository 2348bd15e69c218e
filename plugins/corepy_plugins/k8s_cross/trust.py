"""Which addresses of a catalog are believed: those that its cluster is known to be reached at.

An address must be one of the serving node's own, inside a route that Headscale has approved for a
node of the same cluster, or inside a network that the operator allows. So no cluster can draw
traffic for addresses of others, and no name leads where nobody routes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from corepy_plugins.k8s_cross.imports import Import
from corepy_plugins.k8s_cross.node import Network, Node


class Limits(NamedTuple):
    """What one catalog is measured by; no `namespaces` means any."""

    v4: tuple[bytes, ...]
    v6: tuple[bytes, ...]
    """The serving node's own addresses."""
    networks: frozenset[Network]
    namespaces: frozenset[str] = frozenset()

    def test(self) -> Callable[[bytes], bool]:
        """A function that says whether an address is inside."""
        own = frozenset(self.v4 + self.v6)
        prefixes = {
            (
                len(base),
                8 * len(base) - length,
                int.from_bytes(base, "big") >> 8 * len(base) - length,
            )
            for base, length in self.networks
        }
        kinds = {(size, shift) for size, shift, _ in prefixes}

        def inside(address: bytes) -> bool:
            if address in own:
                return True
            number = int.from_bytes(address, "big")
            return any(
                (size, shift, number >> shift) in prefixes
                for size, shift in kinds
                if size == len(address)
            )

        return inside


def limits(
    owner: Node,
    routers: Iterable[Node],
    routes: Mapping[str, tuple[Network, ...]],
    allowed: Iterable[Network],
    namespaces: frozenset[str] = frozenset(),
) -> Limits:
    """Those of one catalog; `routes` has the networks of routers whose list does not say."""
    networks = set(allowed)
    for node in routers:
        networks.update(node.routes or routes.get(node.id, ()))
    return Limits(owner.v4, owner.v6, frozenset(networks), namespaces)


def trusted(services: Iterable[Import], within: Limits, dropped: Counter[str]) -> Iterator[Import]:
    """The services with believed addresses only; what is left out is counted by its reason.

    A ClusterSetIP service that names no address is reached at the serving node, as if a tag of
    that node exported it; one whose addresses are not believed has none.
    """
    inside = within.test()

    def kept(addresses: tuple[bytes, ...]) -> tuple[bytes, ...]:
        good = tuple(filter(inside, addresses))
        dropped["address"] += len(addresses) - len(good)
        return good

    for service in services:
        if within.namespaces and service.namespace not in within.namespaces:
            dropped["namespace"] += 1
            continue
        endpoints = [one._replace(v4=kept(one.v4), v6=kept(one.v6)) for one in service.endpoints]
        good = tuple(one for one in endpoints if one.v4 or one.v6)
        if service.headless or service.v4 or service.v6:
            service = service._replace(v4=kept(service.v4), v6=kept(service.v6))
        else:
            service = service._replace(v4=within.v4, v6=within.v6, vip=False)
        yield service._replace(endpoints=good)
