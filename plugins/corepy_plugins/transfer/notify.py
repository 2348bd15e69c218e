"""Tells other servers that a zone has changed (NOTIFY, RFC 1996)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from corepy import names, wire
from corepy.errors import UpstreamError
from corepy.lib.rcodes import text as rcode_text
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.exchange import exchange
from corepy.tasks import spawn
from corepy_plugins.transfer.rule import Rules

_ATTEMPTS: Final = 3
_TIMEOUT: Final = 2.0  # seconds for each of them
_AT_ONCE: Final = 64
_FLAGS: Final = (wire.NOTIFY << 11 | wire.AA).to_bytes(2, "big")


class Notices:
    """Those under way; no more than a few have a socket at any time."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)

    def send(self, zone: str, failed: Callable[[str], None]) -> None:
        """Begin to tell every address of the zone's rule."""
        rule = self._rules.match(names.from_text(zone).lower())
        for address in rule.to if rule else ():
            assert rule
            task = spawn(self._tell(zone, address, rule.source, failed), name=f"notify {zone}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _tell(
        self, zone: str, address: Address, source: str, failed: Callable[[str], None]
    ) -> None:
        reason = ""
        async with self._room:
            for _ in range(_ATTEMPTS):
                try:
                    reply = await exchange(address, _notice(zone), timeout=_TIMEOUT, source=source)
                except UpstreamError as error:
                    reason = f'"{error}"'
                    continue
                rcode = reply[3] & wire.RCODE_MASK
                if rcode == wire.NOERROR:
                    return
                reason = f'rcode was "{rcode_text(rcode) or rcode}"'
        failed(f'notify for zone "{zone}" was not accepted by "{address.label}": {reason}')


def _notice(zone: str) -> bytes:
    head = os.urandom(2) + _FLAGS + b"\0\1\0\0\0\0\0\0"
    return head + names.from_text(zone) + wire.SOA.to_bytes(2, "big") + b"\0\1"
