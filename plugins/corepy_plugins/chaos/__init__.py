"""*chaos* tells the server's version, authors and host name to queries in class CH."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Sequence
from typing import Final

from corepy import Controller, Next, Plugin, Record, Request, Response, names, wire
from corepy.corefile import Directive
from corepy.response import FOREVER

AUTHORS: Final = ("The corepy authors",)
"""Who is named when the Corefile names nobody."""

_LONGEST: Final = 255  # octets of one string in a TXT record
_ESCAPE: Final = re.compile(rb"\\(?:([0-9]{3})|(.)|$)", re.DOTALL)

_VERSION_NAMES: Final = frozenset(map(names.from_text, ("version.bind.", "version.server.")))
_AUTHORS_NAME: Final = names.from_text("authors.bind.")
_HOST_NAMES: Final = frozenset(map(names.from_text, ("hostname.bind.", "id.server.")))


class Chaos(Plugin):
    """Answers the well-known names of class CH (RFC 4892); all else goes on to the next plugin."""

    repeatable = True
    eager = True
    any_class = True
    """Its server takes queries of all classes."""

    def __init__(self, version: str, authors: Sequence[str]) -> None:
        self._version = (_tail(version),)
        self._authors = tuple(map(_tail, authors))

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Answer TXT questions for the version, the authors and the host name."""
        if request.qclass != wire.CH or request.qtype != wire.TXT:
            return await next(request)
        qname = request.qname
        if qname in _VERSION_NAMES:
            return _answer(request, self._version, FOREVER)
        if qname == _AUTHORS_NAME:
            # Nobody is always first.
            shuffled = random.sample(self._authors, len(self._authors))
            return _answer(request, shuffled, 0.0)
        if qname in _HOST_NAMES:
            return _answer(request, (_tail(socket.gethostname()),), 0.0)
        return await next(request)


def setup(c: Controller) -> Chaos:
    """`chaos [VERSION [AUTHORS...]]`."""
    directive: Directive = c.directives[0]
    for prop in directive.body:
        prop.unknown()
    values = directive.values()
    version = values[0] if values else f"corepy-{c.host.version}"
    return Chaos(version, sorted(set(values[1:])) or AUTHORS)


def _answer(request: Request, tails: Sequence[bytes], fresh_until: float) -> Response:
    owner = request.owner
    records = [Record(owner, tail) for tail in tails]
    return Response(answer=records, flags=0, fresh_until=fresh_until)


def _tail(text: str) -> bytes:
    """A TXT record without its owner; `text` may have the escapes of master files."""
    octets = _ESCAPE.sub(_unescaped, text.encode("utf-8", "surrogateescape"))[:_LONGEST]
    return Record.make(b"", wire.TXT, 0, bytes((len(octets),)) + octets, wire.CH).tail


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits, other = match.groups()
    if digits is None:
        return other or b""
    return bytes((int(digits) & 0xFF,))
