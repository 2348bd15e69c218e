"""Keeps one zone as its primary servers have it (RFC 1034 section 4.3.5)."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from typing import Any, Final

from corepy import CorepyError
from corepy.errors import UpstreamError
from corepy.lib import duration
from corepy.lib.upstream.address import Address
from corepy.lib.zonedata import ZoneData
from corepy.tasks import spawn
from corepy_plugins.secondary.arriving import Mismatch, newer
from corepy_plugins.secondary.incoming import Unreachable, changed, serial_of, whole

_FIRST_PAUSE: Final = 0.25  # seconds, doubled after each failure
_LONGEST_PAUSE: Final = 10.0
_JITTER_REFRESH: Final = 5.0
_JITTER_RETRY: Final = 2.0

_WHOLE_ONLY: Final = 3600.0
"""Seconds for which a primary that failed to answer IXFR is asked for whole zones."""

Accept = Callable[[str, ZoneData], Callable[[], None]]
"""Checks a catalog (`CorepyError` if it is no good); what it returns applies it."""


class Follower:
    """`data` is what is served, None until the first transfer; `expired` once it is too old."""

    def __init__(
        self,
        zone: str,
        primaries: list[Address],
        renewed: Callable[[str], None],
        log: logging.Logger,
        accept: Accept | None = None,
    ) -> None:
        """`renewed` is told about new data, and about expiry, by the zone's name in text form."""
        self.zone = zone
        self.primaries = primaries
        self.data: ZoneData | None = None
        self.expired = False
        self._renewed = renewed
        self._log = log
        self._accept = accept
        self._busy = asyncio.Lock()
        self._whole_only: dict[Address, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Follow the zone from now on."""
        if self.primaries:
            self._spawn(self._follow(), "follow")

    def stop(self) -> None:
        """Give up what is under way; what was transferred stays."""
        for task in list(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()

    def notified(self, host: str) -> bool:
        """Look for a change if a primary says there is one; False if it is no primary."""
        if not any(host == address.host for address in self.primaries):
            return False
        if len(self._tasks) < 3:
            self._spawn(self._answer_notice(host), "notify")
        return True

    def _spawn(self, work: Coroutine[Any, Any, None], what: str) -> None:
        task = spawn(work, name=f"secondary {what} {self.zone}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_notice(self, host: str) -> None:
        text = f"Notify from {host} for {self.zone}"
        self._log.info("%s: checking transfer", text)
        try:
            if not await self._update():
                self._log.info("%s: no SOA serial increase seen", text)
        except CorepyError as error:
            self._log.warning("%s: transfer failed: %s", text, error)

    async def _follow(self) -> None:
        pause = _FIRST_PAUSE
        while self.data is None:
            try:
                async with self._busy:
                    await self._transfer()
            except CorepyError as error:
                again = duration.format(pause)
                text = "All '%s' masters failed to transfer, retrying in %s: %s"
                self._log.warning(text, self.zone, again, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        while True:
            await self._round()

    async def _round(self) -> None:
        """From one successful look to the next one."""
        assert self.data is not None
        assert self.data.soa is not None
        tail = self.data.soa.tail
        refresh, retry, expire = (
            max(1, int.from_bytes(tail[at : at + 4], "big")) for at in (-16, -12, -8)
        )
        due = asyncio.get_running_loop().time() + expire
        await asyncio.sleep(refresh + random.uniform(0, _JITTER_REFRESH))  # noqa: S311
        kind = "refresh"
        while True:
            try:
                await self._update()
            except CorepyError as error:
                self._log.warning("Failed %s check %s", kind, error)
            else:
                return
            kind = "retry"
            await self._wait_expiring(retry + random.uniform(0, _JITTER_RETRY), due)  # noqa: S311

    async def _wait_expiring(self, seconds: float, due: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if not self.expired and due <= until:
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.expired = True
            self._renewed("")
        await asyncio.sleep(max(0.0, until - loop.time()))

    async def _update(self) -> bool:
        """Transfer if a primary has a newer serial; False if none has."""
        async with self._busy:
            number = await self._ask()
            if number is None:
                return False
            if self.data is not None and not newer(number, self.data.serial):
                if self.expired:
                    self.expired = False
                    self._renewed("")
                return False
            await self._transfer()
            return True

    async def _ask(self) -> int | None:
        """The serial of the first primary that has one."""
        fault = None
        for address in self.primaries:
            fault = None
            try:
                number = await serial_of(address, self.zone)
            except UpstreamError as error:
                fault = error
            else:
                if number is not None:
                    return number
        if fault is not None:
            raise fault
        return None

    async def _transfer(self) -> None:
        fault: CorepyError = CorepyError("no primary")
        for address in self.primaries:
            try:
                data = await self._fetch(address)
            except CorepyError as error:
                text = 'Failed to transfer `%s\' from "%s": %s'
                self._log.error(text, self.zone, address.label, error)
                fault = error
                continue
            apply = self._accept(self.zone, data) if self._accept else None
            self.data, self.expired = data, False
            self._log.info("Transferred: %s from %s", self.zone, address.label)
            self._renewed(self.zone)
            if apply is not None:
                apply()
            return
        raise fault

    async def _fetch(self, address: Address) -> ZoneData:
        """What has changed, if the primary can tell, else all of the zone."""
        now = asyncio.get_running_loop().time()
        if self.data is not None and self._whole_only.get(address, 0.0) <= now:
            try:
                return await changed(address, self.zone, self.data)
            except Unreachable:
                raise
            except Mismatch:
                pass
            except UpstreamError:
                self._whole_only[address] = now + _WHOLE_ONLY
        return await whole(address, self.zone)
