"""Merging exports of several clusters into services: precedence, conflicts, policies."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from corepy_plugins.k8s_cross import node as nodes_of
from corepy_plugins.k8s_cross.node import Node, Reading
from corepy_plugins.k8s_cross.service import Service, packed, unpacked
from corepy_plugins.k8s_cross.services import Catalogue, catalogue
from corepy_plugins.k8s_cross.settings import Settings
from tests.support.headscale import node

NOW = 1.8e9


def member(number: int, cluster: str, *tags: str, **fields: Any) -> Node:
    """A node of a cluster; a higher number is a younger one."""
    found = Reading(node(number, f"cluster--{cluster}", *tags, **fields)).node
    assert found is not None
    return found


def merged(nodes: list[Node], ready: str = "123456789", **settings: Any) -> Catalogue:
    """The catalogue in cluster east; `ready` has the ids of ready nodes."""
    return catalogue(
        map(nodes_of.packed, nodes),
        set(ready),
        NOW,
        Settings(cluster="east", **settings),
        pause=lambda: None,
    )


def only(nodes: list[Node], ready: str = "123456789", **settings: Any) -> Service:
    """The one service of these nodes."""
    (service,) = merged(nodes, ready, **settings).services
    return service


def first_of(found: Catalogue) -> Service:
    """The first service of a catalogue."""
    return next(found.services)


def answering(service: Service) -> str:
    """The last octet of each backend's IPv4 address, in order."""
    return "".join(str(backend.v4[0][3]) for backend in service.backends)


def ports(service: Service) -> list[str]:
    """As text."""
    return [f"{port.name}/{port.protocol}={port.number}" for port in service.ports]


WEB = "mcs--web--shop"
DB = "mcsh--db--shop"


def test_clusters_are_united() -> None:
    """One service, the local cluster first, then by cluster and age."""
    service = only(
        [member(1, "west", WEB), member(2, "north", WEB), member(3, "east", WEB),
         member(4, "north", WEB)]
    )  # fmt: skip
    assert answering(service) == "3241"
    assert service.clusters == ("east", "north", "west")
    assert not service.headless


@pytest.mark.parametrize(
    ("first", "second", "headless"),
    [(WEB, "mcsh--web--shop", False), ("mcsh--web--shop", WEB, True)],
)
def test_the_oldest_export_decides_the_type(first: str, second: str, headless: bool) -> None:
    """All nodes serve under it, and the contradiction is counted."""
    found = merged([member(2, "west", second), member(1, "east", first)])
    assert first_of(found).headless is headless
    assert len(first_of(found).backends) == 2
    assert len(found.conflicts["type"]) == 1


def test_a_cluster_is_as_old_as_its_oldest_node() -> None:
    """Even if its other node is the youngest of all."""
    found = merged(
        [member(1, "west", "mcsh--web--shop"), member(2, "east", WEB), member(3, "west", WEB)]
    )
    assert first_of(found).headless


def test_an_unknown_age_gives_way() -> None:
    """A node without createdAt counts as newest."""
    unknown = member(1, "east", WEB, createdAt=None)
    assert only([unknown, member(2, "west", "mcsh--web--shop")]).headless


def test_equal_age_is_decided_by_the_cluster_name() -> None:
    """Any rule will do, but it must be one."""
    created = "2026-01-01T00:00:00Z"
    one = member(1, "west", WEB, createdAt=created)
    other = member(2, "east", "mcsh--web--shop", createdAt=created)
    assert only([one, other]).headless


def test_one_node_with_both_types_is_cluster_set_ip() -> None:
    """And a conflict with itself."""
    found = merged([member(1, "east", WEB, "mcsh--web--shop--tcp--80")])
    assert not first_of(found).headless
    assert len(found.conflicts["type"]) == 1
    assert ports(first_of(found)) == ["/tcp=80"]


@pytest.mark.parametrize(
    ("tags", "united", "lost"),
    [
        (("tcp--80--http", "tcp--80--http"), ["http/tcp=80"], 0),
        (("tcp--80--http", "tcp--8080--http"), ["http/tcp=80"], 1),
        (("tcp--8080--http", "tcp--80--http"), ["http/tcp=8080"], 1),
        (("tcp--53--dns", "udp--53--dns"), ["dns/tcp=53", "dns/udp=53"], 2),
        (("tcp--80--http", "tcp--80--web"), ["http/tcp=80", "web/tcp=80"], 2),
        (("tcp--80", "tcp--81"), ["/tcp=80", "/tcp=81"], 2),
        (("tcp--80", "tcp--80--http"), ["/tcp=80", "http/tcp=80"], 2),
        (("tcp--80", "udp--80"), ["/tcp=80", "/udp=80"], 2),
    ],
)
def test_ports_are_united(tags: tuple[str, str], united: list[str], lost: int) -> None:
    """By name and protocol, unnamed ones by number; `lost` are conflicts, partial ports
    included."""
    first, second = tags
    found = merged([member(1, "east", f"{WEB}--{first}"), member(2, "west", f"{WEB}--{second}")])
    assert ports(first_of(found)) == united
    assert len(found.conflicts["port"]) == lost


def test_a_lost_port_belongs_to_nobody() -> None:
    """Neither to the node that exports it, nor to the service."""
    service = only([member(1, "east", f"{WEB}--tcp--80--http"),
                    member(2, "west", f"{WEB}--tcp--8080--http")])  # fmt: skip
    assert [len(backend.ports) for backend in service.backends] == [1, 0]


def test_one_node_with_two_numbers_for_a_name() -> None:
    """The order of tags means nothing: the lower number wins."""
    service = only([member(1, "east", f"{WEB}--tcp--8080--http", f"{WEB}--tcp--80--http")])
    assert ports(service) == ["http/tcp=80"]


def test_partial_ports_are_no_conflict_of_headless_services() -> None:
    """There each endpoint has its own."""
    found = merged([member(1, "east", f"{DB}--tcp--1--a"), member(2, "east", f"{DB}--tcp--2--b")])
    assert found.conflicts == {"type": [], "port": []}


@pytest.mark.parametrize(
    ("policy", "ready", "gateways", "endpoints"),
    [
        ("all", "1234", "1324", "1324"),
        ("all", "24", "24", "24"),
        ("all", "", "1324", ""),
        ("prefer_local", "1234", "13", "13"),
        ("prefer_local", "24", "24", "24"),
        ("prefer_local", "34", "3", "3"),
        ("prefer_local", "", "1324", ""),
        ("local_only", "1234", "13", "13"),
        ("local_only", "24", "13", ""),
        ("local_only", "3", "3", "3"),
        ("remote_only", "1234", "24", "24"),
        ("remote_only", "13", "24", ""),
    ],
)
def test_policy(policy: str, ready: str, gateways: str, endpoints: str) -> None:
    """Nodes 1 and 3 are local. Gateways fail open, endpoints do not."""
    for tag, expected in ((WEB, gateways), ("mcsh--web--shop", endpoints)):
        nodes = [member(number, "we"[number % 2] + "ast", tag) for number in (1, 2, 3, 4)]
        nodes = [node._replace(cluster="east" if node.number % 2 else "west") for node in nodes]
        assert answering(only(nodes, ready, policy=policy)) == expected


@pytest.mark.parametrize("policy", ["local_only", "remote_only"])
def test_a_policy_that_leaves_nobody(policy: str) -> None:
    """The service is still known."""
    cluster = "west" if policy == "local_only" else "east"
    service = only([member(1, cluster, f"{WEB}--tcp--80--http")], policy=policy)
    assert service.backends == ()
    assert ports(service) == ["http/tcp=80"]


def test_max_answers_takes_the_first() -> None:
    """Local ones first, so the subset is the same each time."""
    nodes = [member(1, "west", WEB), member(2, "west", WEB), member(3, "east", WEB)]
    assert answering(only(nodes, max_answers=2)) == "31"
    assert answering(only(nodes, max_answers=0)) == "312"


def test_nodes_of_one_label_are_one_endpoint() -> None:
    """With the addresses and ports of both, if both are ready."""
    nodes = [
        member(1, "east", f"{DB}--tcp--1--a", name="db-0"),
        member(2, "east", f"{DB}--tcp--2--b", name="db-0", givenName="db-0-1"),
        member(3, "west", f"{DB}--tcp--1--a", name="db-0", givenName="db-0-2"),
    ]
    one, other = only(nodes).backends
    assert [address[3] for address in one.v4] == [1, 2]
    assert [port.number for port in one.ports] == [1, 2]
    assert other.cluster == "west"
    one, other = only(nodes, "23").backends
    assert [address[3] for address in one.v4] == [2]


def test_clusterset() -> None:
    """A filter: staging must not leak into production."""
    nodes = [
        member(1, "east", WEB, "clusterset--staging"),
        member(2, "east", WEB, "clusterset--production", "clusterset--staging"),
        member(3, "east", WEB),
    ]
    assert answering(only(nodes)) == "3"
    assert answering(only(nodes, clusterset="production")) == "2"
    assert answering(only(nodes, clusterset="staging")) == "12"
    assert merged(nodes, clusterset="other").packed == []


def test_expired_nodes_are_out() -> None:
    """At once, and the next expiry is known."""
    nodes = [
        member(1, "east", WEB, expiry="2020-01-01T00:00:00Z"),
        member(2, "east", WEB, expiry="2100-01-01T00:00:00Z"),
    ]
    found = merged(nodes)
    assert answering(first_of(found)) == "2"
    assert found.expires == nodes[1].expiry
    assert found.endpoints == {("east", True): 1}


def test_namespaces() -> None:
    """Only these are there, if any are named."""
    nodes = [member(1, "east", WEB, "mcs--a--infra")]
    assert merged(nodes).namespaces == {"shop", "infra"}
    found = merged(nodes, namespaces=frozenset(("infra",)))
    assert found.namespaces == {"infra"}
    assert [service.name for service in found.services] == ["a"]


def test_a_headless_service_without_endpoints_keeps_its_namespace() -> None:
    """It is known, and has nothing to answer with."""
    found = merged([member(1, "east", DB)], ready="")
    assert found.namespaces == {"shop"}
    assert first_of(found).backends == ()
    assert found.endpoints == {("east", False): 1}


def test_packing() -> None:
    """A service comes back as it was, and costs the garbage collector nothing."""
    nodes = [
        member(1, "east", "mcs--web--shop--tcp--80--http", WEB),
        member(2, "west", "mcs--web--shop--udp--53"),
    ]
    service = only(nodes)
    octets = packed(service)
    assert unpacked(octets) == service
    assert isinstance(unpacked(octets).backends[0].ports[0].key, tuple)
    assert not gc.is_tracked(octets)
