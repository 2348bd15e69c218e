"""*bufsize* lowers the UDP size that clients announce, so that replies are not fragmented."""

from __future__ import annotations

import re
from typing import Final

from corepy import Controller, Next, Plugin, Request, Response, Token
from corepy.corefile.faults import BareError, argument_error
from corepy.errors import ConfigError

DEFAULT: Final = 1232
"""Octets; what https://www.dnsflagday.net/2020/ asks for."""

LEAST: Final = 512
MOST: Final = 4096

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")


class Bufsize(Plugin):
    """Answers and asks as if clients had announced no more than `size` octets (RFC 6891)."""

    repeatable = True
    eager = True

    def __init__(self, size: int) -> None:
        self.size = size
        self._octets = size.to_bytes(2, "big")

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Lower the size if there is one and it is higher."""
        at = request.opt
        if at and request.edns_size > self.size:
            octets = request.wire
            request = request.amend(octets[: at + 3] + self._octets + octets[at + 5 :])
        return await next(request)


def setup(c: Controller) -> Bufsize:
    """`bufsize [SIZE]`; of several occurrences the first one counts, as in CoreDNS."""
    for again in c.directives[1:]:
        c.warn("only the first bufsize of a server block counts", again.name)
    directive = c.directives[0]
    if directive.brace:
        c.warn("bufsize has no options; this block is ignored", directive.brace)
    try:
        args = directive.count(0, 1)
        return Bufsize(_size(args[0]) if args else DEFAULT)
    except ConfigError as error:
        raise _twice(error) from error


def _size(token: Token) -> int:
    if _NUMBER.fullmatch(token.text) and LEAST <= int(token.text) <= MOST:
        return int(token.text)
    raise argument_error(token.shown, token.span, hint=f"octets, {LEAST} to {MOST}")


def _twice(error: ConfigError) -> ConfigError:
    """CoreDNS says twice which plugin it is."""
    span = error.span
    place = f"{span.file}:{span.line} - Error during parsing: " if span else ""
    return BareError(f"plugin/bufsize: {place}{error.message}", span, error.hint)
