"""*health* at work: the page, lame duck time, several endpoints."""

from __future__ import annotations

import asyncio
import time

import pytest

from corepy.errors import CorepyError
from corepy.testing import Dns, Start, free_port
from tests.support.web import fetch


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/health", 200, b"OK"),
        ("POST", "/health", 200, b"OK"),
        ("HEAD", "/health", 200, b""),
        ("GET", "/", 404, b"404 page not found\n"),
        ("GET", "/health/", 404, b"404 page not found\n"),
        ("GET", "/ready", 404, b"404 page not found\n"),
    ],
)
async def test_page(corefile: Start, method: str, path: str, status: int, body: bytes) -> None:
    port = free_port()
    async with corefile(f". {{\n health 127.0.0.1:{port}\n whoami\n}}"):
        reply = await fetch(port, path, method=method)
    assert (reply.status, reply.body) == (status, body)


async def test_an_address_that_cannot_be_had_fails_the_start(corefile: Start) -> None:
    with pytest.raises(CorepyError, match=r"^listen tcp 192\.0\.2\.1:8080: bind: cannot assign"):
        async with corefile(". {\n health 192.0.2.1:8080\n whoami\n}"):
            pass


async def drained(dns: Dns) -> float:
    """Seconds the server waits before it would stop serving."""
    began = time.perf_counter()
    await dns.built.instance.drain()
    return time.perf_counter() - began


async def test_lameduck(corefile: Start) -> None:
    port = free_port()
    text = f". {{\n health 127.0.0.1:{port} {{\n lameduck 300ms\n }}\n whoami\n}}"
    async with corefile(text) as dns:
        waiting = asyncio.ensure_future(drained(dns))
        await asyncio.sleep(0.1)
        assert (await fetch(port, "/health")).body == b"OK"
        assert (await dns.query("a.test A")).rcode() == 0
        assert 0.3 <= await waiting < 1
        assert "[INFO] plugin/health: Going into lameduck mode for 300ms" in dns.log
        with pytest.raises(ConnectionRefusedError):
            await fetch(port, "/health")


@pytest.mark.parametrize("lameduck", ["0s", "-5s"])
async def test_no_lameduck(corefile: Start, lameduck: str) -> None:
    port = free_port()
    text = f". {{\n health 127.0.0.1:{port} {{\n lameduck {lameduck}\n }}\n whoami\n}}"
    async with corefile(text) as dns:
        assert await drained(dns) < 0.25
        assert not [line for line in dns.log if "lameduck" in line]


async def test_endpoints_go_lame_one_after_the_other(corefile: Start) -> None:
    first, second = free_port(), free_port()
    text = "".join(
        f"{zone} {{\n health 127.0.0.1:{port} {{\n lameduck 200ms\n }}\n whoami\n}}\n"
        for zone, port in (("a.test", first), ("b.test", second))
    )
    async with corefile(text) as dns:
        waiting = asyncio.ensure_future(drained(dns))
        await asyncio.sleep(0.3)
        with pytest.raises(ConnectionRefusedError):
            await fetch(first, "/health")
        assert (await fetch(second, "/health")).body == b"OK"
        assert 0.4 <= await waiting < 1.2


async def test_one_address_in_two_blocks(corefile: Start) -> None:
    port = free_port()
    text = "".join(
        f"{zone} {{\n health 127.0.0.1:{port}\n whoami\n}}\n" for zone in ("a.test", "b.test")
    )
    async with corefile(text):
        assert (await fetch(port, "/health")).body == b"OK"
    with pytest.raises(ConnectionRefusedError):
        await fetch(port, "/health")


async def test_health_and_ready_on_one_address(corefile: Start) -> None:
    port = free_port()
    text = f". {{\n health 127.0.0.1:{port}\n ready 127.0.0.1:{port}\n whoami\n}}"
    async with corefile(text):
        for _ in range(5):
            assert (await fetch(port, "/health")).status == 200
            assert (await fetch(port, "/ready")).status == 200
