"""Counts how often a server's own probe passes by, for as long as the probe is under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from corepy import Next, Plugin, Request, Response, wire
from corepy.controller import BlockInfo
from corepy.host import Host
from corepy.tasks import spawn
from corepy_plugins.loop.probe import HINFO, Probe

ALLOWED: Final = 2
"""The probe itself, and one more that some middlebox may have sent again."""

ELSEWHERE: Final = 3
"""Answers to probes that never passed here, after a reload: they may be the last instance's.

At the start they come from a plugin before this one, and so will the next.
"""

PATIENCE: Final = 30.0
"""Seconds in which the server must have come up."""

_PAUSES: Final = (0.1, 0.2, 0.4, 0.8)  # seconds between attempts; from the last one on, 1


class Detector(Plugin):
    """Passes everything on. Once the probe is answered it does nothing else for ever.

    CVE-2026-26018: a counter that outlives the start is a way for strangers to end the server.
    """

    repeatable = True
    eager = True

    def __init__(self, probe: Probe, block: BlockInfo, host: Host) -> None:
        self._probe = probe
        self._block = block
        self._host = host
        self._target = ""
        self._seen = 0
        self._returned = ""
        self._most_elsewhere = 1 if host.first else ELSEWHERE
        self.active = False

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Count the probe, pass on whatever it is."""
        if not self.active or request.qtype != HINFO or request.qname != self._probe.qname:
            return await next(request)
        request.never_repeat()
        self._seen += 1
        client = request.client
        host = f"[{client.host}]" if ":" in client.host else client.host
        sender = f"{host}:{client.port}"
        if tuple(client) != self._probe.source:
            self._returned = sender
        if self._seen > ALLOWED:
            self._found(sender)
            return Response.failure(wire.SERVFAIL)
        return await next(request if self._seen == 1 else self._marked(request))

    def _marked(self, request: Request) -> Request:
        """The same question with another header bit, for the second pass.

        A plugin that sends equal questions upstream only once would make the second pass wait for
        the first, and the third never come.
        """
        octets = request.wire
        return request.replace(octets=octets[:3] + bytes((octets[3] ^ wire.CD,)) + octets[4:])

    def _found(self, sender: str) -> None:
        self.active = False
        zone, name = self._block.zones[0], self._probe.text
        self._host.fatal(
            f'plugin/loop: Loop ({sender} -> {self._target}) detected for zone "{zone}", see '
            f'https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO {name}"'
        )

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Probe in the background: the server answers only after all lifespans have begun."""
        address = next(filter(_is_plain, self._block.addresses), None)
        if address is None:
            yield
            return
        host, _, port = address.removeprefix("dns://").rpartition(":")
        self._target = f"{host}:{port}"
        self.active = True
        prober = spawn(self._watch(host.strip("[]"), int(port)), name="loop")
        try:
            yield
        finally:
            prober.cancel()
            with suppress(asyncio.CancelledError):
                await prober

    async def _watch(self, host: str, port: int) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._ask_until_seen(_reachable(host), port)
        except TimeoutError:
            pass
        finally:
            self.active = False

    async def _ask_until_seen(self, host: str, port: int) -> None:
        pauses = iter(_PAUSES)
        elsewhere = 0
        while self.active:
            self._seen, self._returned = 0, ""
            try:
                await self._probe.ask(host, port)
            except (OSError, TimeoutError):
                if self._returned and self.active:
                    # It came back and then got stuck: whoever has it waits for an answer from us.
                    self._found(self._returned)
            else:
                elsewhere += 1
                if self._seen or elsewhere == self._most_elsewhere:
                    return
            await asyncio.sleep(next(pauses, 1.0))


def _is_plain(address: str) -> bool:
    return address.startswith("dns://")


def _reachable(host: str) -> str:
    """The address to ask; a server on all addresses is on this one too."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
