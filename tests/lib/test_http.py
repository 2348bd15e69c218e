"""`corepy.lib.http`: pages, sharing, limits."""

from __future__ import annotations

import asyncio
import gzip
import socket
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest

from corepy.errors import CorepyError
from corepy.host import Host
from corepy.lib import http
from corepy.lib.http import Listener, Page, listener
from tests.support.web import exchange, fetch, parse

LOCAL = "127.0.0.1:0"


async def hello(_request: object) -> Page:
    return Page(200, b"hello")


async def other(_request: object) -> Page:
    return Page(202, b"other")


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/hello", 200, b"hello"),
        ("GET", "/hello?x=1", 200, b"hello"),
        ("GET", "/%68ello", 200, b"hello"),
        ("POST", "/hello", 200, b"hello"),
        ("HEAD", "/hello", 200, b""),
        ("GET", "/hello/", 404, b"404 page not found\n"),
        ("GET", "/Hello", 404, b"404 page not found\n"),
        ("GET", "/", 404, b"404 page not found\n"),
        ("HEAD", "/", 404, b""),
    ],
)
async def test_pages(method: str, path: str, status: int, body: bytes) -> None:
    page = Listener(LOCAL)
    async with page.showing("/hello", hello):
        reply = await fetch(page.local[1], path, method=method)
    assert (reply.status, reply.body) == (status, body)
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["content-length"] == ("5" if status == 200 else "19")


async def test_a_page_that_fails_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_request: object) -> Page:
        raise RuntimeError("no such thing")

    page = Listener(LOCAL)
    async with page.showing("/x", broken):
        assert (await fetch(page.local[1], "/x")).status == 500
        assert "no such thing" in caplog.text
        assert (await fetch(page.local[1], "/y")).status == 404


async def test_a_long_body_is_compressed_for_who_takes_it() -> None:
    body = b"0123456789" * 10_000

    async def long(_request: object) -> Page:
        return Page(200, body)

    page = Listener(LOCAL)
    async with page.showing("/x", long):
        plain = await fetch(page.local[1], "/x")
        packed = await fetch(page.local[1], "/x", headers={"Accept-Encoding": "deflate, gzip"})
    assert plain.body == body
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == body


async def test_one_address_of_an_instance_is_one_listener() -> None:
    host = Host()
    page = listener(host, LOCAL)
    assert listener(host, LOCAL) is page
    assert listener(Host(), LOCAL) is not page
    async with page.showing("/hello", hello), page.showing("/other", other):
        assert (await fetch(page.local[1], "/hello")).body == b"hello"
        assert (await fetch(page.local[1], "/other")).body == b"other"


async def test_the_oldest_page_of_a_path_is_shown_until_it_goes() -> None:
    page = Listener(LOCAL)
    await page.publish("/x", hello)
    await page.publish("/x", other)
    assert (await fetch(page.local[1], "/x")).body == b"hello"
    await page.withdraw("/x", hello)
    assert (await fetch(page.local[1], "/x")).body == b"other"
    await page.withdraw("/x", hello)  # it is gone already
    await page.withdraw("/x", other)
    with pytest.raises(ConnectionRefusedError):
        await fetch(page.local[1], "/x")


async def test_an_address_that_cannot_be_had() -> None:
    page = Listener("192.0.2.1:20801")
    with pytest.raises(CorepyError, match=r"^listen tcp 192.0.2.1:20801: bind: cannot assign"):
        await page.publish("/x", hello)


async def test_a_second_instance_takes_over_without_a_refused_connection() -> None:
    old, new = Listener(LOCAL), Listener(LOCAL)
    async with AsyncExitStack() as stack:
        await old.publish("/x", hello)
        port = old.local[1]
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        await stack.enter_async_context(new.showing("/x", other))
        await old.withdraw("/x", hello)
        assert new.local[1] == port
        for client in clients:
            with client:
                client.close()
        assert (await fetch(port, "/x")).body == b"other"


async def test_what_waits_in_the_queue_is_answered_by_the_next_instance() -> None:
    old, new = Listener(LOCAL), Listener(LOCAL)
    await old.publish("/x", hello)
    port = old.local[1]
    waiting = asyncio.ensure_future(fetch(port, "/x"))
    await new.publish("/x", hello)
    await old.withdraw("/x", hello)
    assert (await waiting).body == b"hello"
    await new.withdraw("/x", hello)


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"\0\1\2\3\r\n\r\n",
        b"\x16\x03\x01\x02\0\1\0\1\xfc\r\n\r\n",
    ],
    ids=["path", "header", "headers", "junk", "tls"],
)
async def test_nonsense_is_refused_at_once(octets: bytes, caplog: pytest.LogCaptureFixture) -> None:
    page = Listener(LOCAL)
    async with page.showing("/hello", hello):
        reply = parse(await exchange(page.local[1], octets, timeout=2))
        assert reply.status == 400
        assert (await fetch(page.local[1], "/hello")).body == b"hello"
    assert not caplog.records


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"GET /hello HTTP/1.1\r\nHost: x\r\n",
        b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
    ],
    ids=["silence", "half a header", "keep-alive", "half a body"],
)
async def test_slow_clients_are_cut_off(octets: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 0.2)
    monkeypatch.setattr(http, "LINGER", 0.2)
    page = Listener(LOCAL)
    async with page.showing("/hello", hello):
        await exchange(page.local[1], octets, timeout=2)


async def test_a_client_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 0.3)

    async def endless(_request: object) -> Page:
        return Page(200, b"x" * (32 << 20))

    page = Listener(LOCAL)
    async with page.showing("/x", endless):
        with socket.create_connection(("127.0.0.1", page.local[1])) as client:
            client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(0.8)
            client.setblocking(False)
            received = 0
            while octets := client.recv(1 << 20):
                received += len(octets)
    assert received < 32 << 20


async def test_connections_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONNECTIONS", 3)
    page = Listener(LOCAL)
    async with page.showing("/hello", hello):
        idle = []
        for _ in range(3):
            idle.append(await asyncio.open_connection(*page.local))
            await asyncio.sleep(0.05)
        assert await exchange(page.local[1], b"", timeout=2) == b""
        for _, writer in idle:
            writer.close()
        await asyncio.sleep(0.1)
        assert (await fetch(page.local[1], "/hello")).status == 200


async def test_the_end_does_not_wait_for_idle_connections() -> None:
    page = Listener(LOCAL)
    await page.publish("/hello", hello)
    reader, writer = await asyncio.open_connection(*page.local)
    writer.write(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"hello")
    async with asyncio.timeout(2):
        await page.withdraw("/hello", hello)
        assert await reader.read() == b""
    writer.close()


def test_the_http_library_is_loaded_behind_the_open_socket() -> None:
    code = """
import asyncio, sys
from corepy.lib.http import Listener, Page
async def hello(request): return Page(200, b"hello")
async def main():
    page = Listener("127.0.0.1:0")
    async with page.showing("/x", hello):
        assert page.local[1]
        assert "aiohttp" not in sys.modules
        reader, writer = await asyncio.open_connection(*page.local)
        writer.write(b"GET /x HTTP/1.1\\r\\nConnection: close\\r\\nHost: x\\r\\n\\r\\n")
        assert (await reader.read()).endswith(b"hello")
    async with page.showing("/x", hello):
        pass  # ending at once is no harm either
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
