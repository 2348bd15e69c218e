"""HTTP to the other nodes: one request, one bounded answer, directly or through a proxy."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from corepy_plugins.k8s_cross.listing import Malformed
from corepy_plugins.k8s_cross.socks import Proxy, connect
from corepy_plugins.k8s_cross.source import FetchError, reason

if TYPE_CHECKING:
    import aiohttp

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "corepy",
}
_LINES: Final = 100
_CHUNK: Final = 1 << 16


class Answer(NamedTuple):
    """Status, headers by lower-case name, and the body as it came."""

    status: int
    headers: Mapping[str, str]
    octets: bytearray


class Client(Protocol):
    """Asks a node for something. Redirects are not followed, cookies not kept."""

    async def get(self, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        """One answer. Raises `FetchError`, or `Malformed` for more than `limit` octets."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...


def client(proxy: Proxy | None, at_once: int) -> Client:
    """For `at_once` requests at the same time; nothing is opened yet."""
    return Direct(at_once) if proxy is None else Proxied(proxy)


class Direct:
    """By aiohttp, which is loaded with the first request."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._turn = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        """See `Client`."""
        session = await self._opened()
        import aiohttp  # noqa: PLC0415 - loaded by now

        octets = bytearray()
        try:
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                async for chunk in response.content.iter_any():
                    octets += chunk
                    _check(octets, limit)
        except (aiohttp.ClientError, OSError) as error:
            raise FetchError(reason(error)) from None
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, names, octets)

    async def close(self) -> None:
        """See `Client`."""
        if self._session is not None:
            await self._session.close()

    async def _opened(self) -> aiohttp.ClientSession:
        async with self._turn:
            if self._session is not None:
                return self._session
            await asyncio.to_thread(importlib.import_module, "aiohttp")
            import aiohttp  # noqa: PLC0415 - when there is somebody to ask, in a thread

            # Connections are not kept: requests are far apart. The environment is not asked.
            connector = aiohttp.TCPConnector(force_close=True, limit=self._at_once)
            self._session = aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            return self._session


class Proxied:
    """Through SOCKS5, which aiohttp does not have: as much of HTTP/1.1 as one request takes."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def get(self, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        """See `Client`."""
        where = urlsplit(url)
        try:
            reader, writer = await connect(self._proxy, where.hostname or "", where.port or 80)
            try:
                lines = [f"GET {where.path} HTTP/1.1", f"Host: {where.netloc}", "Connection: close"]
                lines += [f"{name}: {value}" for name, value in {**_HEADERS, **headers}.items()]
                writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
                return await _answer(reader, limit)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        except OSError as error:
            raise FetchError(reason(error)) from None
        except (ValueError, EOFError, asyncio.LimitOverrunError):
            raise FetchError("what comes is no HTTP, or cut short") from None

    async def close(self) -> None:
        """See `Client`: nothing stays open."""


async def _answer(reader: asyncio.StreamReader, limit: int) -> Answer:
    """An answer of HTTP/1.1 (RFC 9112).

    Raises `ValueError`, `EOFError` or `LimitOverrunError` for anything else.
    """
    protocol, status, *_ = (await reader.readuntil(b"\n")).decode("latin-1").split()
    if not protocol.startswith("HTTP/1."):
        raise ValueError(protocol)
    headers: dict[str, str] = {}
    for _ in range(_LINES):
        line = (await reader.readuntil(b"\n")).decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    else:
        raise ValueError("too many headers")
    octets = bytearray()
    if int(status) not in (204, 304):
        async for piece in _body(reader, headers):
            octets += piece
            _check(octets, limit)
    return Answer(int(status), headers, octets)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        while size := int((await reader.readuntil(b"\n")).partition(b";")[0], 16):
            async for piece in _exactly(reader, size):
                yield piece
            await reader.readuntil(b"\n")
    elif "content-length" in headers:
        async for piece in _exactly(reader, int(headers["content-length"])):
            yield piece
    else:
        while piece := await reader.read(_CHUNK):
            yield piece


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size > 0:
        piece = await reader.read(min(size, _CHUNK))
        if not piece:
            raise EOFError
        size -= len(piece)
        yield piece


def _check(octets: bytearray, limit: int) -> None:
    if len(octets) > limit:
        raise Malformed("the body is too large")
