"""The page `/ready`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar, Final

from corepy.errors import CorepyError
from corepy.lib.http import Listener, Page
from corepy.plugin import Home

from .readiness import Readiness

if TYPE_CHECKING:
    from aiohttp import web

PATH: Final = "/ready"


class ReadyEndpoint:
    """Shows the page on one address until the process begins to end.

    An address that cannot be had is an error in the log and nothing more, as in CoreDNS.
    """

    home: ClassVar[Home] = "supervisor"

    def __init__(self, listener: Listener, readiness: Readiness, log: logging.Logger) -> None:
        self.readiness = readiness
        self._listener = listener
        self._log = log

    @property
    def address(self) -> str:
        """Where the page is shown, as the Corefile has it."""
        return self._listener.address

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Show the page."""
        try:
            await self._listener.publish(PATH, self._page)
        except CorepyError as error:
            self._log.error("Failed to start ready handler: %s", error)
        try:
            yield
        finally:
            await self._listener.withdraw(PATH, self._page)

    async def drain(self) -> None:
        """Close at once: new queries should go elsewhere, whatever time others still take."""
        await self._listener.withdraw(PATH, self._page)

    async def _page(self, _request: web.BaseRequest) -> Page:
        missing = ",".join(await self.readiness.everywhere())
        if not missing:
            return Page(200, b"OK")
        self._log.info('Plugins not ready: "%s"', missing)
        return Page(503, missing.encode())
