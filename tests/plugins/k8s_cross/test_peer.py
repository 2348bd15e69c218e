"""HTTP and TCP to other nodes, directly and through a SOCKS5 proxy."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from corepy_plugins.k8s_cross import catalog
from corepy_plugins.k8s_cross.listing import Malformed
from corepy_plugins.k8s_cross.node import Reading
from corepy_plugins.k8s_cross.peer import Client, Direct, Proxied, client
from corepy_plugins.k8s_cross.probe import answers
from corepy_plugins.k8s_cross.socks import Proxy, connect
from corepy_plugins.k8s_cross.source import FetchError, reason
from tests.plugins.k8s_cross.world import told, until, world
from tests.support.catalogs import Peer, service, serving
from tests.support.headscale import headscale, node
from tests.support.socks import Socks, socks

NODE = "100.64.0.2"
URL = f"http://{NODE}:8053/k8s_cross/v1/catalog"


@asynccontextmanager
async def saying(octets: bytes) -> AsyncIterator[int]:
    """A server that says this to whoever asks, and hangs up; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(octets)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[tuple[Socks, Client]]:
    """A client through a proxy, behind which the node is at this port."""
    async with socks() as found:
        found.ports[NODE, 8053] = port
        yield found, Proxied(found.proxy)


def test_which_client() -> None:
    """The proxy decides."""
    assert isinstance(client(None, 1), Direct)
    assert isinstance(client(Proxy("h", 1), 1), Proxied)


@pytest.mark.parametrize("packed", [False, True])
async def test_a_real_answer(packed: bool) -> None:
    """Both clients see the same."""
    peer = Peer("west", service())
    peer.packed, peer.etag = packed, '"x"'
    async with serving(peer), proxied(peer.port) as (found, through):
        direct = Direct(1)
        one = await direct.get(peer.url, {}, 10_000)
        await direct.close()
        other = await through.get(URL, {}, 10_000)
        await through.close()
        octets = gzip.decompress(one.octets) if packed else bytes(one.octets)
        assert b'"west"' in octets
        assert (one.status, one.octets[10:]) == (other.status, other.octets[10:])
        for name in ("etag", "content-type", "content-length"):
            assert one.headers[name] == other.headers[name]
        assert found.asked == [(NODE, 8053)]
        assert (await through.get(URL, {"If-None-Match": '"x"'}, 10_000)).status == 304


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("octets", "body"),
    [
        (OK + b"Content-Length: 3\r\n\r\nabc", b"abc"),
        (OK + b"content-length:3\r\n\r\nabcdef", b"abc"),
        (OK + b"\r\nabc", b"abc"),
        (b"HTTP/1.0 200 OK\n\nabc", b"abc"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", b"abc"),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", b""),
        (b"HTTP/1.1 204\r\n\r\n", b""),
    ],
)  # fmt: skip
async def test_answers_through_a_proxy(octets: bytes, body: bytes) -> None:
    """With each way to say where the body ends."""
    async with saying(octets) as port, proxied(port) as (_, through):
        assert (await through.get(URL, {}, 10)).octets == body


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        OK,
        OK + b"Content-Length: 3\r\n\r\nab",
        OK + b"Content-Length: x\r\n\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        OK + b"A: b\r\n" * 200 + b"\r\n",
        b"x" * (1 << 17),
    ],
)
async def test_what_is_no_answer(octets: bytes) -> None:
    """It is an error of ours, without a word of it."""
    async with saying(octets) as port, proxied(port) as (_, through):
        with pytest.raises(FetchError, match="no HTTP, or cut short"):
            await through.get(URL, {}, 10)


@pytest.mark.parametrize(
    "octets",
    [
        OK + b"Content-Length: 11\r\n\r\n" + b"x" * 11,
        OK + b"\r\n" + b"x" * 11,
        OK + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n" + b"x" * 11,
    ],
)
async def test_more_than_the_limit(octets: bytes) -> None:
    """Not taken, however it is sent."""
    async with saying(octets) as port, proxied(port) as (_, through):
        with pytest.raises(Malformed):
            await through.get(URL, {}, 10)


async def test_what_a_proxy_says() -> None:
    """Its refusals are those of the connection."""
    async with proxied(0) as (found, through):
        for code, text in ((5, "connection refused"), (4, "host unreachable"), (99, "99")):
            found.code = code
            with pytest.raises(FetchError, match=f"the proxy says: {text}"):
                await through.get(URL, {}, 10)
            assert not await answers(NODE, 80, found.proxy)
        for trouble in (b"\5\xff", b"HTTP/1.1 400 Bad Request\r\n", b"\5"):
            found.trouble = trouble
            with pytest.raises(FetchError, match="the proxy"):
                await through.get(URL, {}, 10)
        nobody = Proxied(Proxy("127.0.0.1", 1))
        with pytest.raises(FetchError, match="refused"):
            await nobody.get(URL, {}, 10)


@pytest.mark.parametrize("bound", [b"\1\0\0\0\0\0\0", b"\4" + bytes(18), b"\3\4host\0\0"])
async def test_what_a_proxy_has_bound(bound: bytes) -> None:
    """Any kind of address may stand there; IPv6 may be asked for."""
    async with saying(OK + b"\r\nabc") as port, socks() as found:
        found.bound = bound
        found.ports["fd7a::2", 8053] = port
        reader, writer = await connect(found.proxy, "fd7a::2", 8053)
        writer.write(b"\r\n\r\n")
        assert await reader.read() == OK + b"\r\nabc"
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("tag", [b'"\xff"', b'"\xc3\xa4"', b'"a\x01b"', b"x" * 201])
async def test_a_tag_that_cannot_be_sent_back(tag: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none then, with both clients."""
    document = json.dumps(Peer("west").document).encode()
    one = Reading(node(2, "cluster--west", "mcs-catalog")).node
    assert one is not None
    async with (
        saying(OK + b"ETag: " + tag + b"\r\n\r\n" + document) as port,
        proxied(port) as (_, through),
    ):
        found = await catalog.fetch(through, one, "default-clusterset", None)
        assert found.etag == ""
        monkeypatch.setattr(catalog, "url", lambda _: f"http://127.0.0.1:{port}/")
        direct = Direct(1)
        with suppress(FetchError):  # aiohttp may refuse the header itself
            assert (await catalog.fetch(direct, one, "default-clusterset", None)).etag == ""
        await direct.close()


@pytest.mark.usefixtures("impatient")
async def test_catalogs_and_probes_through_a_proxy() -> None:
    """At the nodes' own addresses; Headscale is asked directly."""
    peer = Peer("west", service())
    west = node(2, "cluster--west", "mcs-catalog", "mcs--api--shop--tcp--8053--http")
    async with serving(peer), socks() as found, headscale("0.30", west) as server:
        found.ports[NODE, 8053] = peer.port
        options = {"overlay_proxy": found.proxy, "probe": 0.02}
        async with world(server, **options) as w:
            assert told(w, "web.shop.svc") == "OK 2"
            await until(lambda: len(found.asked) > 5)
            assert w.instance.down == frozenset()
            found.code = 5
            await until(lambda: w.instance.down == {"2"})
        assert {address for address, _ in found.asked} == {NODE}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("a\nb\x1b[31m"), "a?b?[31m"),
        (ValueError(), "ValueError"),
        (ConnectionRefusedError(111, "x"), "connection refused"),
        (ValueError("x" * 500), "x" * 200),
    ],
)
def test_reasons_are_fit_for_a_log(error: Exception, text: str) -> None:
    """One line, without what others may have put in."""
    assert reason(error) == text
