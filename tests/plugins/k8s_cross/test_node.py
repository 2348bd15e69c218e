"""One item of the node list: which facts are read, and what is refused."""

from __future__ import annotations

import gc
import json
import math
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy_plugins.k8s_cross.node import (
    ONLINE,
    Node,
    Reading,
    host_label,
    packed,
    timestamp,
    unpacked,
    usable,
)
from corepy_plugins.k8s_cross.tags import Export
from tests.support.headscale import node

WEB = "mcs--web--shop"


def facts(**fields: Any) -> Node:
    """The node read from an item with a service and these fields."""
    found = Reading(node(1, WEB, **fields)).node
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "given_name", "label"),
    [
        ("db-0", "db-0", "db-0"),
        ("db-0", "db-0-1", "db-0"),
        ("db-0", "db-0-x7k2p9qa", "db-0"),
        ("db-0", "postgres", "postgres"),
        ("db-0", "db-0-primary", "db-0-primary"),
        ("DB_0.example.org", "db-0-example-org", "db-0-example-org"),
        ("DB_0.example.org", "db0exampleorg", "db-0-example-org"),
        ("DB_0.example.org", "db0exampleorg-3", "db-0-example-org"),
        ("Upper", "upper", "upper"),
        ("upper", "Upper", "upper"),
        ("", "given", "given"),
        ("name", "", "name"),
        ("--.--", "given", "given"),
        ("größe", "gre", "gr--e"),
        ("-edge-", "edge", "edge"),
        ("x" * 70, "x" * 63, "x" * 63),
        ("a" * 62 + ".b", "a" * 62, "a" * 62),
        ("", "", ""),
    ],
)
def test_host_label(name: str, given_name: str, label: str) -> None:
    """The host's own name, unless an administrator chose another."""
    assert host_label(name, given_name) == label


@pytest.mark.parametrize(
    ("addresses", "label"),
    [
        (["100.64.0.9", "fd7a::9"], "100-64-0-9"),
        (["fd7a:115c:a1e0::9"], "fd7a-115c-a1e0--9"),
        (["fd7a:115c:a1e0::"], "fd7a-115c-a1e0--0"),
    ],
)
def test_a_node_without_names_is_called_by_its_address(addresses: list[str], label: str) -> None:
    """As CoreDNS calls an endpoint without a hostname."""
    assert facts(name="", givenName="", ipAddresses=addresses).label == label


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-07-01T10:00:00Z", 1782900000.0),
        ("2026-07-01T10:00:00.5Z", 1782900000.5),
        ("2026-07-01T10:00:00.12345678Z", 1782900000.123456),
        ("2026-07-01T10:00:00.123456789Z", 1782900000.123456),
        ("2026-07-01T12:00:00+02:00", 1782900000.0),
        ("1970-01-01T00:02:03Z", 123.0),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1782900000, None),
        (["2026-07-01T10:00:00Z"], None),
    ],
)
def test_timestamp(value: object, seconds: float | None) -> None:
    """Any number of digits; Go's zero time means that there is none."""
    assert timestamp(value) == (None if seconds is None else pytest.approx(seconds, abs=1e-6))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("100.64.0.1", ""),
        ("fd7a:115c:a1e0::1", ""),
        ("192.168.1.1", ""),
        ("100.64.0.1/10", "malformed"),
        ("::ffff:1.2.3.4", "malformed"),
        ("fe80::1%eth0", "malformed"),
        ("100.064.0.1", "malformed"),
        ("host.example", "malformed"),
        ("", "malformed"),
        ("0.0.0.0", "unusable"),
        ("::", "unusable"),
        ("127.0.0.1", "unusable"),
        ("::1", "unusable"),
        ("224.0.0.1", "unusable"),
        ("ff02::1", "unusable"),
        ("169.254.1.1", "unusable"),
        ("fe80::1", "unusable"),
    ],
)
def test_addresses(text: str, reason: str) -> None:
    """Only what a client can reach is answered."""
    address, found = usable(text)
    assert found == reason
    assert address == (None if reason else ip_address(text))


@pytest.mark.parametrize(
    ("tags", "given_name", "cluster"),
    [
        (["cluster--east"], "x", "east"),
        (["cluster--c--reg"], "x", "c.reg"),
        (["cluster--west", "cluster--east"], "x", "east"),
        ([], "east-tsgateway", "east"),
        ([], "East-tsgateway-12", "east"),
        ([], "east-tsgateway-ab12cd34", "east"),
        ([], "east-tsgateway-abc", "default-cluster"),
        ([], "-tsgateway", "default-cluster"),
        ([], "gateway", "default-cluster"),
        (["cluster--west"], "east-tsgateway", "west"),
    ],
)
def test_cluster(tags: list[str], given_name: str, cluster: str) -> None:
    """A tag, else the gateway's given name, else the default."""
    found = Reading(node(1, WEB, *tags, givenName=given_name)).node
    assert found is not None
    assert found.cluster == cluster


def test_the_fallback_reads_the_given_name_only() -> None:
    """The raw name is the client's to choose."""
    assert facts(name="east-tsgateway", givenName="other").cluster == "default-cluster"


def test_two_cluster_tags_are_noted() -> None:
    """The first in the alphabet counts, and the operator hears of it."""
    assert Reading(node(1, WEB, "cluster--b", "cluster--a")).ambiguous
    assert not Reading(node(1, WEB, "cluster--b")).ambiguous
    assert not Reading(node(1, "cluster--b", "cluster--a")).ambiguous


def test_only_permitted_tags_count() -> None:
    """Those that a client claims, and those of its key, do not."""
    item = node(
        1,
        forcedTags=["tag:mcs--a--n"],
        validTags=["tag:mcs--b--n", "tag:mcs--a--n"],
        invalidTags=["tag:mcs--c--n"],
        preAuthKey={"aclTags": ["tag:mcs--d--n"]},
    )
    item["tags"] = ["tag:mcs--e--n"]
    found = Reading(item).node
    assert found is not None
    assert [export.service for export in found.exports] == ["a", "b", "e"]


def test_spellings_add_up() -> None:
    """The same export in both spellings is one."""
    found = Reading(node(1, "mcs--web--shop", "mcs.web.shop", "mcs.web.shop.tcp.80")).node
    assert found is not None
    assert found.exports[0] == Export("shop", "web", False)
    assert len(found.exports) == 2


def test_clustersets() -> None:
    """Several are possible; without any it is the default one."""
    found = Reading(node(1, WEB, "clusterset--a", "clusterset--b")).node
    assert found is not None
    assert found.clustersets == {"a", "b"}
    assert facts().clustersets == {"default-clusterset"}


def test_facts_of_a_plain_item() -> None:
    """Times in seconds, addresses in network order and each once."""
    found = facts(ipAddresses=["fd7a::1", "100.64.0.1", "100.64.0.1"], expiry=None)
    assert found.v4 == (b"\x64\x40\0\1",)
    assert found.v6 == (ip_address("fd7a::1").packed,)
    assert found.expiry == math.inf
    assert found.created == timestamp("2025-01-01T00:01:00Z")
    assert found.number == 1


@pytest.mark.parametrize("ipAddresses", [[], None, "100.64.0.1", ["127.0.0.1"], [None, 7]])
def test_a_node_without_an_address_exports_nothing(ipAddresses: object) -> None:  # noqa: N803
    """There is nothing to answer."""
    assert Reading(node(1, WEB, ipAddresses=ipAddresses)).node is None


def test_a_node_without_exports_is_only_looked_at_for_its_presence() -> None:
    """Laptops are on the same network."""
    reading = Reading(node(1, "server", online=False, lastSeen="1970-01-01T00:01:00Z"))
    assert reading.node is None
    assert reading.presence == 60.0
    assert Reading(node(1)).presence == ONLINE


def test_an_item_that_says_nothing_is_refused() -> None:
    """Neither id nor address: nobody to speak of."""
    with pytest.raises(ValueError, match="neither"):
        Reading({"name": "x"})


JUNK: list[Any] = [None, 7, -1, 1e300, True, "", "x", [], ["y"], [None], {}, {"z": 1}]
FIELDS = [
    "id",
    "ipAddresses",
    "name",
    "givenName",
    "online",
    "lastSeen",
    "expiry",
    "createdAt",
    "tags",
    "forcedTags",
    "validTags",
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_a_field_of_a_wrong_type_counts_as_absent(field: str, junk: object) -> None:
    """Whatever comes, the rest of the item is read."""
    item = node(1, WEB)
    item[field] = junk
    reading = Reading(item)
    assert reading.id
    if field not in ("ipAddresses", "tags"):
        assert reading.node is not None
        assert reading.node.exports == (Export("shop", "web", False),)


@given(st.text(), st.text())
def test_any_name_yields_a_label(name: str, other: str) -> None:
    """Dots, stars, control characters, other scripts: a legal label, or none at all."""
    label = host_label(name, other)
    assert len(label) < 64
    assert not label.startswith("-")
    assert not label.endswith("-")
    assert label.isascii()
    assert "." not in label


@pytest.mark.parametrize(
    ("name", "given", "exports"),
    [
        ("web.shop", "web-shop", [("shop", "web")]),
        ("Web.Shop", "", [("shop", "web")]),
        ("laptop", "web--shop", [("shop", "web")]),
        ("web.shop", "api--shop", [("shop", "api"), ("shop", "web")]),
        ("web-shop", "web-shop", []),
        ("web.shop.east", "web--shop--east", []),
        ("web.", "web--", []),
        (".shop", "--shop", []),
        ("web_1.shop", "web---shop", []),
        ("web..shop", "a--b--c---d", []),
        ("xweb.shopx", "", [("shopx", "xweb")]),
        ("", "", []),
    ],
)
def test_names_as_exports(name: str, given: str, exports: list[tuple[str, str]]) -> None:
    """The whole name, in two spellings; a ClusterSetIP service without ports."""
    item = node(1, "mcs--tagged--shop", name=name, givenName=given)
    by_name = Reading(item, "names").node
    assert (
        [(one.namespace, one.service) for one in by_name.exports] == exports
        if by_name
        else (not exports)
    )
    both = Reading(item, "both").node
    assert both is not None
    assert {one[:2] for one in both.exports} == {("shop", "tagged"), *exports}
    assert all(one.port is None and not one.headless for one in both.exports)
    by_tag = Reading(item).node
    assert by_tag is not None
    assert [one.service for one in by_tag.exports] == ["tagged"]


@pytest.mark.parametrize(
    "item",
    [
        node(1, "cluster--a--b", "mcs--web--shop--tcp--80--http", "mcsh--db--shop"),
        node(2, "clusterset--a", "clusterset--b", "mcs--web--shop", createdAt=None, online=False),
        node(3, "cluster--a", "mcs-catalog", subnetRoutes=["10.0.0.0/8", "fd00::/8"]),
        {**node(4, "mcs--web--shop"), "ipAddresses": ["fd7a::4"]},
    ],
)
def test_packing(item: dict[str, Any]) -> None:
    """A node comes back as it was, and the same node is the same octets."""
    one, other = Reading(item).node, Reading(json.loads(json.dumps(item))).node
    assert one is not None
    assert other is not None
    assert unpacked(packed(one)) == one
    assert packed(one) == packed(other)
    assert not gc.is_tracked(packed(one))
