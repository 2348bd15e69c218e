"""Which addresses of a catalog are believed."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address
from typing import Any

import pytest

from corepy_plugins.k8s_cross.imports import Import, read
from corepy_plugins.k8s_cross.node import Network, Node, Reading, network
from corepy_plugins.k8s_cross.trust import Limits, limits, trusted
from tests.support.headscale import node

NONE: dict[str, tuple[Network, ...]] = {}


def read_node(number: int, *tags: str, **fields: Any) -> Node:
    found = Reading(node(number, *tags, **fields)).node
    assert found is not None
    return found


def net(text: str) -> Network:
    found = network(text)
    assert found is not None
    return found


def within(*networks: str, namespaces: frozenset[str] = frozenset()) -> Limits:
    """The limits of node 1 with these networks."""
    owner = read_node(1, "cluster--west", "mcs-catalog")
    return limits(owner, [], NONE, map(net, networks), namespaces)


def services(*items: dict[str, Any]) -> tuple[Import, ...]:
    whole = [{"namespace": "shop", "name": f"s{at}", **item} for at, item in enumerate(items)]
    found = read({"services": whole}, "west", lambda: None, forced=True)
    assert not found.faults
    return tuple(found.services)


@pytest.mark.parametrize(
    ("address", "networks", "good"),
    [
        ("100.64.0.1", [], True),
        ("fd7a:115c:a1e0::1", [], True),
        ("100.64.0.2", [], False),
        ("10.1.2.3", ["10.1.0.0/16"], True),
        ("10.2.0.0", ["10.1.0.0/16"], False),
        ("10.0.255.255", ["10.1.0.0/16"], False),
        ("10.1.2.3", ["10.1.2.3/32"], True),
        ("10.1.2.4", ["10.1.2.3/32"], False),
        ("10.2.0.0", ["10.1.0.0/16", "10.2.0.0/31"], True),
        ("2001:db8::5", ["2001:db8::/64"], True),
        ("2001:db8:0:1::5", ["2001:db8::/64"], False),
        ("32.1.13.184", ["2001:db8::/32"], False),
    ],
)
def test_inside(address: str, networks: list[str], good: bool) -> None:
    """Its own addresses, and prefixes of the same family."""
    assert within(*networks).test()(ip_address(address).packed) is good


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "10.0.0.0/33", "x", ""])
def test_no_network(text: str) -> None:
    """The route of an exit node is no reason to believe everything."""
    assert network(text) is None


def test_networks_are_those_of_routes_and_of_the_operator() -> None:
    """What is none is left out, and so is the route of an exit node."""
    owner = read_node(1, "cluster--west", "mcs-catalog")
    router = read_node(2, "cluster--west", subnetRoutes=["10.1.0.0/16", "x", "0.0.0.0/0"])
    allowed = [net("192.0.2.0/24")]
    found = limits(owner, [router], NONE, allowed)
    assert found.networks == {net("10.1.0.0/16"), net("192.0.2.0/24")}


def test_a_list_that_does_not_say() -> None:
    """Then the separate list of routes does (Headscale up to 0.25)."""
    owner = read_node(1, "cluster--west", "mcs-catalog")
    item = node(2, "cluster--west")
    del item["subnetRoutes"]
    router = Reading(item).node
    assert router is not None
    assert router.routes is None
    known = {"2": (net("10.1.0.0/16"),), "3": (net("10.2.0.0/16"),)}
    assert limits(owner, [router], known, []).networks == {net("10.1.0.0/16")}


def test_what_is_left_of_services() -> None:
    """Addresses one by one; a service stays, so that its type and ports still count."""
    dropped: Counter[str] = Counter()
    found = trusted(
        services(
            {"ips": ["10.1.0.1", "203.0.113.1"]},
            {"ips": ["203.0.113.1"]},
            {},
            {
                "type": "Headless",
                "endpoints": [
                    {"hostname": "a", "addresses": ["10.1.0.2", "203.0.113.2"]},
                    {"hostname": "b", "addresses": ["203.0.113.3"]},
                ],
            },
        ),
        within("10.1.0.0/16"),
        dropped,
    )
    some, none, silent, headless = found
    assert [str(ip_address(one)) for one in some.v4] == ["10.1.0.1"]
    assert (none.v4, none.v6, none.vip) == ((), (), True)
    assert [str(ip_address(one)) for one in silent.v4 + silent.v6] == [
        "100.64.0.1", "fd7a:115c:a1e0::1",
    ]  # fmt: skip
    assert not silent.vip
    assert [(one.hostname, len(one.v4)) for one in headless.endpoints] == [("a", 1)]
    assert dropped == {"address": 4}


def test_namespaces() -> None:
    """Others are left out, and counted."""
    bounds = within(namespaces=frozenset(("infra",)))
    dropped: Counter[str] = Counter()
    found = trusted(services({}, {"namespace": "infra"}), bounds, dropped)
    assert [one.namespace for one in found] == ["infra"]
    assert dropped == {"namespace": 1}
