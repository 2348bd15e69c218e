"""DNS over UDP: sizes, source addresses, batches."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from corepy import wire
from corepy.plugin import Next
from corepy.request import Request
from corepy.response import Response
from corepy.transport import udp
from corepy.transport.udp import UdpTransport, address, open_udp
from tests.support.queries import option, query
from tests.support.serving import Answers, Does, listener_of


async def slowly(request: Request, following: Next) -> Response:
    if request.qname.startswith(b"\4slow"):
        await asyncio.sleep(0.02)
    return await following(request)


@asynccontextmanager
async def served(*handlers: Any, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """The port of a transport on this address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = open_udp(host, 0, family)
    transport = UdpTransport(sock, listener_of(*(handlers or (Answers(),))))
    transport.start()
    try:
        yield sock.getsockname()[1]
    finally:
        transport.stop()
        transport.stop()  # once is enough, twice does no harm
        sock.close()


async def ask(port: int, octets: bytes, host: str = "127.0.0.1") -> tuple[bytes, str]:
    """The reply and the address it came from; the socket is not connected, so it may be any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("::1" if ":" in host else "127.0.0.1", 0))
        await loop.sock_sendto(sock, octets, (host, port))
        async with asyncio.timeout(5):
            reply, peer = await loop.sock_recvfrom(sock, 65535)
    return reply, peer[0]


@pytest.mark.parametrize(
    ("bound", "asked"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.2"),
        ("0.0.0.0", "127.3.2.1"),
        ("::1", "::1"),
        ("::", "::1"),
    ],
)
@pytest.mark.parametrize("name", ["a.test", "slow.test"])
async def test_a_reply_comes_from_the_address_that_was_asked(
    bound: str, asked: str, name: str
) -> None:
    async with served(Does(slowly), Answers(), host=bound) as port:
        for number in range(3):  # made, then repeated
            reply, source = await ask(port, query(name, ident=number), asked)
            assert reply[:2] == number.to_bytes(2, "big")
            assert reply.endswith(b"\3yes")
            assert source == asked


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_a_query_longer_than_512_octets_is_cut_and_so_a_format_error(host: str) -> None:
    async with served(host=host) as port:
        fits = query(edns=1232, options=option(12, bytes(512 - 24 - 15)))
        assert len(fits) == 512
        assert (await ask(port, fits))[0][3] & 15 == wire.NOERROR
        longer = query(edns=1232, options=option(12, bytes(513 - 24 - 15)))
        assert (await ask(port, longer))[0][3] & 15 == wire.FORMERR


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_many_at_once_are_all_answered(host: str) -> None:
    count = 5 * udp.BATCH + 7
    async with served(Does(slowly), Answers(), host=host) as port:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(("127.0.0.1", port))
            for number in range(count):
                name = f"{'slow' if number % 5 == 0 else 'now'}.n{number % 50}.test"
                sock.send(query(name, ident=number))
            found: set[int] = set()
            async with asyncio.timeout(5):
                while len(found) < count:
                    reply = await asyncio.get_running_loop().sock_recv(sock, 512)
                    found.add(int.from_bytes(reply[:2], "big"))


async def test_a_repetition_from_the_old_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    from corepy import memo

    monkeypatch.setattr(memo, "LIMIT", 2)
    for host in ("127.0.0.1", "0.0.0.0"):
        answers = Answers()
        async with served(answers, host=host) as port:
            for name in ("a.test", "b.test", "c.test", "a.test", "b.test"):
                assert (await ask(port, query(name)))[0].endswith(b"\3yes")
        assert answers.served == 3


async def test_observers_hear_of_repetitions(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []

    async def observes(request: Request, following: Next) -> Response:
        request.on_repeat(lambda octets, peer, started: heard.append(octets[:2]))
        return await following(request)

    for host in ("127.0.0.1", "0.0.0.0"):
        heard.clear()
        async with served(Does(observes), Answers(), host=host) as port:
            for number in range(3):
                await ask(port, query(ident=number))
        assert heard == [b"\0\1", b"\0\2"]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_silence(host: str) -> None:
    async with served(host=host) as port:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(("127.0.0.1", port))
            for octets in (b"", b"\0", query(flags=wire.QR), query(ident=7)):
                sock.send(octets)
            # The first thing that comes back is the answer to the last.
            async with asyncio.timeout(5):
                reply = await asyncio.get_running_loop().sock_recv(sock, 512)
            assert reply[:2] == b"\0\7"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_a_reply_that_cannot_be_sent_is_its_own_loss(host: str) -> None:
    async def large(request: Request, following: Next) -> Response:
        response = await following(request)
        if request.qname.startswith(b"\5large"):
            # Longer than a datagram can be.
            return response.replace(answer=[*response.answer] * 3000)
        return response

    async with served(Does(large), Answers(), host=host) as port:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(query("large.test", edns=65535), ("127.0.0.1", port))
        assert (await ask(port, query()))[0].endswith(b"\3yes")


def test_addresses() -> None:
    assert address("127.0.0.1", 53) == ("127.0.0.1", 53)
    index = socket.if_nametoindex("lo")
    assert address("fe80::1%lo", 53) == ("fe80::1", 53, 0, index)


def test_an_address_that_cannot_be_had() -> None:
    with pytest.raises(OSError, match="annot assign"):
        open_udp("192.0.2.1", 0, socket.AF_INET)


async def test_what_waits_in_the_queue_is_answered_before_the_end() -> None:
    sock = open_udp("127.0.0.1", 0, socket.AF_INET)
    transport = UdpTransport(sock, listener_of(Answers()))
    transport.start()
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(sock.getsockname())
        client.settimeout(2)
        for _ in range(3 * udp.BATCH):
            client.send(query())
        transport.drain()
        transport.stop()
        sock.close()
        for _ in range(3 * udp.BATCH):
            assert client.recv(512)[2] & 0x80
