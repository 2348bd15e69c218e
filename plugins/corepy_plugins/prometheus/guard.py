"""Who may read the metrics: the web configuration at work, read again when its files change."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from corepy.errors import CorepyError
from corepy.lib.http import Page
from corepy.registry import need

from . import tls, webconfig

if TYPE_CHECKING:
    from aiohttp import web

_DENIED: Final = Page(401, b"Unauthorized\n", {"WWW-Authenticate": "Basic"})
_BROKEN: Final = Page(500, b"Internal Server Error\n")
# What a stranger's name is compared with, so that the time taken does not tell who exists.
NOBODY: Final = b"$2b$10$7EqJtq98hPqEX7fNZaFWoOa1Qb6b6zM1wS0o8cF4gNsWnGm5q6F2K"
_REMEMBERED: Final = 100
_log = logging.getLogger("corepy")


class Guard:
    """Lets requests in, or not, by a web configuration file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._config = webconfig.WebConfig()
        self._context: ssl.SSLContext | None = None
        self._seen: tuple[object, ...] = ()
        self._known: dict[bytes, bool] = {}
        self._turn = asyncio.Lock()
        self._bcrypt: Any = need("bcrypt", extra="web")

    def load(self) -> None:
        """Read the file and what it names. Raises `CorepyError`; then all stays as it was."""
        config = webconfig.load(self.path)
        self._context = tls.context(config.tls) if config.tls else None
        self._config = config
        self._seen = self._stamps()

    @property
    def encrypted(self) -> bool:
        """True if the endpoint is to speak TLS."""
        return self._config.tls is not None

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers for every response."""
        return self._config.headers

    def context(self) -> ssl.SSLContext:
        """The listener's context; each handshake gets the certificate as it is on disk then."""
        assert self._context
        listening = self._context

        def renew(connection: ssl.SSLObject, _name: str | None, _asked: ssl.SSLContext) -> None:
            self._refresh()
            if self._context is not None:
                connection.context = self._context

        listening.sni_callback = renew
        return listening

    async def refuse(self, request: web.BaseRequest) -> Page | None:
        """The refusal a request deserves, or None."""
        if not self._refresh():
            return _BROKEN
        if self._config.tls and not self._names_allowed(request, self._config.tls.client_sans):
            return Page(403, b"Forbidden\n")
        if not self._config.users or await self._knows(request.headers.get("Authorization", "")):
            return None
        return _DENIED

    def _refresh(self) -> bool:
        if self._stamps() == self._seen:
            return True
        try:
            self.load()
        except CorepyError as error:
            _log.error("Unable to parse configuration: %s", error)
            return False
        return True

    def _stamps(self) -> tuple[object, ...]:
        files = self._config.tls.files if self._config.tls else ()
        return tuple(_stamp(path) for path in (self.path, *files))

    @staticmethod
    def _names_allowed(request: web.BaseRequest, allowed: tuple[str, ...]) -> bool:
        if not allowed:
            return True
        certificate = request.get_extra_info("peercert") or {}
        names = {name for _, name in certificate.get("subjectAltName", ())}
        return not names.isdisjoint(allowed)

    async def _knows(self, authorization: str) -> bool:
        credentials = _credentials(authorization)
        if credentials is None:
            return False
        user, password = credentials
        wanted = self._config.users.get(user)
        hashed = wanted.encode() if wanted is not None else NOBODY
        digest = hashlib.sha256(b"\0".join((user.encode(), hashed, password))).digest()
        async with self._turn:  # one at a time: checking is meant to be slow
            if digest not in self._known:
                same = await asyncio.to_thread(self._same, password, hashed)
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[digest] = same and wanted is not None
        return self._known[digest]

    def _same(self, password: bytes, hashed: bytes) -> bool:
        try:
            # bcrypt looks at 72 octets; longer passwords are an error in new versions.
            return bool(self._bcrypt.checkpw(password[:72], hashed))
        except ValueError:
            return False


def _credentials(authorization: str) -> tuple[str, bytes] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode("utf-8"), password) if colon else None
    except ValueError:
        return None


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
