"""An instance at work without sockets of its own, for the tests of its life."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from corepy import wire
from corepy.host import Host
from corepy.record import Record
from corepy.request import Request
from corepy.response import Response
from corepy.server import Listener, Server
from corepy.waiter import drive
from corepy_plugins.k8s_cross import companions, source_of
from corepy_plugins.k8s_cross.handler import K8sCross
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.settings import Settings
from tests.support.headscale import KEY, Headscale

FAST = 0.02
LOG = logging.getLogger("corepy.plugin.k8s_cross")


class World:
    """A handler with one instance, asked without sockets."""

    def __init__(self, settings: Settings) -> None:
        self.handler = K8sCross()
        self.changes = 0
        self.instance = Instance(settings, LOG, self._changed)
        self.source = source_of(settings)
        self.host = Host()
        self.companions = list(companions(self.instance, self.source, self.host))
        self.handler.add(self.instance, self.source, *self.companions)
        self.listener = Listener(Server("dns://:53"), "udp", ("127.0.0.1", 53))

    def _changed(self) -> None:
        self.changes += 1

    def answer(self, name: str, rdtype: int = wire.A) -> Response:
        """What a query for NAME.clusterset.local gets, at once."""
        wired = b"".join(
            bytes((len(label),)) + label.encode()
            for label in f"{name}.clusterset.local".split(".")
            if label
        )
        octets = b"\0\1\1\0\0\1\0\0\0\0\0\1%b\0%b\0\1\0\0\x29\4\xd0\0\0\0\0\0\0" % (
            wired,
            rdtype.to_bytes(2, "big"),
        )
        shape = wire.admit(octets)
        assert not isinstance(shape, bytes)
        request = Request(*shape, ("127.0.0.1", 5353), self.listener)
        found: list[Response] = []

        def done(response: Response, error: BaseException | None) -> None:
            assert error is None
            found.append(response)

        drive(self.handler.serve(request, _next), done)
        return found[0]

    def says(self, name: str) -> str:
        """rcode, addresses' last octets with their TTL."""
        response = self.answer(name)
        text = wire_rcode(response.rcode)
        return " ".join([text, *(f"{one.rdata[3]}/{one.ttl}" for one in response.answer)])


async def _next(_request: Request) -> Response:
    return Response(answer=[Record.make(b"\0", wire.A, 1, b"\0\0\0\x63")])


def wire_rcode(rcode: int) -> str:
    """The rcodes that occur here."""
    return {0: "OK", 2: "SERVFAIL", 3: "NXDOMAIN"}[rcode]


@asynccontextmanager
async def world(server: Headscale | None = None, **options: Any) -> AsyncIterator[World]:
    """A running handler that polls a stand-in quickly."""
    if server is not None:
        options = {"url": server.url, "key": KEY, **options}
    found = World(Settings(**{"refresh": FAST, "timeout": 1.0, **options}))
    async with found.handler.lifespan():
        yield found


def told(w: World, name: str) -> str:
    """What `says` says without TTLs, which are lower whenever the machine was too busy to poll."""
    return re.sub(r"/\d+", "", w.says(name))


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


class Lines(logging.Handler):
    """Collects what is logged."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {self.format(record)}")
