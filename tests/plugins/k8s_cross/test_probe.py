"""Probes of the nodes themselves: who is tried, when one counts as down, and as up again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from corepy_plugins.k8s_cross import probe
from corepy_plugins.k8s_cross.node import Node, Reading
from corepy_plugins.k8s_cross.probe import Prober, answers, target
from tests.plugins.k8s_cross.world import World, until, world
from tests.support.headscale import headscale, node

pytestmark = pytest.mark.usefixtures("impatient")
WEB = "mcs--web--shop--tcp--80--http"
DB = "mcsh--db--shop--tcp--5432--pg"


class Network:
    """Which addresses accept connections, and what was tried."""

    def __init__(self) -> None:
        self.dead: set[str] = set()
        self.tried: list[tuple[str, int]] = []

    async def answers(self, host: str, port: int, _proxy: object = None) -> bool:
        """In place of the real connection."""
        self.tried.append((host, port))
        await asyncio.sleep(0)
        return host not in self.dead


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """No packet leaves."""
    found = Network()
    monkeypatch.setattr(probe, "answers", found.answers)
    return found


@asynccontextmanager
async def probed(*nodes: dict[str, Any], **options: Any) -> AsyncIterator[tuple[World, Prober]]:
    """A world whose rounds of probes are made by hand."""
    async with headscale("0.30", *nodes) as server, world(server, refresh=60.0, **options) as w:
        yield w, Prober(w.instance, 60.0)


async def test_three_failures_and_one_success(network: Network) -> None:
    """Not ready at the third, ready again at once."""
    async with probed(node(1, WEB), node(2, WEB)) as (w, prober):
        network.dead = {"100.64.0.2"}
        for _ in range(2):
            await prober.round()
            assert w.says("web.shop.svc") == "OK 1/300 2/300"
        await prober.round()
        assert w.says("web.shop.svc") == "OK 1/300"
        network.dead = set()
        changes = w.changes
        await prober.round()
        assert w.says("web.shop.svc") == "OK 1/300 2/300"
        assert w.changes == changes + 1


async def test_a_success_in_between_counts_anew(network: Network) -> None:
    """Three in a row, not three in all."""
    async with probed(node(1, WEB), node(2, WEB)) as (w, prober):
        for dead in ("2", "2", "", "2", "2"):
            network.dead = {f"100.64.0.{dead}"}
            await prober.round()
        assert w.says("web.shop.svc") == "OK 1/300 2/300"


async def test_nobody_answers(network: Network) -> None:
    """All gateways then; a headless service is gone."""
    async with probed(node(1, WEB), node(2, WEB), node(3, DB)) as (w, prober):
        network.dead = {f"100.64.0.{last}" for last in (1, 2, 3)}
        for _ in range(3):
            await prober.round()
        assert w.says("web.shop.svc") == "OK 1/300 2/300"
        assert w.says("db.shop.svc") == "NXDOMAIN"


async def test_who_is_probed(network: Network) -> None:
    """Nodes of the clusterset with a TCP port, as long as Headscale holds them for ready."""
    nodes = [
        node(1, WEB, "mcs--web--shop--tcp--443--https"),
        node(2, "mcs--plain--shop"),
        node(3, "mcs--dns--shop--udp--53--dns"),
        node(4, WEB, "clusterset--other"),
        node(5, WEB, online=False),
        node(6, WEB, expiry="2020-01-01T00:00:00Z"),
        node(7, "mcs--dns--shop--udp--53--dns", "mcs--dns--shop--tcp--53--dns-tcp"),
        node(8, WEB, ipAddresses=["fd7a::8"]),
    ]
    async with probed(*nodes) as (_, prober):
        await prober.round()
    assert sorted(network.tried) == [("100.64.0.1", 80), ("100.64.0.7", 53), ("fd7a::8", 80)]


async def test_a_reload_keeps_what_probes_have_found(network: Network) -> None:
    """If it still probes."""
    async with (
        headscale("0.30", node(1, WEB), node(2, WEB)) as server,
        world(server, refresh=60.0, probe=60.0) as w,
    ):
        await w.instance.mark_down(frozenset("2"))
        assert w.says("web.shop.svc") == "OK 1/300"
        async with world(server, refresh=60.0, probe=60.0) as heir:
            assert heir.says("web.shop.svc") == "OK 1/300"
        async with world(server, refresh=60.0) as heir:
            assert heir.says("web.shop.svc") == "OK 1/300 2/300"


async def test_it_runs_by_itself(network: Network) -> None:
    """`probe` in the settings is all it takes."""
    network.dead = {"100.64.0.2"}
    nodes = (node(1, WEB), node(2, WEB))
    async with headscale("0.30", *nodes) as server, world(server, refresh=60.0, probe=0.01) as w:
        await until(lambda: w.says("web.shop.svc") == "OK 1/300")
        network.dead = set()
        await until(lambda: w.says("web.shop.svc") == "OK 1/300 2/300")


async def test_at_most_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many nodes there are."""
    now, most = 0, 0

    async def slow(_host: str, _port: int, _proxy: object = None) -> bool:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        return True

    monkeypatch.setattr(probe, "answers", slow)
    async with probed(*(node(number, WEB) for number in range(1, 200))) as (_, prober):
        await prober.round()
    assert most == 64


async def test_a_real_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepted, refused, and neither."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not await answers("127.0.0.1", port)
        server.listen(1)
        assert await answers("127.0.0.1", port)
        monkeypatch.setattr(probe, "TIMEOUT", 0.0)
        assert not await answers("127.0.0.1", port)


def test_target() -> None:
    """The first TCP port, over IPv4 where there is both."""

    def of(*tags: str) -> Node:
        found = Reading(node(1, *tags)).node
        assert found is not None
        return found

    assert target(of(WEB)) == ("100.64.0.1", 80)
    assert target(of("mcs--web--shop")) is None
