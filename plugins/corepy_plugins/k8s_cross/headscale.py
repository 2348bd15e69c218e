"""Headscale's REST API, of which one request is needed: the list of all nodes.

The same for every version from 0.22 on, but for the collection's name. The key goes to the
configured address only (redirects are not followed) and into no message.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from corepy_plugins.k8s_cross.listing import LIMIT, Body, Malformed, routes
from corepy_plugins.k8s_cross.node import Network
from corepy_plugins.k8s_cross.settings import Tls
from corepy_plugins.k8s_cross.source import FetchError, Stamp, reason, stamp

if TYPE_CHECKING:
    import ssl

    import aiohttp

Observe = Callable[[str, float], None]
"""Called after each request with its status, or `error`, and the seconds it took."""

PATHS: Final = ("/api/v1/node", "/api/v1/machine")
"""The list since 0.23, and in 0.22."""

ROUTES: Final = "/api/v1/routes"
"""The routes of all nodes, up to 0.25."""

_LONGEST_WAIT: Final = 300.0
_REFUSAL_LIMIT: Final = 4096
_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class Headscale:
    """One Headscale server as a source of node lists."""

    watched = False

    def __init__(
        self,
        url: str,
        *,
        key: str = "",
        key_file: Path | None = None,
        timeout: float = 10.0,
        tls: Tls | None = None,
        observe: Observe = lambda _code, _seconds: None,
    ) -> None:
        self.name = url
        self._url = url
        self._key = key
        self._key_file = key_file
        self._key_stamp: Stamp | None = None
        self._timeout = timeout
        self._tls = tls or Tls()
        self._observe = observe
        self._path = 0
        self._session: aiohttp.ClientSession | None = None

    def load(self) -> None:
        """Import aiohttp, which takes longer than most fetches."""
        import aiohttp  # noqa: F401, PLC0415 - and `check` never asks Headscale

    async def fetch(self) -> Body:
        """The node list as it came. Raises `FetchError` or `Malformed`."""
        await self._read_key()
        try:
            return await self._get(PATHS[self._path])
        except FetchError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
        other = 1 - self._path
        try:
            body = await self._get(PATHS[other])
        except FetchError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            raise FetchError(f"not a Headscale API: {self._hint()}", code=error.code) from None
        self._path = other
        return body

    async def routes(self) -> dict[str, tuple[Network, ...]]:
        """The enabled primary routes by node id, as 0.22 to 0.25 have them."""
        return await asyncio.to_thread(routes, await self._get(ROUTES))

    def renewed(self) -> bool:
        """True if the key file is not the one that was read."""
        return self._key_file is not None and stamp(self._key_file) != self._key_stamp

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _read_key(self) -> None:
        if self._key_file is None or (self._key and not self.renewed()):
            return
        self._key, self._key_stamp = "", stamp(self._key_file)
        try:
            text = await asyncio.to_thread(self._key_file.read_text, "utf-8")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise FetchError(f"api_key_file {self._key_file}: {reason}", denied=True) from None
        except UnicodeDecodeError:
            text = ""
        if not is_key(text.strip()):
            raise FetchError(f"api_key_file {self._key_file}: no key in it", denied=True)
        self._key = text.strip()

    async def _get(self, path: str) -> Body:
        """One request, timed and counted whatever becomes of it."""
        started, code = time.monotonic(), "error"
        try:
            async with asyncio.timeout(self._timeout):
                status, headers, octets = await self._exchange(path)
            code = str(status)
        except TimeoutError:
            raise FetchError(f"no answer within {self._timeout:g} s") from None
        finally:
            self._observe(code, time.monotonic() - started)
        if status != HTTPStatus.OK:
            raise refused(status, headers, bytes(octets))
        if "html" in headers.get("Content-Type", ""):
            raise Malformed(f"HTML instead of JSON: {self._hint()}")
        return Body(octets, headers.get("Content-Encoding", "").lower() == "gzip")

    async def _exchange(self, path: str) -> tuple[int, Mapping[str, str], bytearray]:
        import aiohttp  # noqa: PLC0415 - see load

        try:
            session = self._session or await self._open()
            async with session.get(
                self._url + path,
                headers={"Authorization": f"Bearer {self._key}"},
                allow_redirects=False,
            ) as response:
                whole = response.status == HTTPStatus.OK
                limit = LIMIT if whole else _REFUSAL_LIMIT
                octets = await _bounded(response.content.iter_any(), limit)
                if whole and len(octets) > limit:
                    raise Malformed("the body is too large")
                return response.status, response.headers, octets
        except aiohttp.ClientError as error:
            await self.close()  # so that the next try reads the certificate files again
            raise FetchError(reason(error)) from None
        except OSError as error:
            # Certificate files of `tls` that are not there or not good.
            raise FetchError(f"tls: {error.strerror or error}") from None

    async def _open(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415

        secure: ssl.SSLContext | bool = True
        if self._url.startswith("https:"):
            secure = await asyncio.to_thread(self._tls.context)
        # Connections are not kept: polls are far apart, and the other side may have gone by then.
        connector = aiohttp.TCPConnector(force_close=True, ssl=secure)
        session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": "corepy",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._session = session
        return session

    def _hint(self) -> str:
        path = urlsplit(self._url).path
        return f"is the path {path} in headscale_url right?" if path else "is the URL right?"


async def _bounded(chunks: Any, limit: int) -> bytearray:
    """The octets, at most one chunk more than `limit`."""
    octets = bytearray()
    async for chunk in chunks:
        octets += chunk
        if len(octets) > limit:
            break
    return octets


def refused(status: int, headers: Mapping[str, str], octets: bytes) -> FetchError:
    """What an answer other than 200 means."""
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or (
        # Up to 0.26 a wrong key is an internal error with this body.
        status == HTTPStatus.INTERNAL_SERVER_ERROR and octets.strip() == b"Unauthorized"
    ):
        return FetchError(f"the API key is not accepted (HTTP {status})", code=status, denied=True)
    if 300 <= status < 400:
        host = urlsplit(headers.get("Location", "")).netloc.rpartition("@")[2]
        target = f"redirects to {host}" if host else "redirects to another path"
        return FetchError(f"{target} (HTTP {status}), which is not followed", code=status)
    wait = retry_after(headers.get("Retry-After", "")) if status in _BUSY else None
    return FetchError(f"HTTP {status}", code=status, retry_after=wait)


def retry_after(text: str) -> float | None:
    """Seconds to wait, from a number or an HTTP date (RFC 9110 10.2.3), at most five minutes."""
    if text.isascii() and text.isdigit():
        return min(float(text[:6]), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def is_key(text: str) -> bool:
    """True for what may stand in a header: visible ASCII without a blank."""
    return bool(text) and all("!" <= letter <= "~" for letter in text)
