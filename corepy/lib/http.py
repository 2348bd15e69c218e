"""Small HTTP endpoints such as `/health`: one listener per address, whoever has pages there.

A page is a path and a coroutine function that makes a `Page`; every method is answered alike, other
paths are not found. The HTTP itself is aiohttp's. It is imported in the background, after the
socket is open, because it takes longer to load than DNS may be kept waiting.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from corepy.host import Host
from corepy.lib.listen import listening
from corepy.tasks import spawn

if TYPE_CHECKING:
    from aiohttp import web

TIMEOUT: Final = 5.0
"""Seconds to read a request, to write a response, to keep an idle connection."""

CONNECTIONS: Final = 256
"""Connections of one listener; a further one is closed at once."""

_COMPRESS: Final = 1024
LINGER: Final = 1.0
"""Seconds to read on behind a request that nobody wants the body of."""

_FAREWELL: Final = 0.05
_PAUSE: Final = 1.0
_log = logging.getLogger("corepy")
# What strangers send must not fill the operator's log.
_quiet = logging.getLogger("corepy.http")
_quiet.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True)
class Page:
    """A response. A long body is compressed for clients that take gzip, if it is not yet."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "text/plain; charset=utf-8"


Respond = Callable[["web.BaseRequest"], Awaitable[Page]]
NOT_FOUND: Final = Page(404, b"404 page not found\n", {"X-Content-Type-Options": "nosniff"})


def listener(host: Host, address: str, tls: Callable[[], ssl.SSLContext] | None = None) -> Listener:
    """The listener of an address in this instance; pages over TLS have one of their own.

    `tls` makes the context when the listener opens; the first to ask for an address decides.
    """
    key = ("http", address, tls is not None)
    found = host.shared.get(key)
    if found is None:
        found = host.shared[key] = Listener(address, tls)
    made: Listener = found
    return made


class Listener:
    """An address with pages. It is open while there is one.

    `local` is where a client on this machine finds it: host and port.
    """

    def __init__(self, address: str, tls: Callable[[], ssl.SSLContext] | None = None) -> None:
        self.address = address
        self.local = ("", 0)
        self._tls = tls
        self._pages: dict[str, list[Respond]] = {}
        self._resources = AsyncExitStack()
        self._turn = asyncio.Lock()

    async def publish(self, path: str, respond: Respond) -> None:
        """Show a page; of several for one path the oldest is shown.

        Raises `CorepyError` in Go's words if the address cannot be had, and what `tls` raises.
        """
        async with self._turn:
            if not self._pages:
                await self._resources.enter_async_context(self._serving())
            self._pages.setdefault(path, []).append(respond)

    async def withdraw(self, path: str, respond: Respond) -> None:
        """Take a page back, if it is there; with the last one the address is given up."""
        async with self._turn:
            shown = self._pages.get(path, [])
            if respond not in shown:
                return
            if sum(map(len, self._pages.values())) == 1:
                await self._resources.aclose()  # requests that are here still get their page
            shown.remove(respond)
            if not shown:
                del self._pages[path]

    @asynccontextmanager
    async def showing(self, path: str, respond: Respond) -> AsyncIterator[None]:
        """`publish` at the beginning, `withdraw` at the end."""
        await self.publish(path, respond)
        try:
            yield
        finally:
            await self.withdraw(path, respond)

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        context = self._tls() if self._tls else None
        async with AsyncExitStack() as stack:
            sock = await stack.enter_async_context(listening(self.address))
            host, port = sock.getsockname()[:2]
            self.local = ("127.0.0.1" if host in ("0.0.0.0", "::") else host, port)
            server = _Server(sock.dup(), self._answer, context)
            stack.push_async_callback(server.close)
            if "aiohttp.web" in sys.modules:
                await server.open()
            else:
                server.opening = spawn(server.open(), name=f"http {self.address}")
            yield

    async def _answer(self, request: web.BaseRequest) -> Page:
        shown = self._pages.get(request.path)
        if not shown:
            return NOT_FOUND
        try:
            return await shown[0](request)
        except Exception as error:  # noqa: BLE001 - a page that fails must not end the connection
            _log.error("http %s%s: %r", self.address, request.path, error, exc_info=error)
            return Page(500, b"500 internal server error\n")


class _Server:
    """aiohttp's low-level server on one socket.

    Connections are accepted here, not by an `asyncio.Server`, which loses those that it has
    accepted but not begun when it is closed; a reload would cost a scrape now and then.
    """

    def __init__(self, sock: socket.socket, respond: Respond, tls: ssl.SSLContext | None) -> None:
        self._sock = sock
        self._respond = respond
        self._tls = tls
        self._http: web.Server | None = None
        self._loop = asyncio.get_running_loop()
        self._begun: set[asyncio.Task[None]] = set()
        self.opening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        # Loading in a thread leaves the event loop to DNS in the meantime.
        web = await self._loop.run_in_executor(None, importlib.import_module, "aiohttp.web")
        self._http = web.Server(
            self._handle,
            access_log=None,
            logger=_quiet,
            keepalive_timeout=TIMEOUT,
            lingering_time=LINGER,
            auto_decompress=False,
        )
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        assert self._http
        try:
            client, _ = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:  # no file descriptors left: nothing to do but wait
            _log.error("http %s: accept: %s", self._sock.getsockname(), error)
            self._loop.remove_reader(self._sock)
            self._loop.call_later(_PAUSE, self._accept_again)
            return
        if len(self._http.connections) + len(self._begun) >= CONNECTIONS:
            client.close()
            return
        begin = spawn(self._begin(client))
        self._begun.add(begin)
        begin.add_done_callback(self._begun.discard)

    def _accept_again(self) -> None:
        if self._sock.fileno() >= 0:
            self._loop.add_reader(self._sock, self._accept)

    async def _begin(self, client: socket.socket) -> None:
        assert self._http
        client.setblocking(False)
        limit = TIMEOUT if self._tls else None
        try:
            await self._loop.connect_accepted_socket(
                self._http, client, ssl=self._tls, ssl_handshake_timeout=limit
            )
        except OSError:  # a handshake that failed is the client's affair; SSLError is an OSError
            client.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web  # noqa: PLC0415 - loaded by `open`

        page = await self._respond(request)
        headers = {"Server": "corepy", "Content-Type": page.kind, **page.headers}
        response = web.Response(status=page.status, body=page.body, headers=headers)
        if (
            len(page.body) > _COMPRESS
            and "Content-Encoding" not in page.headers
            and "gzip" in request.headers.get("Accept-Encoding", "")
        ):
            response.enable_compression(web.ContentCoding.gzip)
        if request.transport is not None:
            self._loop.call_later(TIMEOUT, _cut, request.transport)
        await response.prepare(request)
        await response.write_eof()
        return response

    async def close(self) -> None:
        """Accept no more, let requests that are here be answered, close all connections."""
        if self.opening is not None and not self.opening.done():
            self.opening.cancel()
            await asyncio.wait([self.opening])
        if self._http is not None:
            self._loop.remove_reader(self._sock)
        self._sock.close()
        if self._http is None:
            return
        if self._begun or self._http.connections:
            await asyncio.sleep(_FAREWELL)  # what has just connected has a request on its way
        self._http.pre_shutdown()
        await self._http.shutdown(TIMEOUT)
        for begin in self._begun:
            begin.cancel()


def _cut(transport: asyncio.Transport) -> None:
    """End a connection whose client does not read, and would hold it and the body for good."""
    if transport.get_write_buffer_size():
        transport.abort()
