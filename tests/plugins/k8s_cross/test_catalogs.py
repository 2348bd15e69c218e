"""Catalogs of other clusters: fetched, bounded, believed or not, kept. Times are shortened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from corepy import metrics, wire
from corepy_plugins.k8s_cross import catalog, catalogs
from corepy_plugins.k8s_cross.catalogs import Catalogs
from corepy_plugins.k8s_cross.imports import Document
from corepy_plugins.k8s_cross.listing import Body, Malformed, routes
from corepy_plugins.k8s_cross.node import Node, Reading
from tests.plugins.k8s_cross.world import World, told, until, world
from tests.support.catalogs import Peer, service, serving
from tests.support.headscale import Headscale, Item, headscale, node

pytestmark = pytest.mark.usefixtures("impatient")
ROUTED = "10.2.0.0/16"
WEB = service(ips=["10.2.0.1"], ports=[{"name": "http", "port": 80}])


def west(number: int = 2, *tags: str, **fields: Any) -> Item:
    """A node of cluster west with a catalog, and a route to its services."""
    tags = ("cluster--west", "mcs-catalog", *tags)
    return node(number, *tags, **{"subnetRoutes": [ROUTED], **fields})


@asynccontextmanager
async def peering(
    monkeypatch: pytest.MonkeyPatch, peers: dict[str, Peer], *items: Item, **options: Any
) -> AsyncIterator[tuple[World, Headscale]]:
    """A world with these nodes, whose catalogs are at the peers instead of at their addresses."""
    monkeypatch.setattr(catalog, "url", lambda one: peers[one.id].url)
    async with (
        serving(*peers.values()),
        headscale(options.pop("generation", "0.30"), *items) as server,
        world(server, cluster="east", **options) as w,
    ):
        # The start waits for them too, but on a busy machine not always long enough.
        await until(lambda: all(one.first.is_set() for one in found(w)))
        yield w, server


def found(w: World) -> list[Catalogs]:
    return [one for one in w.companions if isinstance(one, Catalogs)]


def loop_of(w: World) -> Catalogs:
    (one,) = found(w)
    return one


def rejected(reason: str) -> float:
    name = "coredns_k8s_cross_catalog_rejected_total"
    return metrics.counter(name, "", "reason").labels(reason).value


async def test_services_of_a_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are there when the start ends, and follow what the catalog says."""
    endpoints = [{"hostname": "db-0", "addresses": ["10.2.0.7"], "zone": "eu-1a"}]
    peer = Peer("west", WEB, service("db", type="Headless", endpoints=endpoints))
    async with peering(monkeypatch, {"2": peer}, west()) as (w, _):
        assert told(w, "web.shop.svc") == "OK 1"
        assert len(w.answer("_http._tcp.web.shop.svc", wire.SRV).answer) == 1
        assert told(w, "db-0.west.db.shop.svc") == "OK 7"
        peer.put(service(ips=["10.2.0.9"]))
        await until(lambda: told(w, "web.shop.svc") == "OK 9")
        assert told(w, "db.shop.svc") == "NXDOMAIN"
        peer.put()
        await until(lambda: told(w, "web.shop.svc") == "NXDOMAIN")


async def test_tags_and_catalogs_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of a service stands for its own cluster only."""
    east = node(1, "cluster--east", "mcs--web--shop--tcp--80--http")
    tagged = node(3, "cluster--west", "mcs--web--shop--tcp--80--http")
    peer = Peer("west", WEB)
    async with peering(monkeypatch, {"2": peer}, east, west(), tagged) as (w, _):
        assert [one.rdata[0] for one in w.answer("web.shop.svc").answer] == [100, 10]


async def test_a_service_without_an_address_is_at_the_serving_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if that node had the tag."""
    async with peering(monkeypatch, {"2": Peer("west", service())}, west()) as (w, _):
        assert told(w, "web.shop.svc") == "OK 2"
        assert len(w.answer("web.shop.svc", wire.AAAA).answer) == 1


# ---- trust


async def test_addresses_that_nobody_routes(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    """They are left out and counted; with the route they are there, without it gone again."""
    before = rejected("address")
    peer = Peer("west", service(ips=["10.9.0.9"]))
    async with peering(monkeypatch, {"2": peer}, west()) as (w, server):
        assert told(w, "web.shop.svc") == "OK"
        assert rejected("address") == before + 1
        assert any("1 addresses are neither its own nor routed" in line for line in log)
        server.nodes = [west(), node(3, "cluster--west", subnetRoutes=["10.9.0.0/24"])]
        await until(lambda: told(w, "web.shop.svc") == "OK 9")
        server.nodes = [west(), node(3, "cluster--north", subnetRoutes=["10.9.0.0/24"])]
        await until(lambda: told(w, "web.shop.svc") == "OK")


async def test_routes_while_headscale_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No route is in use until the clients are back; what is approved and announced counts."""
    peer = Peer("west", WEB)
    both = [ROUTED, "10.3.0.0/16"]
    approved: dict[str, Any] = {"approvedRoutes": both, "availableRoutes": [ROUTED]}
    async with peering(monkeypatch, {"2": peer}, west(**approved)) as (w, server):
        assert w.says("web.shop.svc") == "OK 1/300"
        server.nodes = [west(online=False, subnetRoutes=[], **approved)]
        asked = len(server.asked)
        await until(lambda: len(server.asked) > asked + 4)
        assert w.says("web.shop.svc") == "OK 1/300"
        peer.put(service(ips=["10.3.0.9"]))
        await until(lambda: w.says("web.shop.svc") == "OK")


async def test_allow_cidr(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operator knows to be reached otherwise."""
    peer = Peer("west", service(ips=["10.9.0.9"]))
    allowed = ((b"\x0a\x09\0\0", 16),)
    async with peering(monkeypatch, {"2": peer}, west(), allow_cidr=allowed) as (w, _):
        assert told(w, "web.shop.svc") == "OK 9"


async def test_allow_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """For catalogs only."""
    peer = Peer("west", WEB)
    mine = node(1, "mcs--api--shop")
    options = {"allow_namespaces": frozenset(("infra",))}
    async with peering(monkeypatch, {"2": peer}, west(), mine, **options) as (w, _):
        assert told(w, "web.shop.svc") == "NXDOMAIN"
        assert told(w, "api.shop.svc") == "OK 1"


@pytest.mark.parametrize("generation", ["0.22", "0.25"])
async def test_routes_of_old_versions(monkeypatch: pytest.MonkeyPatch, generation: str) -> None:
    """They have a list of their own, which is asked for only where there are catalogs."""
    peer = Peer("west", WEB)
    router = node(3, "cluster--west", subnetRoutes=[ROUTED])
    items = (west(subnetRoutes=[]), router)
    async with peering(monkeypatch, {"2": peer}, *items, generation=generation) as (w, server):
        assert told(w, "web.shop.svc") == "OK 1"
        server.nodes = [node(3, "cluster--west", "mcs--web--shop")]
        await until(lambda: told(w, "web.shop.svc") == "OK 3")
        count = sum("routes" in path for path, _ in server.asked)
        await asyncio.sleep(0.1)
        assert sum("routes" in path for path, _ in server.asked) <= count + 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cluster": "east"}, "cluster"),
        ({"cluster": "north"}, "cluster"),
        ({"cluster": None}, "cluster"),
        ({"clusterset": "staging"}, "clusterset"),
        ({"version": 2}, "malformed"),
        ({"version": None}, "malformed"),
        ({"generation": -1}, "malformed"),
        ({"generation": True}, "malformed"),
        ({"generation": "1"}, "malformed"),
        ({"services": None}, "malformed"),
    ],
)
async def test_a_catalog_of_somebody_else(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], reason: str
) -> None:
    """Whose it is follows from the tag; what contradicts it is not used at all."""
    before = rejected(reason)
    async with peering(monkeypatch, {"2": Peer("west", WEB, **fields)}, west()) as (w, _):
        assert told(w, "web.shop.svc") == "NXDOMAIN"
        assert rejected(reason) > before


async def test_a_service_of_another_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only it is left out."""
    before = rejected("service")
    peer = Peer("west", WEB, service("api", cluster="east"), service("own", cluster="west"), {})
    async with peering(monkeypatch, {"2": peer}, west()) as (w, _):
        assert told(w, "web.shop.svc") == "OK 1"
        assert told(w, "own.shop.svc") == "OK 2"
        assert told(w, "api.shop.svc") == "NXDOMAIN"
        assert rejected("service") == before + 2


async def test_whose_catalogs_are_not_asked(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    """Without a cluster tag, of another clusterset, expired, offline."""
    peers = {str(number): Peer("west", WEB) for number in range(2, 6)}
    items = [
        node(2, "mcs-catalog", name="west-tsgateway", givenName="west-tsgateway"),
        west(3, "clusterset--staging"),
        west(4, expiry="2001-01-01T00:00:00Z"),
        west(5, online=False),
    ]
    up = node(6, "mcs--api--shop")  # somebody must be online, or Headscale has just started
    async with peering(monkeypatch, peers, *items, up) as (w, server):
        await until(lambda: len(server.asked) > 3)
        assert told(w, "web.shop.svc") == "NXDOMAIN"
        assert not any(peer.asked for peer in peers.values())
        assert sum("no cluster tag" in line for line in log) == 1


# ---- failures


@pytest.mark.parametrize(
    "trouble", ["500", "404", "302", "304", "large", "bomb", "{", "[]", "null", "[" * 100_000]
)
async def test_the_last_good_one_stays(monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    """And the next good one counts."""
    peer = Peer("west", WEB)
    async with peering(monkeypatch, {"2": peer}, west()) as (w, _):
        peer.trouble, count = trouble, len(peer.asked)
        await until(lambda: bool(loop_of(w).faults) or trouble == "304")
        await until(lambda: len(peer.asked) > count + 1)
        assert told(w, "web.shop.svc") == "OK 1"
        peer.trouble = ""
        peer.put(service(ips=["10.2.0.9"]))
        await until(lambda: told(w, "web.shop.svc") == "OK 9")


async def test_one_that_hangs_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    """It costs its timeout and a line of the log, once."""
    monkeypatch.setattr(catalog, "TIMEOUT", 0.1)
    slow, quick = Peer("north", WEB), Peer("west", service("api"))
    slow.trouble = "hang"
    north = node(3, "cluster--north", "mcs-catalog")
    async with peering(monkeypatch, {"3": slow, "2": quick}, west(), north) as (w, _):
        assert told(w, "api.shop.svc") == "OK 2"
        await until(lambda: len(slow.asked) > 2)
        assert sum("no answer within 0.1 s" in line for line in log) == 1


async def test_a_peer_that_is_not_there(monkeypatch: pytest.MonkeyPatch, log: list[str]) -> None:
    """Said once, and again when it is back."""
    peer = Peer("west", WEB)
    async with headscale("0.30", west()) as server:
        monkeypatch.setattr(catalog, "url", lambda _: "http://127.0.0.1:1/")
        async with world(server) as w:
            await until(lambda: "2" in loop_of(w).faults)
            assert told(w, "web.shop.svc") == "NXDOMAIN"
            async with serving(peer):
                monkeypatch.setattr(catalog, "url", lambda _: peer.url)
                await until(lambda: told(w, "web.shop.svc") == "OK 1")
    assert sum("refused" in line for line in log) == 1
    assert sum("fetched again" in line for line in log) == 1


async def test_max_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog that could not be confirmed for so long is dropped; the list is another matter."""
    peer = Peer("west", WEB)
    async with peering(monkeypatch, {"2": peer}, west(), max_stale=0.4) as (w, _):
        assert told(w, "web.shop.svc") == "OK 1"
        peer.trouble = "500"
        await until(lambda: told(w, "web.shop.svc") == "NXDOMAIN")


async def test_it_is_asked_for_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """If-None-Match, gzip, and no new answers without a new catalog."""
    peer = Peer("west", WEB)
    peer.etag, peer.packed = '"one"', True
    async with peering(monkeypatch, {"2": peer}, west()) as (w, _):
        assert told(w, "web.shop.svc") == "OK 1"
        changes = w.changes
        await until(lambda: peer.asked[-2:] == ['"one"', '"one"'])
        assert w.changes == changes
        peer.put(service(ips=["10.2.0.9"]))
        peer.etag = '"two"'
        await until(lambda: told(w, "web.shop.svc") == "OK 9")
        peer.etag = "x" * 300
        await until(lambda: peer.asked[-2:] == ["", ""])


async def test_a_node_that_goes_takes_its_services_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that becomes another cluster's has to say so too."""
    peer = Peer("west", WEB)
    async with peering(monkeypatch, {"2": peer}, west()) as (w, server):
        server.nodes = [node(2, "cluster--north", "mcs-catalog")]
        await until(lambda: told(w, "web.shop.svc") == "NXDOMAIN")
        server.nodes = [west()]
        await until(lambda: told(w, "web.shop.svc") == "OK 1")
        server.nodes = [node(9, "mcs--api--shop")]
        await until(lambda: told(w, "web.shop.svc") == "NXDOMAIN")


async def test_an_offline_node_s_endpoints_are_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ClusterSetIP service without any other gateway is answered all the same."""
    endpoints = [{"hostname": "db-0", "addresses": ["10.2.0.7"]}]
    peer = Peer("west", WEB, service("db", type="Headless", endpoints=endpoints))
    others = [node(number, "mcs--other--shop") for number in (5, 6, 7)]
    items = (west(), *others)
    async with peering(monkeypatch, {"2": peer}, *items, offline_grace=0.05) as (w, server):
        assert told(w, "db.shop.svc") == "OK 7"
        server.nodes = [west(online=False), *others]
        await until(lambda: told(w, "db.shop.svc") == "NXDOMAIN")
        assert told(w, "web.shop.svc") == "OK 1"


async def test_several_catalogs_of_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of a ready node counts."""
    old, new = Peer("west", WEB, generation=4), Peer("west", service("api"), generation=5)
    others = [node(number, "mcs--other--shop") for number in (5, 6, 7)]
    items = (west(), west(3), *others)
    peers = {"2": old, "3": new}
    async with peering(monkeypatch, peers, *items, offline_grace=0.05) as (w, server):
        assert told(w, "api.shop.svc") == "OK 3"
        assert told(w, "web.shop.svc") == "NXDOMAIN"
        server.nodes = [west(), west(3, online=False), *others]
        await until(lambda: told(w, "web.shop.svc") == "OK 1")
        assert told(w, "api.shop.svc") == "NXDOMAIN"


async def test_a_bug_with_one_does_not_touch_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and all others are taken."""
    genuine = catalog.fetch

    async def fetch(client: Any, one: Node, *rest: Any) -> Any:
        if one.id == "3":
            raise ZeroDivisionError
        return await genuine(client, one, *rest)

    monkeypatch.setattr(catalogs, "fetch", fetch)
    peers = {"2": Peer("west", WEB), "3": Peer("north")}
    north = node(3, "cluster--north", "mcs-catalog")
    async with peering(monkeypatch, peers, west(), north) as (w, _):
        assert told(w, "web.shop.svc") == "OK 1"
        assert any(one.exc_info for one in caplog.records)


async def test_a_bug_does_not_end_the_fetching(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the next round comes."""
    peer = Peer("west", WEB)
    async with peering(monkeypatch, {"2": peer}, west()) as (w, _):
        with monkeypatch.context() as patch:
            patch.setattr(catalogs, "limits", lambda *_: 1 / 0)
            await until(lambda: any(one.exc_info for one in caplog.records))
        peer.put(service(ips=["10.2.0.9"]))
        await until(lambda: told(w, "web.shop.svc") == "OK 9")


async def test_caps(monkeypatch: pytest.MonkeyPatch, log: list[str]) -> None:
    """So many catalogs, so many services in one."""
    monkeypatch.setattr(catalogs, "MOST", 1)
    monkeypatch.setattr("corepy_plugins.k8s_cross.imports.SERVICES", 1)
    first, second = Peer("west", WEB), Peer("north", service("api"))
    north = node(3, "cluster--north", "mcs-catalog")
    async with peering(monkeypatch, {"2": first, "3": second}, west(), north) as (w, _):
        assert told(w, "web.shop.svc") == "OK 1"
        assert not second.asked
        assert sum("only 1 of 2 are fetched" in line for line in log) == 1
        first.put(WEB, service("api"))
        await until(lambda: "2" in loop_of(w).faults)
        assert told(w, "web.shop.svc") == "OK 1"
    assert any("more than 1 services; the last one stays in use" in line for line in log)


async def test_at_most_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait for their turn."""
    here, most = 0, 0

    async def fetch(_session: Any, one: Node, *_: Any) -> Any:
        nonlocal here, most
        here += 1
        most = max(most, here)
        await asyncio.sleep(0.001)
        here -= 1
        return catalog.Catalog(Document((), ()), 0, one.id.encode(), "")

    monkeypatch.setattr(catalogs, "fetch", fetch)
    items = [node(number, f"cluster--c{number}", "mcs-catalog") for number in range(1, 200)]
    async with headscale("0.30", *items) as server, world(server) as w:
        await until(lambda: len(loop_of(w).taken) == 199)
    assert most == catalogs.AT_ONCE == 64


# ---- what stays over a restart


async def test_a_reload_goes_on_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the peer is away, which is not waited for, until `max_stale`."""
    peer = Peer("west", WEB)
    async with peering(monkeypatch, {"2": peer}, west()) as (_, server):
        peer.trouble = "hang"
        started = time.monotonic()
        async with world(server, cluster="east") as second:
            assert time.monotonic() - started < 1
            assert told(second, "web.shop.svc") == "OK 1"
            peer.trouble = "500"
            async with world(server, cluster="east") as third:
                count = len(peer.asked)
                await until(lambda: len(peer.asked) > count + 3)
                assert told(third, "web.shop.svc") == "OK 1"
                server.nodes = [node(9, "mcs--api--shop")]
                await until(lambda: told(third, "web.shop.svc") == "NXDOMAIN")


async def test_the_snapshot_has_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With both Headscale and the peer away."""
    peer, path = Peer("west", WEB), tmp_path / "snapshot"
    async with peering(monkeypatch, {"2": peer}, west(), snapshot=path) as (w, _):
        await until(lambda: "catalog 2" in path.read_text())
    async with headscale("0.30", west()) as server:
        server.trouble, peer.trouble = "500", "500"
        text = path.read_text()
        path.write_text(text.replace(text[text.index("http://") :].split('"')[0], server.url))
        async with serving(peer), world(server, cluster="east", snapshot=path) as w:
            assert w.says("web.shop.svc") == "OK 1/30"
            server.trouble = peer.trouble = ""
            await until(lambda: w.says("web.shop.svc") == "OK 1/300")


async def test_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests by status, catalogs by cluster."""
    calls = metrics.counter("coredns_k8s_cross_catalog_requests_total", "", "code")
    before = calls.labels("200").value
    peer = Peer("west", WEB)
    async with peering(monkeypatch, {"2": peer, "3": peer}, west(), west(3)) as (_, _server):
        assert calls.labels("200").value >= before + 2
        shown = [
            (sample.labels, sample.value)
            for family in metrics.collect()
            if family.name == "coredns_k8s_cross_catalogs"
            for sample in family.samples
        ]
        assert shown == [({"cluster": "west"}, 2)]


@pytest.mark.parametrize(
    ("addresses", "url"),
    [
        (["100.64.0.7", "fd7a::7"], "http://100.64.0.7:8053/k8s_cross/v1/catalog"),
        (["fd7a::7"], "http://[fd7a::7]:8053/k8s_cross/v1/catalog"),
    ],
)
def test_where_a_catalog_is(addresses: list[str], url: str) -> None:
    """At the node's own address in the network, at the port of its tag."""
    found = Reading(node(7, "mcs-catalog", ipAddresses=addresses)).node
    assert found is not None
    assert catalog.url(found) == url
    other = Reading(node(7, "mcs-catalog--80", "mcs-catalog--90")).node
    assert other is not None
    assert other.catalog == 80


@pytest.mark.parametrize(
    "octets", [b"", b"[]", b"{}", b'{"routes": [{}]}', b'{"routes": [1]}', b'{"routes": {"a": 1}}']
)
def test_what_is_no_list_of_routes(octets: bytes) -> None:
    """It is malformed as a whole: half a list of routes would drop addresses."""
    with pytest.raises(Malformed):
        routes(Body(octets))


async def test_what_stays_wrong_is_told_once(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    """Endpoints come and go; a bad service and a bad address beside them are no news."""
    before = (rejected("service"), rejected("address"))
    bad = [service("x", type="Other"), service("far", ips=["10.9.0.9"])]
    peer = Peer("west", *bad, WEB)
    async with peering(monkeypatch, {"2": peer}, west()) as (w, _):
        for octet in (1, 2, 3):
            peer.put(*bad, service(ips=[f"10.2.0.{octet}"]))
            await until(lambda octet=octet: told(w, "web.shop.svc") == f"OK {octet}")  # type: ignore[misc]
        peer.put(*bad, service(ips=["10.9.0.1"]))
        await until(lambda: told(w, "web.shop.svc") == "OK")
    assert (rejected("service"), rejected("address")) == (before[0] + 1, before[1] + 2)
    assert sum("type is neither" in line for line in log) == 1
    assert sum("neither its own nor routed" in line for line in log) == 2
    assert sum("services of west" in line for line in log) == 1
