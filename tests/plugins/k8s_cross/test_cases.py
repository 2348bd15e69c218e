"""The fifty cases that every version must pass; the number of each is in the test's id."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import dns.message
import pytest

from corepy import metrics, wire
from corepy.testing import Dns, Start
from corepy_plugins.k8s_cross import catalog
from corepy_plugins.k8s_cross.tags import Export, Invalid, parse
from tests.plugins.k8s_cross import test_size
from tests.plugins.k8s_cross.example import (
    NODATA,
    NXDOMAIN,
    SOA,
    WEB4,
    WEB6,
    ZONE,
    block,
    short,
)
from tests.plugins.k8s_cross.world import until, world
from tests.support.catalogs import Peer, service, serving
from tests.support.headscale import KEY, headscale, node
from tests.support.setups import built, refusal

WEB_SRV = f"0 25 80 web.shop | 0 25 443 web.shop | +100.64.0.1 | +100.64.0.2 | +{WEB6}"
HTTP_SRV = f"0 33 80 web.shop | +100.64.0.1 | +100.64.0.2 | +{WEB6}"
HTTPS_SRV = "0 100 443 web.shop | +100.64.0.2"
PG_SRV = (
    "0 33 5432 db-0.east.db.shop | 0 33 5432 db-0.west.db.shop | "
    "+100.64.0.3 | +fd7a:115c:a1e0::3 | +100.64.0.4"
)
WEB_TXT = (
    '"cluster=east" "clusterset=production" "service=web" "namespace=shop" '
    '"type=ClusterSetIP" "clusters=east,west"'
)
SERVICE_TYPES = ("A", "AAAA", "SRV", "MX")

QUERIES: dict[int, list[tuple[str, str]]] = {
    1: [("web.shop.svc A", WEB4)],
    2: [("web.shop.svc AAAA", WEB6)],
    3: [("web.shop.svc SRV", WEB_SRV)],
    4: [("_http._tcp.web.shop.svc SRV", HTTP_SRV)],
    5: [("_https._tcp.web.shop.svc SRV", HTTPS_SRV)],
    6: [
        ("_http._udp.web.shop.svc SRV", NXDOMAIN),
        ("_nope._tcp.web.shop.svc SRV", NXDOMAIN),
    ],
    7: [("web.shop.svc TXT", WEB_TXT)],
    8: [("nosuch.shop.svc TXT", NXDOMAIN)],
    9: [("dns-version TXT", '"1.0.0"')],
    10: [("db.shop.svc A", "100.64.0.3 | 100.64.0.4")],
    11: [("db.shop.svc AAAA", "fd7a:115c:a1e0::3")],
    12: [
        ("db-0.east.db.shop.svc A", "100.64.0.3"),
        ("db-0.east.db.shop.svc AAAA", "fd7a:115c:a1e0::3"),
    ],
    13: [("db-0.west.db.shop.svc A", "100.64.0.4"), ("db-0.west.db.shop.svc AAAA", NODATA)],
    14: [("db-1.west.db.shop.svc A", NXDOMAIN)],
    15: [("_pg._tcp.db.shop.svc SRV", PG_SRV)],
    16: [("west.db.shop.svc A", NXDOMAIN), ("west.web.shop.svc A", NXDOMAIN)],
    17: [("db-0.db.shop.svc A", NXDOMAIN)],
    18: [("a.b.c.db.shop.svc A", NXDOMAIN), ("db-9.c.reg.reg.shop.svc A", "100.64.0.12")],
    19: [("gone.shop.svc A", NXDOMAIN)],
    20: [("plain.shop.svc A", "100.64.0.9"), ("plain.shop.svc SRV", NODATA)],
    21: [
        ("v6.shop.svc A", NODATA),
        ("v6.shop.svc AAAA", "fd7a:115c:a1e0::10"),
        ("_dns._udp.v6.shop.svc SRV", "0 100 53 v6.shop | +fd7a:115c:a1e0::10"),
    ],
    22: [
        (f"{name}.svc {rdtype}", NXDOMAIN)
        for name in ("nosuch.shop", "x.nons")
        for rdtype in SERVICE_TYPES
    ],
    23: [("shop.svc A", NODATA), ("nons.svc A", NXDOMAIN), ("nons.svc NS", NXDOMAIN)],
    24: [("svc A", NODATA), ("svc NS", NODATA), ("pod A", NODATA)],
    25: [("foo NS", NXDOMAIN), ("foo A", NXDOMAIN)],
    27: [(f"web.shop.svc {rdtype}", NODATA) for rdtype in ("SOA", "MX", "CNAME", "HTTPS")],
    28: [(" AXFR +tcp", "REFUSED")],
    49: [("_http._tcp.web.shop.svc A", WEB4)],
}
"""What is asked below the zone, and what comes, by case."""


async def ask(server: Dns, question: str) -> dns.message.Message:
    name, _, rest = question.partition(" ")
    return await server.query(f"{name}.{ZONE} {rest}" if name else f"{ZONE} {rest}")


@pytest.mark.parametrize("row", QUERIES, ids=[f"row_{row:02d}" for row in QUERIES])
async def test_query(row: int, corefile: Start, folder: Path) -> None:
    """One row of the table, with the flag AA, TTLs and the question's name as owner."""
    async with corefile(block(), file=str(folder / "Corefile")) as server:
        for question, expected in QUERIES[row]:
            message = await ask(server, question)
            assert short(message) == expected
            if expected == "REFUSED":
                continue
            assert message.flags & 0x0400
            ttls = {rrset.ttl for rrset in message.answer}
            assert ttls <= {28800 if "dns-version" in question else 300}
            assert {one.name for one in message.answer} <= {message.question[0].name}
            for rrset in message.authority:
                assert rrset.ttl == 30
                assert rrset.name.to_text() == f"{ZONE}."
                assert rrset[0].to_text().startswith(SOA)


async def test_row_07_txt_off(corefile: Start, folder: Path) -> None:
    """NODATA for the service."""
    async with corefile(block("txt off"), file=str(folder / "Corefile")) as server:
        assert short(await ask(server, "web.shop.svc TXT")) == NODATA


async def test_row_26_apex(corefile: Start, folder: Path) -> None:
    """SOA, NS with its address, and nothing else."""
    async with corefile(block(), file=str(folder / "Corefile")) as server:
        assert short(await ask(server, " SOA")) == "SOA"
        ns = await ask(server, " NS")
        assert [rdata.to_text() for rdata in ns.answer[0]] == [f"ns.dns.{ZONE}."]
        assert ns.additional[0].name.to_text() == f"ns.dns.{ZONE}."
        assert short(await ask(server, " A")) == NODATA


async def test_row_29_letters(corefile: Start, folder: Path) -> None:
    """The owner is spelt as the question."""
    async with corefile(block(), file=str(folder / "Corefile")) as server:
        message = await server.query("WeB.ShOp.SvC.ClusterSet.LOCAL A")
        assert short(message) == WEB4
        assert message.answer[0].name.to_text() == "WeB.ShOp.SvC.ClusterSet.LOCAL."


async def _counted(server: Dns) -> float:
    """Queries in the zones, by the metric; an earlier server may have had the same port."""
    name = f'coredns_k8s_cross_request_count_total{{server="dns://:{server.port}"}}'
    return (await server.metrics()).get(name, 0)


async def test_row_30_other_names(corefile: Start, folder: Path) -> None:
    """With the root as zone they go to the next plugin, uncounted."""
    text = block(zones=".", key=".", more="whoami")
    async with corefile(text, file=str(folder / "Corefile")) as server:
        before = await _counted(server)
        assert (await server.query("example.com A")).additional
        assert await _counted(server) == before


async def test_row_31_fallthrough(corefile: Start, folder: Path) -> None:
    """For names that do not exist, in the zones given."""
    for option, passed in (("fallthrough", True), ("fallthrough other.zone", False)):
        text = block(option, key=".", more="whoami")
        async with corefile(text, file=str(folder / "Corefile")) as server:
            message = await ask(server, "nosuch.shop.svc A")
            assert bool(message.additional) is passed
            assert (message.rcode() == 3) is not passed


# ---- the life of a list

WEB = node(1, "mcs--web--shop--tcp--80--http")
impatient = pytest.mark.usefixtures("impatient")


@impatient
async def test_row_32_before_the_first_list() -> None:
    """SERVFAIL, but for what does not depend on it."""
    async with headscale("0.30", WEB) as server:
        server.trouble = "close"
        async with world(server) as w:
            assert w.says("web.shop.svc") == "SERVFAIL"
            assert w.says("nosuch.shop.svc") == "SERVFAIL"
            assert w.answer("dns-version", wire.TXT).answer


@impatient
@pytest.mark.parametrize("trouble", ["hang", "close", "500", "502", "html", "brace"])
async def test_row_33_headscale_dies(trouble: str) -> None:
    """The same answer, then with a TTL of 30, then SERVFAIL."""
    async with headscale("0.30", WEB) as server, world(server, max_stale=0.5, timeout=0.05) as w:
        server.trouble, count = trouble, len(server.asked)
        await until(lambda: len(server.asked) > count)
        assert w.says("web.shop.svc") in ("OK 1/300", "OK 1/30")
        await until(lambda: w.says("web.shop.svc") == "OK 1/30")
        await until(lambda: w.says("web.shop.svc") == "SERVFAIL")


@impatient
@pytest.mark.parametrize(
    ("generation", "code"), [("0.26", "500"), ("0.27", "401"), ("0.30", "401")]
)
async def test_row_34_the_key_is_revoked(generation: str, code: str, log: list[str]) -> None:
    """The same answer; counted; said as such, without the key."""
    calls = metrics.counter("coredns_k8s_cross_headscale_requests_total", "", "code")
    async with headscale(generation, WEB) as server, world(server) as w:
        before = calls.labels(code).value
        server.key = "another"
        await until(lambda: calls.labels(code).value > before)
        assert w.says("web.shop.svc").startswith("OK 1/")
    assert any("the API key is not accepted" in line for line in log)
    assert KEY not in "".join(log)


@impatient
async def test_row_35_machines() -> None:
    """The list of 0.22, with forcedTags."""
    async with headscale("0.22", WEB) as server, world(server) as w:
        assert w.says("web.shop.svc") == "OK 1/300"
        assert [path for path, _ in server.asked][:2] == ["/api/v1/node", "/api/v1/machine"]


@impatient
@pytest.mark.parametrize(
    ("field", "counts"),
    [("tags", True), ("validTags", True), ("forcedTags", True), ("invalidTags", False)],
)
async def test_row_36_fields_of_tags(field: str, counts: bool) -> None:
    """Those that are granted."""
    item = {**node(1, tags=[]), field: ["tag:mcs--web--shop"]}
    async with headscale("0.30", item) as server, world(server) as w:
        assert w.says("web.shop.svc") == ("OK 1/300" if counts else "NXDOMAIN")


@impatient
@pytest.mark.parametrize("headless_is_older", [False, True])
async def test_row_37_two_types(headless_is_older: bool) -> None:
    """The older export decides; one conflict."""
    old, young = "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
    dates = (young, old) if headless_is_older else (old, young)
    nodes = [
        node(1, "cluster--east", "mcs--web--shop", createdAt=dates[0], name="a"),
        node(2, "cluster--west", "mcsh--web--shop", createdAt=dates[1], name="b"),
    ]
    async with headscale("0.30", *nodes) as server, world(server) as w:
        named = w.says("b.west.web.shop.svc")
        assert named == ("OK 2/300" if headless_is_older else "NXDOMAIN")
        assert w.instance.summary.conflicts["type"] == 1


@impatient
async def test_row_38_two_numbers_of_a_port() -> None:
    """The older one counts."""
    nodes = [
        node(1, "cluster--east", "mcs--web--shop--tcp--80--http"),
        node(2, "cluster--west", "mcs--web--shop--tcp--8080--http"),
    ]
    async with headscale("0.30", *nodes) as server, world(server) as w:
        for name in ("web.shop.svc", "_http._tcp.web.shop.svc"):
            (record,) = w.answer(name, wire.SRV).answer
            assert int.from_bytes(record.rdata[4:6], "big") == 80
        assert w.instance.summary.conflicts["port"] == 1


@pytest.mark.parametrize(
    ("tag", "meaning"),
    [
        ("tag:mcs--a--b--c", Invalid("tag:mcs--a--b--c")),
        ("tag:mcs.a--b.c", Export("c", "a--b", False)),
        ("tag:mcs--Web--shop", Export("shop", "web", False)),
        ("tag:mcs--x--y--tcp--0", Invalid("tag:mcs--x--y--tcp--0")),
    ],
)
def test_row_39_tags(tag: str, meaning: object) -> None:
    """Understood in one way, or not at all."""
    assert parse(tag) == meaning


@impatient
async def test_row_40_everybody_is_offline() -> None:
    """Nothing changes for a grace; then gateways are answered and endpoints are not."""
    nodes = [WEB, node(2, "mcsh--db--shop"), node(3, "mcsh--db--shop")]
    async with headscale("0.30", *nodes) as server, world(server, offline_grace=0.4) as w:
        server.nodes = [{**item, "online": False} for item in nodes]
        count = len(server.asked)
        await until(lambda: len(server.asked) > count + 1)
        assert w.says("db.shop.svc") == "OK 2/300 3/300"
        await until(lambda: w.says("db.shop.svc") == "NXDOMAIN")
        assert w.says("web.shop.svc") == "OK 1/300"


@impatient
async def test_row_41_an_empty_list() -> None:
    """Once it is taken for a mistake, twice for the truth."""
    async with headscale("0.30", WEB) as server, world(server, refresh=0.2) as w:
        server.nodes, count = [], len(server.asked)
        await until(lambda: len(server.asked) == count + 1)
        await asyncio.sleep(0.05)
        assert w.says("web.shop.svc") == "OK 1/300"
        await until(lambda: w.says("web.shop.svc") == "NXDOMAIN")
        assert len(server.asked) >= count + 2


@impatient
async def test_row_42_a_redirect(log: list[str]) -> None:
    """It is an error that names the host; nothing is asked there."""
    async with headscale() as other, headscale("0.30", WEB) as server:
        server.trouble, server.location = "302", f"http://127.0.0.1:{other.port}/api/v1/node"
        async with world(server) as w:
            assert w.says("web.shop.svc") == "SERVFAIL"
        assert other.asked == []
    assert any(f"redirects to 127.0.0.1:{other.port}" in line for line in log)


# ---- configuration

URL = "headscale_url http://headscale:8080 your-headscale-api-key"


def _block(*lines: str) -> str:
    return "k8s_cross {\n" + "\n".join(lines) + "\n}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_block(), "headscale_url is required configuration for k8s_cross plugin"),
        (_block("headscale_url http://headscale:8080"), "Wrong argument count"),
        (_block(URL, "ttl invalid"), "invalid number 'invalid'"),
        (_block(URL, "ttl -1"), "number out of range: -1"),
        (_block(URL, "ttl 12abc"), "invalid number '12abc'"),
        (_block(URL, "nope 1"), "unknown property 'nope'"),
        (f"{_block(URL)}\n{_block(URL)}", "zone 'clusterset.local.' is given twice"),
    ],
)
def test_row_43_mistakes(body: str, message: str) -> None:
    """Each an error at its place."""
    headline, column, _ = refusal(f"{ZONE} {{\n{body}\n}}\n")
    assert headline.startswith("plugin/k8s_cross: Corefile:")
    assert message in headline
    assert column > 0


async def test_row_44_the_examples_of_the_first_readme(corefile: Start, folder: Path) -> None:
    """The first resolves; the second loads, with a word about the zone nobody asks it for."""
    async with corefile(block(), file=str(folder / "Corefile")) as server:
        assert short(await ask(server, "web.shop.svc A")) == WEB4
    text = f"example.org {{\nk8s_cross {ZONE} {{\n{URL}\n}}\n}}"
    (warning,) = built(text).warnings
    assert f"no query for {ZONE}. reaches this server block" in warning


@pytest.mark.slow
async def test_row_45_ten_thousand_nodes() -> None:
    """A refresh beside the event loop, and what it takes of memory."""
    await test_size.test_a_refresh_beside_the_event_loop()


@impatient
async def test_row_46_prefer_local() -> None:
    """The local cluster while it has a ready gateway, then the other."""
    nodes = [
        node(1, "cluster--east", "mcs--web--shop"),
        node(2, "cluster--west", "mcs--web--shop"),
        node(3, "mcs--other--shop"),
        node(4, "mcs--other--shop"),
    ]
    options = {"cluster": "east", "policy": "prefer_local", "offline_grace": 0.1}
    async with headscale("0.30", *nodes) as server, world(server, **options) as w:
        assert w.says("web.shop.svc") == "OK 1/300"
        server.nodes = [{**nodes[0], "online": False}, *nodes[1:]]
        await until(lambda: w.says("web.shop.svc") == "OK 2/300")


@impatient
async def test_row_47_a_catalog_that_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services of another cluster and addresses off its routes are left out, and counted."""
    counter = metrics.counter("coredns_k8s_cross_catalog_rejected_total", "", "reason")
    before = {reason: counter.labels(reason).value for reason in ("service", "address")}
    peer = Peer(
        "west",
        service("stolen", cluster="east", ips=["10.2.0.1"]),
        service("far", ips=["10.9.0.1"]),
        service("near", ips=["10.2.0.1"]),
    )
    monkeypatch.setattr(catalog, "url", lambda _: peer.url)
    west = node(2, "cluster--west", "mcs-catalog", subnetRoutes=["10.2.0.0/16"])
    async with (
        serving(peer),
        headscale("0.30", west) as server,
        world(server, cluster="east") as w,
    ):
        assert w.says("stolen.shop.svc") == "NXDOMAIN"
        assert w.says("far.shop.svc") == "OK"
        assert w.says("near.shop.svc") == "OK 1/300"
    after = {reason: counter.labels(reason).value for reason in ("service", "address")}
    assert after == {reason: count + 1 for reason, count in before.items()}


async def test_row_48_more_than_a_datagram_holds(corefile: Start, tmp_path: Path) -> None:
    """Cut in 512 octets, whole over TCP."""
    nodes = [node(number, "mcsh--db--shop") for number in range(1, 41)]
    (tmp_path / "nodes.json").write_text(json.dumps({"nodes": nodes}))
    text = f"{ZONE} {{\n k8s_cross {{\n headscale_url file:nodes.json\n }}\n}}"
    async with corefile(text, file=str(tmp_path / "Corefile")) as server:
        cut = await ask(server, "db.shop.svc A +noedns")
        assert cut.flags & 0x0200
        assert len(cut.to_wire()) <= 512
        whole = await ask(server, "db.shop.svc A +tcp")
        assert not whole.flags & 0x0200
        assert len(whole.answer[0]) == 40


async def test_row_50_the_counter(corefile: Start, folder: Path) -> None:
    """By its exact name, of queries in the zones only."""
    text = block(key=".", more="whoami")
    async with corefile(text, file=str(folder / "Corefile")) as server:
        before = await _counted(server)
        await ask(server, "web.shop.svc A")
        await ask(server, "nosuch.shop.svc A")
        await server.query("example.com A")
        assert await _counted(server) == before + 2


def test_all_fifty_are_here() -> None:
    """None is missing, none is made up."""
    named = {int(found[1]) for name in globals() if (found := re.match(r"test_row_(\d\d)_", name))}
    assert {*named, *QUERIES} == set(range(1, 51))


# ---- what CoreDNS's own tests of multicluster services expect

PARITY_SERVICES: list[dict[str, Any]] = [
    {"name": "svc1", "ips": ["10.0.0.1"], "ports": [{"name": "http", "port": 80}]},
    {
        "name": "svc-dual-stack",
        "ips": ["10.0.0.3", "10::3"],
        "ports": [{"name": "http", "port": 80}],
    },
    {"name": "svc6", "ips": ["1234:abcd::1"], "ports": [{"name": "http", "port": 80}]},
    {"name": "svcempty", "ips": ["10.0.0.2"], "ports": [{"name": "http", "port": 80}]},
    {
        "name": "hdls1",
        "type": "Headless",
        "ports": [{"name": "http", "port": 80}],
        "endpoints": [
            {"addresses": ["172.0.0.2"]},
            {"addresses": ["172.0.0.3"]},
            {"hostname": "dup-name", "addresses": ["172.0.0.4"]},
            {"hostname": "dup-name", "addresses": ["172.0.0.5"]},
            {"addresses": ["5678:abcd::1"]},
            {"addresses": ["5678:abcd::2"]},
        ],
    },
    {"name": "hdlsprtls", "type": "Headless", "endpoints": [{"addresses": ["172.0.0.20"]}]},
]
PARITY = [
    ("svc1 A", "10.0.0.1"),
    ("svc1 SRV", "0 100 80 svc1 | +10.0.0.1"),
    ("_http._tcp.svc1 SRV", "0 100 80 svc1 | +10.0.0.1"),
    ("_http._tcp.svc-dual-stack SRV", "0 50 80 svc-dual-stack | +10.0.0.3 | +10::3"),
    ("svc6 SRV", "0 100 80 svc6 | +1234:abcd::1"),
    ("svc6 A", ";SOA"),
    ("svcempty A", "10.0.0.2"),
    ("svcempty SRV", "0 100 80 svcempty | +10.0.0.2"),
    (
        "hdls1 A",
        "172.0.0.2 | 172.0.0.3 | 172.0.0.4 | 172.0.0.5",
    ),
    ("hdls1 AAAA", "5678:abcd::1 | 5678:abcd::2"),
    ("dup-name.c1.hdls1 A", "172.0.0.4 | 172.0.0.5"),
    ("172-0-0-2.c1.hdls1 A", "172.0.0.2"),
    ("5678-abcd--1.c1.hdls1 AAAA", "5678:abcd::1"),
    ("hdlsprtls A", "172.0.0.20"),
    ("nope.c1.hdls1 A", "NXDOMAIN | ;SOA"),
    ("dup-name.hdls1 A", "NXDOMAIN | ;SOA"),
    ("c1.hdls1 A", "NXDOMAIN | ;SOA"),
    ("svc1 TXT", ";SOA"),
    ("nope TXT", "NXDOMAIN | ;SOA"),
    ("svc1 SOA", ";SOA"),
]


async def test_parity_with_coredns(corefile: Start, tmp_path: Path) -> None:
    """Names, weights and additional records of its handler tests, with `txt off`."""
    items = [{"namespace": "test", **item} for item in PARITY_SERVICES]
    (tmp_path / "services.json").write_text(json.dumps({"services": items}))
    (tmp_path / "nodes.json").write_text('{"nodes": []}')
    text = f"""{ZONE} {{
    k8s_cross {{
        headscale_url file:nodes.json
        records {tmp_path / "services.json"}
        cluster c1
        ttl 5
        txt off
    }}
}}
"""
    async with corefile(text, file=str(tmp_path / "Corefile")) as server:
        for question, expected in PARITY:
            name, rdtype = question.split()
            message = await ask(server, f"{name}.test.svc {rdtype}")
            assert short(message).replace(".test", "") == expected
            sections = (*message.answer, *message.authority, *message.additional)
            assert {rrset.ttl for rrset in sections} == {5}
        srv = await ask(server, "_http._tcp.hdls1.test.svc SRV")
        assert [rdata.weight for rrset in srv.answer for rdata in rrset] == [16] * 5
        assert sum(map(len, srv.additional)) == 6
