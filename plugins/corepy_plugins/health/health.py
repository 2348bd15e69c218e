"""The page `/health`, its check from inside, and the time of grace at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar, Final

from corepy.lib import duration
from corepy.lib.http import Listener, Page
from corepy.plugin import Home
from corepy.tasks import spawn

from .check import SelfCheck

if TYPE_CHECKING:
    from aiohttp import web

PATH: Final = "/health"
_OK: Final = Page(200, b"OK")


class Health:
    """One health endpoint.

    `lameduck` is in seconds. `turn` is shared by all of the instance: one after the other goes
    lame, each waits its own time and then closes its endpoint, as in CoreDNS.
    """

    home: ClassVar[Home] = "supervisor"

    def __init__(
        self,
        listener: Listener,
        address: str,
        lameduck: float,
        turn: asyncio.Lock,
        log: logging.Logger,
    ) -> None:
        self.address = address
        self.lameduck = lameduck
        self._listener = listener
        self._turn = turn
        self._log = log
        self._check = SelfCheck(address, listener, log)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Show the page, and ask for it every second."""
        async with self._listener.showing(PATH, self._page):
            checking = spawn(self._check.run(), name="health check")
            try:
                yield
            finally:
                checking.cancel()
                await asyncio.wait([checking])

    async def drain(self) -> None:
        """Let clients and load balancers find other servers while DNS still answers here."""
        async with self._turn:
            if self.lameduck > 0:
                self._log.info("Going into lameduck mode for %s", duration.format(self.lameduck))
                await asyncio.sleep(self.lameduck)
            self._check.stop()
            await self._listener.withdraw(PATH, self._page)

    async def _page(self, _request: web.BaseRequest) -> Page:
        return _OK
