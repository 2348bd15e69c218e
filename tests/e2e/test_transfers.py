"""Zones from and to Knot DNS and BIND, with NOTIFY and by the timers of the SOA record alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from corepy.tasks import spawn
from corepy.testing import Dns, Start, free_port
from corepy_plugins.secondary import follower
from tests.support.peers import LIMIT, PEERS, Peer, running

peers = pytest.mark.parametrize("name", list(PEERS))
notices = pytest.mark.parametrize("notify", [True, False], ids=["notify", "refresh"])


def zone(serial: int, *hosts: str, refresh: int = 3600) -> str:
    """A zone with these hosts at 192.0.2.1."""
    lines = "".join(f"{host} 60 A 192.0.2.1\n" for host in hosts)
    return (
        f"$ORIGIN a.test.\n@ 60 SOA ns host {serial} {refresh} 1 3600 60\n@ 60 NS ns\n"
        f'ns 60 A 192.0.2.53\n_s._tcp 60 SRV 1 2 53 ns\nx.y 60 TXT "z"\n{lines}'
    )


async def until(server: Dns, question: str, wanted: str) -> None:
    """Ask until the answer has this text."""
    for _ in range(int(LIMIT / 0.05)):
        reply = await server.query(question)
        if wanted in reply.to_text():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{question}: never {wanted}: {server.log}")


@peers
@notices
async def test_changes_come_from_another_primary(
    corefile: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, notify: bool
) -> None:
    monkeypatch.setattr(follower, "_JITTER_REFRESH", 0.1)
    port = free_port()
    refresh = 3600 if notify else 1
    first = zone(1, "stays", "goes", refresh=refresh)
    peer = Peer(tmp_path / "peer", "a.test.", notify=port if notify else 0)
    async with running(name, peer, first):
        block = f"secondary {{\n transfer from 127.0.0.1:{peer.port}\n }}"
        async with corefile(f"a.test {{\n {block}\n}}", port=port) as server:
            await until(server, "goes.a.test A", "192.0.2.1")
            peer.put(zone(2, "stays", "comes", refresh=refresh))
            await until(server, "comes.a.test A", "192.0.2.1")
            assert "192.0.2.1" in await server.ask("stays.a.test A")
            assert await server.ask("goes.a.test A") == "NXDOMAIN"
            await peer.logged("IXFR", "a.test")
            assert server.log.count(f"[INFO] plugin/secondary: {_transferred(peer)}") == 2
            peer.put(zone(3, "stays", refresh=refresh))
            await until(server, "comes.a.test A", "NXDOMAIN")


def _transferred(peer: Peer) -> str:
    return f"Transferred: a.test. from 127.0.0.1:{peer.port}"


@peers
@notices
@pytest.mark.parametrize("plugin", ["file", "auto"])
async def test_changes_go_to_another_secondary(
    corefile: Start, tmp_path: Path, name: str, notify: bool, plugin: str
) -> None:
    refresh = 3600 if notify else 1
    path = tmp_path / "db.a.test"
    path.write_text(zone(1, "stays", "goes", refresh=refresh))
    port = free_port()
    source = {
        "file": f"file {path} {{\n reload 100ms\n }}",
        "auto": f"auto {{\n directory {tmp_path}\n reload 100ms\n }}",
    }[plugin]
    peer = Peer(tmp_path / "peer", "a.test.", primary=port)
    to = f"127.0.0.1:{peer.port}" if notify else "*"
    text = f"a.test {{\n {source}\n transfer {{\n to {to}\n }}\n}}"
    async with corefile(text, port=port) as server, running(name, peer):
        await peer.until("goes.a.test A", "192.0.2.1")
        path.write_text(zone(2, "stays", "comes", refresh=refresh))
        await peer.until("comes.a.test A", "192.0.2.1")
        await peer.until("stays.a.test A", "192.0.2.1")
        await peer.until("goes.a.test A", "NXDOMAIN")
        await peer.until("_s._tcp.a.test SRV", "1 2 53 ns.a.test")
        assert sum("Outgoing transfer of" in line for line in server.log) == 2


@peers
async def test_a_zone_passes_through(corefile: Start, tmp_path: Path, name: str) -> None:
    """From a primary through *secondary* and *transfer* to a server behind, told by NOTIFY."""
    port = free_port()
    first = Peer(tmp_path / "first", "a.test.", notify=port)
    last = Peer(tmp_path / "last", "a.test.", primary=port)
    text = (
        f"a.test {{\n secondary {{\n transfer from 127.0.0.1:{first.port}\n }}\n"
        f" transfer {{\n to 127.0.0.1:{last.port}\n }}\n}}"
    )
    async with (
        running(name, first, zone(1, "www")),
        corefile(text, port=port),
        running(name, last),
    ):
        await last.until("www.a.test A", "192.0.2.1")
        for serial in (2, 3):
            first.put(zone(serial, f"h{serial}"))
            await last.until(f"h{serial}.a.test A", "192.0.2.1")
        await last.until("h2.a.test A", "NXDOMAIN")


async def test_a_large_zone_passes_through_while_others_ask(
    corefile: Start, tmp_path: Path
) -> None:
    """From Knot DNS to BIND: 200 000 records, none lost, and no query either."""
    port = free_port()
    first = Peer(tmp_path / "first", "a.test.", notify=port)
    last = Peer(tmp_path / "last", "a.test.", primary=port)
    hosts = [f"h{number}" for number in range(200_000)]
    text = (
        f"a.test {{\n secondary {{\n transfer from 127.0.0.1:{first.port}\n }}\n"
        f" transfer {{\n to 127.0.0.1:{last.port}\n }}\n}}\n"
        "b.test {\n whoami\n}"
    )
    async with (
        running("knotd", first, zone(1, *hosts)),
        corefile(text, port=port) as server,
        running("named", last),
    ):
        arrival = spawn(last.until("h199999.a.test A", "192.0.2.1"))
        while not arrival.done():
            assert await server.ask("b.test A") == "NOERROR"
            await asyncio.sleep(0.005)
        await arrival
        for host in (*hosts[:: len(hosts) // 100], "stays"):
            wanted = "NXDOMAIN" if host == "stays" else "192.0.2.1"
            assert wanted in await server.ask(f"{host}.a.test A")
            await last.until(f"{host}.a.test A", wanted)
