"""Where node lists come from: what Headscale's client and the file reader have in common."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Protocol

from corepy.errors import UpstreamError
from corepy_plugins.k8s_cross.listing import LIMIT, Body, Malformed
from corepy_plugins.k8s_cross.node import Network


class FetchError(UpstreamError):
    """No list this time. `code` is the HTTP status, or 0 if there was no HTTP answer.

    `denied`: the key is not accepted. `retry_after`: seconds that the other side asks for, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        denied: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.denied = denied
        self.retry_after = retry_after


def reason(error: Exception) -> str:
    """Why no HTTP answer came, without URL or headers."""
    inner = getattr(error, "os_error", None) or error.__cause__ or error
    if isinstance(inner, OSError) and inner.errno and type(inner).__module__ == "builtins":
        return os.strerror(inner.errno).lower()
    text = getattr(inner, "strerror", None) or str(inner) or type(error).__name__
    # It may quote the other side, whose control characters are not for anybody's terminal.
    return "".join(one if one.isprintable() else "?" for one in str(text)[:200])


class Source(Protocol):
    """A place to get a node list from, again and again."""

    name: str
    """As messages call it."""
    watched: bool
    """Cheap to ask: looked at each second, and it says itself when nothing has changed."""

    def load(self) -> None:
        """Import what a fetch needs, in a thread: so the first is not slower than the others."""
        ...

    async def fetch(self) -> Body | None:
        """The list, None if it is the one of last time. Raises `FetchError` or `Malformed`."""
        ...

    async def routes(self) -> dict[str, tuple[Network, ...]]:
        """The networks behind each node, where the list does not have them (Headscale before 0.26).

        Raises `FetchError` or `Malformed`.
        """
        ...

    def renewed(self) -> bool:
        """True if something was mended since the last failure, so that another try is due now."""
        ...

    async def close(self) -> None:
        """Let go of sockets."""
        ...


Stamp = tuple[int, int, int]


def stamp(path: Path) -> Stamp | None:
    """What changes when a file is written or replaced; None without a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class FileSource:
    """A file that holds what Headscale's list endpoint returns, read again when it changes."""

    watched = True

    def __init__(self, path: Path) -> None:
        self.name = f"file:{path}"
        self._path = path
        self._seen: Stamp | None = None

    def load(self) -> None:
        """There is nothing to import for a file."""

    async def fetch(self) -> Body | None:
        """The whole file, at most `LIMIT` octets."""
        before = stamp(self._path)
        if before is not None and before == self._seen:
            return None
        self._seen = None
        try:
            octets = await asyncio.to_thread(_read, self._path)
        except OSError as error:
            raise FetchError((error.strerror or str(error)).lower()) from None
        if len(octets) > LIMIT:
            raise Malformed("the file is too large")
        self._seen = before
        return Body(octets)

    async def routes(self) -> dict[str, tuple[Network, ...]]:
        """A file has one list only."""
        return {}

    def renewed(self) -> bool:
        """A file is looked at each second anyway."""
        return False

    async def close(self) -> None:
        """Nothing is open between reads."""


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - by descriptor: a FIFO must not block
        return file.read(LIMIT + 1)
