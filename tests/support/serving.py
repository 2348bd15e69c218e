"""A server without sockets: queries in, replies out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any

from corepy.chain import fold
from corepy.plugin import Handler, Next, Plugin, View
from corepy.record import Record
from corepy.request import Request
from corepy.response import Response
from corepy.server import Listener, Route, Server
from tests.support.queries import PEER

TEXT = Record.make(b"\0", 16, 60, b"\3yes").tail


class Answers(Plugin):
    """Says yes, and counts how often it was asked."""

    repeatable = True
    eager = True

    def __init__(self, text: bytes = b"yes", fresh_until: float = float("inf")) -> None:
        self.tail = Record.make(b"\0", 16, 60, bytes((len(text),)) + text).tail
        self.fresh_until = fresh_until
        self.served = 0

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        self.served += 1
        return Response(answer=[Record(request.owner, self.tail)], fresh_until=self.fresh_until)


class Does(Plugin):
    """Does what a function does."""

    def __init__(
        self,
        serve: Callable[[Request, Next], Awaitable[Any]],
        *,
        eager: bool = True,
        repeatable: bool = True,
    ) -> None:
        self.inner = serve
        self.eager = eager  # type: ignore[misc]  # of this one object
        self.repeatable = repeatable  # type: ignore[misc]

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        answer: Response = await self.inner(request, next)
        return answer


def listener_of(
    *handlers: Handler, zone: str = ".", proto: str = "udp", views: Sequence[View] = ()
) -> Listener:
    """A listener whose only block has this chain."""
    server = Server("dns://:53")
    chain = fold([(type(handler).__name__.lower(), handler) for handler in handlers])
    server.add(Route(zone, chain, tuple(views)))
    listener = Listener(server, proto, ("127.0.0.1", 53))
    for handler in handlers:
        if isinstance(handler, Plugin):
            handler._forget = (server.forget,)
    return listener


def at_once(listener: Listener, octets: bytes, peer: Any = PEER) -> bytes:
    """The reply to a query whose chain does not wait."""
    reply = listener.handle(octets, peer, _never)
    assert reply is not None, "the chain waits"
    return reply


async def in_time(listener: Listener, octets: bytes, peer: Any = PEER) -> bytes:
    """The reply to a query, whenever it comes; asked from a callback, as transports do."""
    loop = asyncio.get_running_loop()
    later: asyncio.Future[bytes] = loop.create_future()

    def ask() -> None:
        reply = listener.handle(octets, peer, lambda late, _peer, _via: later.set_result(late))
        if reply is not None:
            later.set_result(reply)

    loop.call_soon(ask)
    async with asyncio.timeout(5):
        return await later


def like_a_transport(listener: Listener, octets: bytes, peer: Any = PEER) -> bytes:
    """The reply the way transports come by it: from the memo first."""
    key, now = octets[2:], monotonic()
    entry = listener.memo.young.get(key)
    if entry is not None and entry[1] <= now:
        entry = listener.memo.variant(key, entry, peer[0], now)
    if entry is not None:
        for repeat in entry[2]:
            repeat(octets, peer, 0.0)
        return octets[:2] + entry[0]
    return at_once(listener, octets, peer)


def _never(reply: bytes, peer: Any, via: Any) -> None:
    raise AssertionError(f"a late reply to {peer}: {reply!r}")
