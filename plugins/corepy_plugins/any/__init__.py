"""*any* gives the minimal answer to queries of type ANY (RFC 8482)."""

from __future__ import annotations

from typing import Final

from corepy import Controller, Next, Plugin, Record, Request, Response, wire

TTL: Final = 8482
"""Seconds; the number of the RFC, as CoreDNS has it."""

_HINFO: Final = 13


def _text(words: bytes) -> bytes:
    return bytes((len(words),)) + words


_TAIL: Final = Record.make(b"", _HINFO, TTL, _text(b"ANY obsoleted") + _text(b"See RFC 8482")).tail


class Any(Plugin):
    """One HINFO record, which is all that is known of the name, whether it exists or not."""

    repeatable = True
    eager = True

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Answer type ANY, pass everything else on."""
        if request.qtype != wire.ANY:
            return await next(request)
        return Response(answer=(Record(request.owner, _TAIL),), flags=0)


def setup(c: Controller) -> Any:
    """`any`, without arguments."""
    c.directives[0].bare()
    return Any()
