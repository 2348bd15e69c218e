"""Services from files: what is read, what is refused, and how they join those of nodes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from corepy import wire
from corepy_plugins.k8s_cross import files, records, watched
from corepy_plugins.k8s_cross.imports import BadDocument, Document, read, read_json
from corepy_plugins.k8s_cross.tags import Port
from tests.plugins.k8s_cross.world import World, until, world
from tests.support.headscale import headscale, node

pytestmark = pytest.mark.usefixtures("impatient")
README = Path(records.__file__).with_name("README.md")
WEB = {"namespace": "shop", "name": "web", "ips": ["192.0.2.10"]}


@pytest.fixture(autouse=True)
def look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at often."""
    monkeypatch.setattr(watched, "LOOK", 0.02)


def put(path: Path, *services: Any) -> Path:
    path.write_text(json.dumps({"services": list(services)}))
    return path


def parsed(*services: Any) -> Document:
    return read({"services": list(services)}, "east", lambda: None, forced=False)


def load(path: Path) -> Document:
    return files.load(path, "east", lambda: None, forced=False)


def srv(w: World, name: str) -> list[tuple[int, int]]:
    """Weight and port."""
    found = w.answer(name, wire.SRV).answer
    return [
        (int.from_bytes(one.rdata[2:4], "big"), int.from_bytes(one.rdata[4:6], "big"))
        for one in found
    ]


async def test_the_example_of_the_readme(tmp_path: Path) -> None:
    """In YAML, as it stands there."""
    text = README.read_text()
    path = tmp_path / "records.yaml"
    path.write_text(text[text.index("services:\n  - namespace") :].partition("~~~")[0])
    async with headscale() as server, world(server, records=path, cluster="east") as w:
        assert w.says("legacy.shop.svc") == "OK 10/300"
        assert srv(w, "_http._tcp.legacy.shop.svc") == [(100, 80)]
        assert w.says("ledger.shop.svc") == "OK 21/300"
        assert len(w.answer("ledger.shop.svc", wire.AAAA).answer) == 1
        assert w.says("ledger-0.east.ledger.shop.svc") == "OK 21/300"
        assert w.says("ledger-1.east.ledger.shop.svc") == "NXDOMAIN"


async def test_it_is_read_again(tmp_path: Path, log: list[str]) -> None:
    """When it changes; what is bad leaves the old, what is gone too."""
    path = put(tmp_path / "r.json", WEB)
    async with headscale() as server, world(server, records=path) as w:
        assert w.says("web.shop.svc") == "OK 10/300"
        put(path, {**WEB, "ips": ["192.0.2.11", "192.0.2.12"]})
        await until(lambda: w.says("web.shop.svc") == "OK 11/300 12/300")
        path.write_text("{")
        await until(lambda: "not json" in log[-1])
        path.unlink()
        await until(lambda: "no such file" in log[-1])
        assert w.says("web.shop.svc") == "OK 11/300 12/300"
        put(path)
        await until(lambda: w.says("web.shop.svc") == "NXDOMAIN")


async def test_they_wait_for_the_list(tmp_path: Path) -> None:
    """One state for a whole zone."""
    path = put(tmp_path / "r.json", WEB)
    async with headscale() as server:
        server.trouble = "500"
        async with world(server, records=path) as w:
            assert w.says("web.shop.svc") == "SERVFAIL"
            server.trouble = ""
            await until(lambda: w.says("web.shop.svc") == "OK 10/300")


async def test_ips_stand_in_for_the_gateways_of_their_cluster(tmp_path: Path) -> None:
    """And of no other."""
    nodes = [
        node(1, "cluster--east", "mcs--web--shop"),
        node(2, "cluster--west", "mcs--web--shop"),
    ]
    path = put(tmp_path / "r.json", {**WEB, "cluster": "east"})
    async with (
        headscale("0.30", *nodes) as server,
        world(server, records=path, cluster="west") as w,
    ):
        assert w.says("web.shop.svc") == "OK 2/300 10/300"


async def test_names_behind_a_clustersetip(tmp_path: Path) -> None:
    """Endpoints with a hostname have a name, and are no gateways."""
    endpoints = [
        {"hostname": "web-0", "addresses": ["10.0.0.5"]},
        {"hostname": "web-1", "addresses": ["10.0.0.6"], "ready": False},
        {"addresses": ["10.0.0.7"]},
    ]
    path = put(tmp_path / "r.json", {**WEB, "cluster": "dc.one", "endpoints": endpoints})
    async with headscale() as server, world(server, records=path) as w:
        assert w.says("web.shop.svc") == "OK 10/300"
        assert w.says("web-0.dc.one.web.shop.svc") == "OK 5/300"
        assert w.says("web-1.dc.one.web.shop.svc") == "NXDOMAIN"
        assert w.says("10-0-0-7.dc.one.web.shop.svc") == "NXDOMAIN"


async def test_the_oldest_decides(tmp_path: Path) -> None:
    """A file's export is one among others; without a time it is the newest."""
    nodes = [node(1, "cluster--west", "mcs--web--shop--tcp--80--http")]
    mine = {**WEB, "type": "Headless", "endpoints": [{"addresses": ["10.0.0.5"]}]}
    path = put(tmp_path / "r.json", mine)
    async with headscale("0.30", *nodes) as server, world(server, records=path) as w:
        assert w.says("web.shop.svc") == "OK 5/300 1/300"
        assert w.says("10-0-0-5.default-cluster.web.shop.svc") == "NXDOMAIN"
        put(path, {**mine, "exportedAt": "2001-01-01T00:00:00Z"})
        await until(lambda: w.says("10-0-0-5.default-cluster.web.shop.svc") == "OK 5/300")


async def test_a_headless_service_without_endpoints(tmp_path: Path) -> None:
    """Does not exist; its namespace does."""
    path = put(tmp_path / "r.json", {"namespace": "shop", "name": "db", "type": "Headless"})
    async with headscale() as server, world(server, records=path) as w:
        assert w.says("db.shop.svc") == "NXDOMAIN"
        assert w.says("shop.svc") == "OK"


async def test_what_is_left_out_is_told(tmp_path: Path, log: list[str]) -> None:
    """The rest is served."""
    path = put(tmp_path / "r.json", WEB, {"namespace": "shop"}, {"namespace": "a", "name": "b"})
    async with headscale() as server, world(server, records=path) as w:
        assert w.says("web.shop.svc") == "OK 10/300"
        assert w.says("b.a.svc") == "NXDOMAIN"
    assert any("service 2: name is not a label" in line for line in log)
    assert any("service b.a: a ClusterSetIP service needs ips" in line for line in log)


def test_a_service() -> None:
    """Everything there is to say."""
    (one,) = parsed(
        {
            **WEB,
            "type": "ClusterSetIP",
            "cluster": "West.EU",
            "exportedAt": "2026-01-02T03:04:05Z",
            "ips": ["192.0.2.10", "2001:db8::1"],
            "ports": [{"name": "dns", "protocol": "UDP", "port": 53}, {"port": 80}],
            "endpoints": [{"hostname": "a", "addresses": ["10.0.0.1"], "zone": "x"}],
        }
    ).services
    assert one.cluster == "west.eu"
    assert one.created == 1767323045.0
    assert one.ports == (Port(53, "udp", "dns"), Port(80, "tcp"))
    assert (len(one.v4), len(one.v6), len(one.endpoints)) == (1, 1, 1)
    (plain,) = parsed(WEB).services
    assert (plain.cluster, plain.created, plain.headless) == ("east", math.inf, False)


BAD = [
    ("text", "not a mapping"),
    ({**WEB, "namespace": "a_b"}, "namespace is not a label"),
    ({**WEB, "name": 7}, "name is not text"),
    ({**WEB, "type": "Other"}, "type is neither"),
    ({**WEB, "type": []}, "type is neither"),
    ({**WEB, "cluster": "a.b.c"}, "not a cluster name"),
    ({**WEB, "exportedAt": "yesterday"}, "exportedAt is not a time"),
    ({**WEB, "ips": "192.0.2.1"}, "not a list"),
    ({**WEB, "ips": ["127.0.0.1"]}, "an address is unusable"),
    ({**WEB, "ips": ["x"]}, "an address is malformed"),
    ({**WEB, "ips": [1]}, "an address is malformed"),
    ({**WEB, "ports": {}}, "ports is not a list"),
    ({**WEB, "ports": ["x"]}, "a port is not a mapping"),
    ({**WEB, "ports": [{"port": True}]}, "not a port number"),
    ({**WEB, "ports": [{"port": 65536}]}, "not a port number"),
    ({**WEB, "ports": [{"port": 1, "protocol": "icmp"}]}, "not a protocol"),
    ({**WEB, "ports": [{"port": 1, "name": "-"}]}, "not a protocol or a port's name"),
    ({**WEB, "endpoints": ["x"]}, "an endpoint is not a mapping"),
    ({**WEB, "endpoints": [{}]}, "an endpoint without an address"),
    ({**WEB, "endpoints": [{"addresses": ["10.0.0.1"], "ready": 1}]}, "ready is neither"),
    ({**WEB, "endpoints": [{"addresses": ["10.0.0.1"], "hostname": "a.b"}]}, "hostname is not"),
]


@pytest.mark.parametrize(("service", "fault"), BAD)
def test_a_bad_service(service: Any, fault: str) -> None:
    """It is left out, the one beside it is not."""
    other = {**WEB, "name": "other"}
    found = parsed(service, other)
    assert [one.service for one in found.services] == ["other"]
    assert found.faults[0].startswith("service 1: ")
    assert fault in found.faults[0]


def test_twice() -> None:
    """One service of a cluster once."""
    found = parsed(WEB, WEB, {**WEB, "cluster": "west"})
    assert [one.cluster for one in found.services] == ["east", "west"]
    assert found.faults == ("service 2: it is there twice",)


@pytest.mark.parametrize("document", [None, [], {}, {"services": None}, {"services": {}}, "x"])
def test_no_document(document: Any) -> None:
    """Nothing of it is used."""
    with pytest.raises(BadDocument):
        read(document, "east", lambda: None, forced=False)
    with pytest.raises(BadDocument, match=r"no list of services|not JSON"):
        read_json(iter([json.dumps(document).encode()]), "east", lambda: None, forced=False)


def test_caps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sizes are bounded."""
    monkeypatch.setattr("corepy_plugins.k8s_cross.imports.SERVICES", 1)
    with pytest.raises(BadDocument, match="more than 1 services"):
        parsed(WEB, {**WEB, "name": "b"})
    monkeypatch.setattr("corepy_plugins.k8s_cross.imports.ENDPOINTS", 0)
    with pytest.raises(BadDocument, match="more than 0 endpoints"):
        parsed({**WEB, "endpoints": [{"addresses": ["10.0.0.1"]}]})
    monkeypatch.setattr(files, "LIMIT", 3)
    with pytest.raises(BadDocument, match="too large"):
        load(put(tmp_path / "r.json"))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("r.json", "[NaN]", "not JSON"),
        ("r.json", "\ud800".encode("utf-8", "surrogatepass"), "not JSON"),
        ("r.yaml", "services: [\n\n]]", "not YAML, line 3"),
        ("r.yml", "!!python/object:os.system x", "not YAML, line 1"),
    ],
)
def test_bad_text(tmp_path: Path, name: str, text: str | bytes, reason: str) -> None:
    """And no code of a document is run."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadDocument, match=reason):
        load(path)


def test_times_of_yaml(tmp_path: Path) -> None:
    """A date that YAML has made a date of."""
    path = tmp_path / "r.yaml"
    path.write_text(
        "services: [{namespace: a, name: b, ips: [192.0.2.1], exportedAt: 2026-01-02T03:04:05Z}]"
    )
    (one,) = load(path).services
    assert one.created == 1767323045.0
