"""The page `/metrics` of one address, shared by all server blocks that name it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from corepy.errors import CorepyError
from corepy.host import Host
from corepy.lib.http import Page, listener

from . import exposition, runtime
from .guard import Guard

if TYPE_CHECKING:
    from aiohttp import web

PATH: Final = "/metrics"
_log = logging.getLogger("corepy")


class Endpoint:
    """One address; its first block opens it, the last one closes it.

    An address that cannot be had is an error in the log and nothing more, as in CoreDNS: DNS is
    worth more than its statistics.
    """

    def __init__(self, host: Host, address: str, web_config: Path | None = None) -> None:
        self._host = host
        self.address = address
        self._guard = Guard(web_config) if web_config else None
        self._users = 0
        self._resources = AsyncExitStack()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Show the page inside, together with all others who are inside."""
        self._users += 1
        try:
            if self._users == 1:
                await self._show()
            yield
        finally:
            self._users -= 1
            if not self._users:
                await self._resources.aclose()

    async def _show(self) -> None:
        await self._resources.enter_async_context(runtime.watched())
        if self._host.worker:
            return  # the page is the supervisor's
        guard, context = self._guard, None
        if guard and not guard.path.exists():
            _log.error("TLS config file does not exist: %s", guard.path)
            return
        try:
            if guard:
                guard.load()
                context = guard.context if guard.encrypted else None
            page = listener(self._host, self.address, context).showing(PATH, self._page)
            await self._resources.enter_async_context(page)
        except CorepyError as error:
            kind = "HTTPS metrics server" if guard else "metrics handler"
            _log.error("Failed to start %s: %s", kind, error)
        else:
            if guard:
                _log.info("Server is ready and accepting connections")

    async def _page(self, request: web.BaseRequest) -> Page:
        headers: dict[str, str] = {}
        if self._guard:
            if (refusal := await self._guard.refuse(request)) is not None:
                return refusal
            headers = dict(self._guard.headers)
        return Page(
            200, await exposition.render(self._host.workers), headers, exposition.CONTENT_TYPE
        )
