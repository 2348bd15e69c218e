"""The page with the state: what it says, and what it never says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from corepy.host import Host
from corepy_plugins.k8s_cross import catalog, companions, source_of, status
from corepy_plugins.k8s_cross.handler import K8sCross
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.status import PATH, Status
from tests.plugins.k8s_cross.world import FAST, LOG, until, world
from tests.support.catalogs import Peer, service, serving
from tests.support.headscale import KEY, Headscale, headscale, node

pytestmark = pytest.mark.usefixtures("impatient")
ADDRESS = "127.0.0.1:0"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is a new one."""
    monkeypatch.setattr(status, "FRESH", 0.0)


async def get(parts: list[Any], encoding: str = "identity") -> tuple[str, dict[str, Any]]:
    """The page as text and as JSON."""
    (one, *_) = [part for part in parts if isinstance(part, Status)]
    host, port = one._shown._listener.local
    async with (
        aiohttp.ClientSession(headers={"Accept-Encoding": encoding}) as session,
        session.get(f"http://{host}:{port}{PATH}") as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"] == "application/json"
        text = await response.text()
        return text, json.loads(text)


@asynccontextmanager
async def shown(server: Headscale, **options: Any) -> AsyncIterator[list[Any]]:
    async with world(server, status=ADDRESS, cluster="east", **options) as w:
        yield w.companions


async def test_a_healthy_network() -> None:
    """Services, who answers for them, and when the list came."""
    nodes = [
        node(1, "cluster--east", "mcs--web--shop--tcp--80--http"),
        node(2, "cluster--west", "mcsh--db--shop", name="db-0", ipAddresses=["100.64.0.2"]),
        node(3, "cluster--west", "mcsh--db--shop", online=False),
        node(4),
    ]
    async with headscale("0.30", *nodes) as server, shown(server) as parts:
        _, page = await get(parts)
        (line,) = page["lines"]
        assert (line["state"], line["error"]) == ("current", None)
        assert (line["source"], line["zones"]) == (server.url, ["clusterset.local."])
        assert (line["cluster"], line["clusterset"]) == ("east", "default-clusterset")
        assert datetime.fromisoformat(line["last_success"]).timestamp() > 1.7e9
        assert line["nodes"] == {"listed": 4, "ready": 3}
        assert line["clusters"] == {
            "east": {"ready": 1, "not_ready": 0},
            "west": {"ready": 1, "not_ready": 1},
        }
        db, web = line["services"]
        assert web == {
            "namespace": "shop",
            "name": "web",
            "type": "ClusterSetIP",
            "clusters": ["east"],
            "ports": [{"name": "http", "protocol": "TCP", "port": 80}],
            "endpoints": [
                {
                    "cluster": "east",
                    "hostname": "node-1",
                    "addresses": ["100.64.0.1", "fd7a:115c:a1e0::1"],
                    "ready": True,
                }
            ],
        }
        assert (db["type"], [one["hostname"] for one in db["endpoints"]]) == ("Headless", ["db-0"])
        assert line["conflicts"] == {"type": [], "port": []}
        assert line["catalogs"] == []
        assert (await get(parts, "gzip"))[1]["lines"][0]["services"] == line["services"]


async def test_what_is_wrong_with_it() -> None:
    """As in the log, for as long as it lasts."""
    odd = node(1, "cluster--a", "cluster--b", "mcs--web--shop--tcp--0", "mcs--web--shop")
    odd["ipAddresses"].append("127.0.0.1")
    other = node(2, "mcsh--web--shop")
    async with headscale("0.30", odd, other) as server:
        server.nodes.append("nonsense")  # type: ignore[arg-type]
        async with shown(server) as parts:
            (line,) = (await get(parts))[1]["lines"]
            assert line["invalid_tags"] == ["tag:mcs--web--shop--tcp--0"]
            assert line["invalid_nodes"] == ["item 2"]
            assert line["several_clusters"] == ["1"]
            assert line["dropped_addresses"] == [{"address": "127.0.0.1", "reason": "unusable"}]
            assert line["conflicts"]["type"] == [
                "web.shop is exported as headless and as ClusterSetIP"
            ]


async def test_an_outage() -> None:
    """The state, the reason, and still what is known; never the key."""
    async with headscale("0.30", node(1, "mcs--web--shop")) as server:
        async with shown(server, max_stale=0.3) as parts:
            server.trouble = "401"
            await until(lambda: bool(parts))
            states: list[str] = []
            while not states or states[-1] != "lost":
                text, page = await get(parts)
                (line,) = page["lines"]
                states.append(line["state"])
                assert KEY not in text
                assert len(line["services"]) == 1
                await asyncio.sleep(0.01)
            assert line["error"] == "the API key is not accepted (HTTP 401)"
            assert set(states) == {"current", "stale", "lost"}
            server.trouble = ""
            while line["state"] != "current":
                (line,) = (await get(parts))[1]["lines"]
            assert line["error"] is None
        server.trouble = "500"
        async with shown(server) as parts:
            (line,) = (await get(parts))[1]["lines"]
            assert (line["state"], line["services"]) == ("waiting", [])
            assert line["last_success"] is None


async def test_catalogs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which node and cluster, how old, and what is wrong."""
    good, bad = Peer("west", service("api"), generation=7), Peer("north")
    bad.trouble = "500"
    peers = {"2": good, "3": bad}
    monkeypatch.setattr(catalog, "url", lambda one: peers[one.id].url)
    nodes = [node(2, "cluster--west", "mcs-catalog"), node(3, "cluster--north", "mcs-catalog")]
    async with (
        serving(good, bad),
        headscale("0.30", *nodes) as server,
        shown(server) as parts,
    ):
        (line,) = (await get(parts))[1]["lines"]
        first, second = line["catalogs"]
        assert datetime.fromisoformat(first.pop("confirmed")).timestamp() > 1.7e9
        assert first == {
            "node": "2", "cluster": "west", "generation": 7, "services": 1, "error": None,
        }  # fmt: skip
        assert (second["node"], second["error"]) == ("3", "HTTP 500")
        assert [one["name"] for one in line["services"]] == ["api"]


async def test_several_lines_share_a_page() -> None:
    """One listener, one object for each."""
    async with headscale("0.30", node(1, "mcs--web--shop")) as server:
        handler, host = K8sCross(), Host()
        parts: list[Any] = []
        for zone in ("a.test.", "b.test."):
            settings = Settings(
                zones=(zone,), url=server.url, key=KEY, refresh=FAST, status=ADDRESS
            )
            instance, source = Instance(settings, LOG, handler.changed), source_of(settings)
            mine = list(companions(instance, source, host))
            handler.add(instance, source, *mine)
            parts += mine
        async with handler.lifespan():
            found = (await get(parts))[1]["lines"]
            assert [line["zones"] for line in found] == [["a.test."], ["b.test."]]


async def test_a_page_is_made_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask."""
    monkeypatch.setattr(status, "FRESH", 60.0)
    made = 0
    genuine = Status.survey

    def survey(self: Status, pause: Any) -> Any:
        nonlocal made
        made += 1
        return genuine(self, pause)

    monkeypatch.setattr(Status, "survey", survey)
    async with headscale("0.30", node(1, "mcs--web--shop")) as server, shown(server) as parts:
        pages = await asyncio.gather(*(get(parts) for _ in range(5)))
        assert len({text for text, _ in pages}) == 1
    assert made == 1
