"""This cluster's catalog: what is served, to whom it is new, and that others can read it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from corepy import wire
from corepy_plugins.k8s_cross import catalog, watched
from corepy_plugins.k8s_cross.catalog import PATH
from corepy_plugins.k8s_cross.export import Exporter, render
from corepy_plugins.k8s_cross.imports import read, read_json
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.settings import Export
from tests.plugins.k8s_cross.world import World, told, until, world
from tests.support.catalogs import Peer, service, serving
from tests.support.headscale import headscale, node

pytestmark = pytest.mark.usefixtures("impatient")
WEB = service(ips=["10.1.0.1"], ports=[{"name": "http", "port": 80}])
DB = service("db", type="Headless", endpoints=[{"hostname": "db-0", "addresses": ["10.1.0.7"]}])


@pytest.fixture(autouse=True)
def look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at often."""
    monkeypatch.setattr(watched, "LOOK", 0.02)


def put(path: Path, *services: Any) -> Path:
    path.write_text(json.dumps({"services": list(services)}))
    return path


@asynccontextmanager
async def exporting(path: Path, *nodes: Any, **options: Any) -> AsyncIterator[tuple[World, str]]:
    """A server of cluster east that exports the file, and the catalog's URL."""
    export = Export(options.pop("address", "127.0.0.1:0"), path)
    async with (
        headscale("0.30", *nodes) as server,
        world(server, cluster="east", export=export, **options) as w,
    ):
        (exporter,) = [one for one in w.companions if isinstance(one, Exporter)]
        host, port = exporter._listener.local
        yield w, f"http://{host}:{port}{PATH}"


async def get(url: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    names = {"Accept-Encoding": "identity"}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(url, headers=names) as response,
    ):
        return response.status, response.headers, await response.read()


async def test_the_catalog(tmp_path: Path) -> None:
    """The file with a head; it changes when the file does."""
    path = put(tmp_path / "exports.json", WEB, DB)
    async with exporting(path) as (_, url):
        status, headers, body = await get(url)
        assert status == 200
        assert headers["Content-Type"] == "application/json"
        found = json.loads(body)
        assert found["generation"] == path.stat().st_mtime_ns // 1_000_000
        assert (found["version"], found["cluster"]) == (1, "east")
        assert found["clusterset"] == "default-clusterset"
        assert [one["name"] for one in found["services"]] == ["web", "db"]
        put(path, WEB)
        await asyncio.sleep(0.1)
        again = json.loads((await get(url))[2])
        assert [one["name"] for one in again["services"]] == ["web"]
        assert again["generation"] >= found["generation"]


async def test_yaml(tmp_path: Path) -> None:
    """As in `records`."""
    path = tmp_path / "exports.yaml"
    path.write_text(yaml.safe_dump({"services": [WEB]}))
    async with exporting(path) as (_, url):
        assert json.loads((await get(url))[2])["services"][0]["ips"] == ["10.1.0.1"]


async def test_who_has_it_is_told_so(tmp_path: Path) -> None:
    """ETag and If-None-Match, in all spellings; packed for who takes that."""
    async with exporting(put(tmp_path / "e.json", WEB)) as (_, url):
        _, headers, body = await get(url)
        tag = headers["ETag"]
        for word in (tag, f"W/{tag}", f'"x", {tag}'):
            assert (await get(url, If_None_Match=word))[::2] == (304, b"")
        assert (await get(url, If_None_Match='"x"'))[0] == 200
        status, headers, packed = await get(url, Accept_Encoding="gzip, br")
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        assert gzip.decompress(packed) == body


async def test_a_long_catalog_is_packed_once(tmp_path: Path) -> None:
    """And not again on its way out."""
    many = [service(f"s{number}", ips=["10.1.0.1"]) for number in range(500)]
    async with exporting(put(tmp_path / "e.json", *many)) as (_, url):
        _, _, packed = await get(url, Accept_Encoding="gzip")
        assert len(json.loads(gzip.decompress(packed))["services"]) == 500


async def test_a_bad_file_leaves_the_last_good_one(tmp_path: Path, log: list[str]) -> None:
    """Also if it is gone; it is told once. Without any yet the answer is 503."""
    path = tmp_path / "e.json"
    async with exporting(path) as (_, url):
        assert (await get(url))[0] == 503
        put(path, WEB)
        await until(lambda: "1 services" in log[-1])
        path.write_text('{"services": 1}')
        await until(lambda: "no list of services" in log[-1])
        assert json.loads((await get(url))[2])["services"][0]["name"] == "web"
        path.unlink()
        await until(lambda: "no such file" in log[-1])
        await asyncio.sleep(0.1)
        assert (await get(url))[0] == 200
        assert sum("no such file" in line for line in log) == 2  # before the first, and now


async def test_what_is_left_out_is_told(tmp_path: Path, log: list[str]) -> None:
    """Services of other clusters are theirs to export."""
    path = put(tmp_path / "e.json", WEB, service("x", cluster="west"), service("own"))
    async with exporting(path, address="0.0.0.0:0") as (_, url):
        assert len(json.loads((await get(url))[2])["services"]) == 2
    assert any("service 2: it is of cluster west" in line for line in log)
    assert any("1 services have no ips" in line for line in log)


async def test_this_cluster_has_its_services_too(tmp_path: Path) -> None:
    """As local ones; without ips they are here."""
    path = put(tmp_path / "e.json", WEB, DB, service("own"))
    west = node(2, "cluster--west", "mcs--web--shop--tcp--80--http")
    async with exporting(path, west, policy="prefer_local") as (w, _):
        assert [ip_address(one.rdata) for one in w.answer("web.shop.svc").answer] == [
            ip_address("10.1.0.1")
        ]
        assert told(w, "db-0.east.db.shop.svc") == "OK 7"
        assert w.answer("own.shop.svc", wire.TXT).answer
        put(path, DB)
        await until(lambda: told(w, "web.shop.svc") == "OK 2")


async def test_nobody_else_speaks_for_this_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog of the same cluster is not asked for where there is an own one."""
    peer = Peer("east", service("fake"))
    monkeypatch.setattr(catalog, "url", lambda _: peer.url)
    replica = node(2, "cluster--east", "mcs-catalog")
    async with serving(peer):
        async with exporting(put(tmp_path / "e.json", WEB), replica) as (w, _):
            assert told(w, "web.shop.svc") == "OK 1"
            assert told(w, "fake.shop.svc") == "NXDOMAIN"
        assert not peer.asked
        async with headscale("0.30", replica) as server, world(server, cluster="east") as w:
            assert told(w, "fake.shop.svc") == "OK 2"


async def test_another_server_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one server to the other, with a change in between."""
    path = put(tmp_path / "e.json", WEB, DB)
    east = node(2, "cluster--east", "mcs-catalog", subnetRoutes=["10.1.0.0/16"])
    async with exporting(path) as (_, url), headscale("0.30", east) as server:
        monkeypatch.setattr(catalog, "url", lambda _: url)
        async with world(server, cluster="west") as other:
            assert told(other, "web.shop.svc") == "OK 1"
            assert told(other, "db-0.east.db.shop.svc") == "OK 7"
            put(path, service(ips=["10.1.0.9"]))
            await until(lambda: told(other, "web.shop.svc") == "OK 9")


@pytest.mark.parametrize(("address", "octet"), [("192.0.2.7:80", 7), ("[2001:db8::7]:80", 7)])
def test_where_this_server_is(tmp_path: Path, address: str, octet: int) -> None:
    """The address it listens at, if the others can reach that."""
    found = Exporter(_instance(), Export(address, tmp_path), _none())._own
    assert [one[-1] for one in found[0] + found[1]] == [octet]
    for nowhere in (":80", "0.0.0.0:80", "[::]:80", "127.0.0.1:80", "host:80"):
        assert Exporter(_instance(), Export(nowhere, tmp_path), _none())._own == ((), ())


def test_a_catalog_says_what_the_file_said() -> None:
    """Every field, there and back."""
    one = {
        **WEB,
        "exportedAt": "2026-01-02T03:04:05.250000Z",
        "ips": ["10.1.0.1", "fd00::1"],
        "ports": [{"name": "dns", "protocol": "UDP", "port": 53}, {"port": 80}],
        "endpoints": [
            {"hostname": "a", "addresses": ["10.1.0.2", "fd00::2"]},
            {"addresses": ["10.1.0.3"], "ready": False},
        ],
    }
    first = read({"services": [one, DB]}, "east", lambda: None, forced=True)
    octets = render(first.services, "east", "production", 7, Pace())
    again = json.loads(octets)
    assert again["clusterset"] == "production"
    assert read(again, "east", lambda: None, forced=True) == first
    chunks = (octets[at : at + 7] for at in range(0, len(octets), 7))
    found, head = read_json(chunks, "east", lambda: None, forced=True)
    assert found == first
    assert (head["cluster"], head["generation"]) == ("east", 7)


def _instance() -> Any:
    class Nothing:
        log = None

    return Nothing()


def _none() -> Any:
    return None
