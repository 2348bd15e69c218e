"""What clients get, end to end, from the example clusterset in `data/fixture.json`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from corepy.testing import Dns, Start
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
from tests.support.headscale import node

TABLE = [
    ("web.shop.svc A", WEB4),
    ("web.shop.svc AAAA", WEB6),
    (
        "web.shop.svc SRV",
        ("0 25 80 web.shop | 0 25 443 web.shop | +100.64.0.1 | +100.64.0.2 | +" + WEB6),
    ),
    ("_http._tcp.web.shop.svc SRV", "0 33 80 web.shop | +100.64.0.1 | +100.64.0.2 | +" + WEB6),
    ("_https._tcp.web.shop.svc SRV", "0 100 443 web.shop | +100.64.0.2"),
    ("http._tcp.web.shop.svc SRV", "0 33 80 web.shop | +100.64.0.1 | +100.64.0.2 | +" + WEB6),
    ("_https.tcp.web.shop.svc SRV", "0 100 443 web.shop | +100.64.0.2"),
    ("http.tcp.web.shop.svc SRV", NXDOMAIN),
    ("_http._udp.web.shop.svc SRV", NXDOMAIN),
    ("_nope._tcp.web.shop.svc SRV", NXDOMAIN),
    ("_._tcp.web.shop.svc SRV", NXDOMAIN),
    ("_http._tcp.web.shop.svc A", WEB4),
    ("_https._tcp.web.shop.svc A", WEB4),
    ("_http._tcp.web.shop.svc AAAA", WEB6),
    ("_http._tcp.web.shop.svc TXT", NODATA),
    ("_http._tcp.web.shop.svc MX", NODATA),
    ("x._http._tcp.web.shop.svc SRV", NXDOMAIN),
    (
        "web.shop.svc TXT",
        (
            '"cluster=east" "clusterset=production" "service=web" "namespace=shop" '
            '"type=ClusterSetIP" "clusters=east,west"'
        ),
    ),
    ("nosuch.shop.svc TXT", NXDOMAIN),
    ("dns-version TXT", '"1.0.0"'),
    ("dns-version A", NODATA),
    ("x.dns-version TXT", NXDOMAIN),
    ("db.shop.svc A", "100.64.0.3 | 100.64.0.4"),
    ("db.shop.svc AAAA", "fd7a:115c:a1e0::3"),
    (
        "db.shop.svc TXT",
        (
            '"cluster=east" "clusterset=production" "service=db" "namespace=shop" '
            '"type=Headless" "clusters=east,west"'
        ),
    ),
    ("db-0.east.db.shop.svc A", "100.64.0.3"),
    ("db-0.east.db.shop.svc AAAA", "fd7a:115c:a1e0::3"),
    ("db-0.west.db.shop.svc A", "100.64.0.4"),
    ("db-0.west.db.shop.svc AAAA", NODATA),
    ("db-0.west.db.shop.svc TXT", NODATA),
    ("db-0.west.db.shop.svc SRV", "0 100 5432 db-0.west.db.shop | +100.64.0.4"),
    (
        "db-0.east.db.shop.svc SRV",
        ("0 50 5432 db-0.east.db.shop | +100.64.0.3 | +fd7a:115c:a1e0::3"),
    ),
    ("db-1.west.db.shop.svc A", NXDOMAIN),
    ("db-0-1.west.db.shop.svc A", NXDOMAIN),
    (
        "_pg._tcp.db.shop.svc SRV",
        (
            "0 33 5432 db-0.east.db.shop | 0 33 5432 db-0.west.db.shop | "
            "+100.64.0.3 | +fd7a:115c:a1e0::3 | +100.64.0.4"
        ),
    ),
    (
        "db.shop.svc SRV",
        (
            "0 33 5432 db-0.east.db.shop | 0 33 5432 db-0.west.db.shop | "
            "+100.64.0.3 | +fd7a:115c:a1e0::3 | +100.64.0.4"
        ),
    ),
    ("_pg._tcp.db.shop.svc A", "100.64.0.3 | 100.64.0.4"),
    ("west.db.shop.svc A", NXDOMAIN),
    ("west.web.shop.svc A", NXDOMAIN),
    ("db-0.db.shop.svc A", NXDOMAIN),
    ("a.b.c.db.shop.svc A", NXDOMAIN),
    ("db-9.c.reg.reg.shop.svc A", "100.64.0.12"),
    ("c.reg.reg.shop.svc A", NXDOMAIN),
    ("n1.east.web.shop.svc A", NXDOMAIN),
    ("gone.shop.svc A", NXDOMAIN),
    ("gone.shop.svc SRV", NXDOMAIN),
    ("gone.shop.svc TXT", NXDOMAIN),
    ("plain.shop.svc A", "100.64.0.9"),
    ("plain.shop.svc SRV", NODATA),
    ("v6.shop.svc A", NODATA),
    ("v6.shop.svc AAAA", "fd7a:115c:a1e0::10"),
    ("_dns._udp.v6.shop.svc SRV", "0 100 53 v6.shop | +fd7a:115c:a1e0::10"),
    ("nosuch.shop.svc A", NXDOMAIN),
    ("x.nons.svc A", NXDOMAIN),
    ("x.nons.svc AAAA", NXDOMAIN),
    ("x.nons.svc SRV", NXDOMAIN),
    ("x.nons.svc MX", NXDOMAIN),
    ("x.nons.svc ANY", NXDOMAIN),
    ("shop.svc A", NODATA),
    ("nons.svc A", NXDOMAIN),
    ("nons.svc NS", NXDOMAIN),
    ("svc A", NODATA),
    ("svc NS", NODATA),
    ("pod A", NODATA),
    ("shop.pod A", NXDOMAIN),
    ("web.shop.pod A", NXDOMAIN),
    ("foo NS", NXDOMAIN),
    ("foo A", NXDOMAIN),
    ("web.shop A", NXDOMAIN),
    ("*.shop.svc A", NXDOMAIN),
    ("web.shop.svc SOA", NODATA),
    ("web.shop.svc MX", NODATA),
    ("web.shop.svc CNAME", NODATA),
    ("web.shop.svc HTTPS", NODATA),
    ("web.shop.svc NS", NODATA),
    ("web.shop.svc PTR", NODATA),
    ("web.shop.svc ANY", NODATA),
    ("web.shop.svc TYPE65280", NODATA),
]


@pytest.fixture
async def dns_(corefile: Start, folder: Path) -> AsyncIterator[Dns]:
    """A server with the fixture."""
    async with corefile(block(), file=str(folder / "Corefile")) as server:
        yield server


@pytest.mark.parametrize("transport", ["", "+tcp"])
async def test_answers(dns_: Dns, transport: str) -> None:
    """The whole table; the flag AA is set, and the owner is the question's name."""
    found = {}
    for question, _ in TABLE:
        name, rdtype = question.split()
        message = await dns_.query(f"{name}.{ZONE} {rdtype} {transport}")
        found[question] = short(message)
        assert message.flags & 0x0400
        assert {rrset.name.to_text() for rrset in message.answer} <= {f"{name}.{ZONE}."}
    assert found == dict(TABLE)
    assert len(found) == len(TABLE)


async def test_apex(dns_: Dns) -> None:
    """SOA, and NS with an address; anything else is NODATA."""
    soa = await dns_.query(f"{ZONE} SOA")
    assert soa.answer[0].ttl == 300
    assert soa.answer[0][0].to_text().startswith(SOA)
    assert soa.answer[0][0].to_text().endswith(" 7200 1800 86400 30")
    ns = await dns_.query(f"{ZONE} NS")
    assert ns.answer[0].to_text() == "clusterset.local. 300 IN NS ns.dns.clusterset.local."
    address = await dns_.query(f"ns.dns.{ZONE} A")
    assert ns.additional[0].to_text() == address.answer[0].to_text()
    assert short(await dns_.query(f"ns.dns.{ZONE} MX")) == NODATA
    for rdtype in ("A", "TXT", "MX", "ANY"):
        assert short(await dns_.query(f"{ZONE} {rdtype}")) == NODATA


async def test_ttls(corefile: Start, folder: Path) -> None:
    """`ttl` for data, `negttl` for denials in both places, 28800 for dns-version."""
    text = block("ttl 600\nnegttl 7")
    async with corefile(text, file=str(folder / "Corefile")) as dns_:
        found = await dns_.query(f"web.shop.svc.{ZONE} SRV")
        assert {rrset.ttl for rrset in (*found.answer, *found.additional)} == {600}
        for name in ("nope.shop.svc", "shop.svc"):
            denial = (await dns_.query(f"{name}.{ZONE} A")).authority[0]
            assert denial.ttl == 7
            assert denial[0].to_text().endswith(" 7")
        assert (await dns_.query(f"{ZONE} SOA")).answer[0].ttl == 600
        assert (await dns_.query(f"{ZONE} NS")).answer[0].ttl == 600
        assert (await dns_.query(f"dns-version.{ZONE} TXT")).answer[0].ttl == 28800


@pytest.mark.parametrize(
    ("options", "ttl"), [("", 30), ("ttl 5", 5), ("ttl 0", 0), ("ttl 9\nnegttl 60", 60)]
)
async def test_negative_ttl(corefile: Start, folder: Path, options: str, ttl: int) -> None:
    """By default the smaller of ttl and 30."""
    async with corefile(block(options), file=str(folder / "Corefile")) as dns_:
        assert (await dns_.query(f"nope.svc.{ZONE} A")).authority[0].ttl == ttl


async def test_the_letters_of_the_question_are_kept(dns_: Dns) -> None:
    """In owners and in the zone of a denial, as CoreDNS does; memorised answers do not disturb
    it."""
    for name in ("web.shop.svc.clusterset.local.", "WeB.ShOp.SvC.ClusterSet.LOCAL."):
        for _ in range(2):
            message = await dns_.query(f"{name} A")
            assert message.answer[0].to_text().startswith(f"{name} 300 IN A 100.64.0.1")
            assert message.question[0].name.to_text() == name
    srv = await dns_.query("_HTTP._tcp.web.shop.svc.clusterset.local SRV")
    assert srv.answer[0].name.to_text() == "_HTTP._tcp.web.shop.svc.clusterset.local."
    assert srv.additional[0].name.to_text() == "web.shop.svc.clusterset.local."
    denial = await dns_.query("nope.shop.SVC.ClusterSet.LOCAL A")
    assert denial.authority[0].name.to_text() == "ClusterSet.LOCAL."
    assert denial.authority[0][0].to_text().startswith("ns.dns.ClusterSet.LOCAL.")
    apex = await dns_.query("CLUSTERSET.local SOA")
    assert apex.answer[0].name.to_text() == "CLUSTERSET.local."


@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
async def test_transfers_are_refused(dns_: Dns, rdtype: str) -> None:
    """There is nobody to serve them."""
    assert short(await dns_.query(f"{ZONE} {rdtype} +tcp")) == "REFUSED"


async def test_large_answers_are_cut_over_udp(corefile: Start, tmp_path: Path) -> None:
    """And whole over TCP."""
    nodes = [node(number, "mcs--web--shop") for number in range(1, 101)]
    (tmp_path / "nodes.json").write_text(json.dumps({"nodes": nodes}))
    text = f"{ZONE} {{\n k8s_cross {{\n headscale_url file:nodes.json\n }}\n}}"
    async with corefile(text, file=str(tmp_path / "Corefile")) as dns_:
        cut = await dns_.query(f"web.shop.svc.{ZONE} A")
        assert cut.flags & 0x0200
        assert 0 < len(cut.answer[0]) < 100
        assert len((await dns_.query(f"web.shop.svc.{ZONE} A +tcp")).answer[0]) == 100


async def test_fallthrough(corefile: Start, folder: Path) -> None:
    """Only for names that do not exist, and only in its zones; other names go on as well."""
    for option, passed in (
        ("fallthrough", True),
        (f"fallthrough {ZONE}", True),
        ("fallthrough nons.svc.clusterset.local", True),
        ("fallthrough other.zone", False),
        ("", False),
    ):
        text = block(option, key=".", more="whoami")
        async with corefile(text, file=str(folder / "Corefile")) as dns_:
            absent = await dns_.query(f"x.nons.svc.{ZONE} A")
            assert (absent.rcode() == 0) is passed
            assert bool(absent.additional) is passed  # whoami's records
            assert short(await dns_.query(f"web.shop.svc.{ZONE} MX")) == NODATA
            assert short(await dns_.query(f"web.shop.svc.{ZONE} A")) == WEB4
            assert (await dns_.query("example.com A")).additional


async def counted(dns_: Dns) -> float:
    """The plugin's own counter; an earlier server of this process may have had the same port."""
    name = f'coredns_k8s_cross_request_count_total{{server="dns://:{dns_.port}"}}'
    return (await dns_.metrics()).get(name, 0)


async def test_other_names_go_on_uncounted(corefile: Start, folder: Path) -> None:
    """The root stands for clusterset.local, never for all of DNS."""
    for zones in ("", "."):
        text = block(zones=zones, key=".", more="whoami")
        async with corefile(text, file=str(folder / "Corefile")) as dns_:
            before = await counted(dns_)
            for other in ("example.com", "local", ".", "xclusterset.local"):
                assert (await dns_.query(f"{other} A")).additional
            assert await counted(dns_) == before
            assert short(await dns_.query(f"web.shop.svc.{ZONE} A")) == WEB4
            assert await counted(dns_) == before + 1


async def test_every_query_in_a_zone_is_counted(corefile: Start, folder: Path) -> None:
    """Repeated ones, denials, those that fall through and refused transfers included."""
    text = block("fallthrough", key=".", more="whoami")
    async with corefile(text, file=str(folder / "Corefile")) as dns_:
        before = await counted(dns_)
        for question in ("web.shop.svc", "x.nons.svc", "shop.svc", "dns-version"):
            for _ in range(3):
                await dns_.query(f"{question}.{ZONE} A")
        await dns_.query(f"{ZONE} AXFR +tcp")
        assert await counted(dns_) == before + 13


async def test_several_zones(corefile: Start, folder: Path) -> None:
    """Each has the services under its own name; the longest one counts."""
    text = block(zones="a.test svc.a.test", key="test")
    async with corefile(text, file=str(folder / "Corefile")) as dns_:
        assert short(await dns_.query("web.shop.svc.svc.a.test A")) == WEB4
        message = await dns_.query("web.shop.svc.a.test A")
        assert message.rcode() == 3
        assert message.authority[0].name.to_text() == "svc.a.test."
        srv = await dns_.query("_https._tcp.web.shop.svc.svc.a.test SRV")
        assert srv.answer[0][0].to_text() == "0 100 443 web.shop.svc.svc.a.test."


async def test_several_lines(corefile: Start, folder: Path) -> None:
    """Each is an instance with options of its own."""
    line = """k8s_cross other.local {
        headscale_url file:fixture.json
        clusterset staging
        ttl 9
    }"""
    text = block(key="local", more=line)
    async with corefile(text, file=str(folder / "Corefile")) as dns_:
        assert await dns_.ask("web.shop.svc.other.local A") == (
            "web.shop.svc.other.local. 9 IN A 100.64.0.6"
        )
        assert short(await dns_.query(f"web.shop.svc.{ZONE} A")) == WEB4


async def test_txt_off(corefile: Start, folder: Path) -> None:
    """As the specification has it: NODATA, and dns-version stays."""
    async with corefile(block("txt off"), file=str(folder / "Corefile")) as dns_:
        assert short(await dns_.query(f"web.shop.svc.{ZONE} TXT")) == NODATA
        assert short(await dns_.query(f"nope.shop.svc.{ZONE} TXT")) == NXDOMAIN
        assert short(await dns_.query(f"dns-version.{ZONE} TXT")) == '"1.0.0"'


async def test_locality(corefile: Start, folder: Path) -> None:
    """Priority 0 for the local cluster, 10 for others; weights are shares of one priority."""
    async with corefile(block("locality srv"), file=str(folder / "Corefile")) as dns_:
        assert short(await dns_.query(f"db.shop.svc.{ZONE} SRV")).startswith(
            "0 50 5432 db-0.east.db.shop | 10 100 5432 db-0.west.db.shop | +"
        )
        assert short(await dns_.query(f"_https._tcp.web.shop.svc.{ZONE} SRV")) == (
            "10 100 443 web.shop | +100.64.0.2"
        )


async def test_policy_leaves_a_service_with_nodata_and_endpoints_with_none(
    corefile: Start, folder: Path
) -> None:
    """`local_only` in a cluster that exports neither."""
    text = block("policy local_only").replace("cluster east", "cluster north")
    async with corefile(text, file=str(folder / "Corefile")) as dns_:
        for question in ("web.shop.svc A", "web.shop.svc SRV", "_http._tcp.web.shop.svc SRV"):
            name, rdtype = question.split()
            assert short(await dns_.query(f"{name}.{ZONE} {rdtype}")) == NODATA
        assert short(await dns_.query(f"db.shop.svc.{ZONE} A")) == NXDOMAIN
        assert short(await dns_.query(f"shop.svc.{ZONE} A")) == NODATA


async def test_max_answers(corefile: Start, folder: Path) -> None:
    """One subset for all types; who is not in it does not exist."""
    async with corefile(block("max_answers 1"), file=str(folder / "Corefile")) as dns_:
        assert short(await dns_.query(f"db.shop.svc.{ZONE} A")) == "100.64.0.3"
        assert short(await dns_.query(f"db-0.east.db.shop.svc.{ZONE} A")) == "100.64.0.3"
        assert short(await dns_.query(f"db-0.west.db.shop.svc.{ZONE} A")) == NXDOMAIN
        assert short(await dns_.query(f"_https._tcp.web.shop.svc.{ZONE} SRV")) == NODATA


async def test_namespaces(corefile: Start, folder: Path) -> None:
    """Others are not there."""
    async with corefile(block("namespaces infra"), file=str(folder / "Corefile")) as dns_:
        assert short(await dns_.query(f"web.shop.svc.{ZONE} A")) == NXDOMAIN
        assert short(await dns_.query(f"shop.svc.{ZONE} A")) == NXDOMAIN


async def test_names_that_would_be_too_long(corefile: Start, tmp_path: Path) -> None:
    """An endpoint whose name passes 255 octets has none; its addresses are answered."""
    label = "x" * 60
    item = node(1, f"cluster--{label}--{label}", f"mcsh--{label}--shop--tcp--1--a", name=label)
    (tmp_path / "nodes.json").write_text(json.dumps({"nodes": [item]}))
    text = f"{ZONE} {{\n k8s_cross {{\n headscale_url file:nodes.json\n }}\n}}"
    async with corefile(text, file=str(tmp_path / "Corefile")) as dns_:
        assert short(await dns_.query(f"{label}.shop.svc.{ZONE} A")) == "100.64.0.1"
        assert short(await dns_.query(f"{label}.shop.svc.{ZONE} SRV")) == NODATA


async def test_a_class_of_another_kind_goes_on(corefile: Start, folder: Path) -> None:
    """Nothing here is for CHAOS."""
    async with corefile(block(more="chaos"), file=str(folder / "Corefile")) as dns_:
        assert (await dns_.query(f"web.shop.svc.{ZONE} A CH")).rcode() != 0
