"""*cancel* gives each request a deadline, behind which no further upstream is tried."""

from __future__ import annotations

import json
from time import monotonic
from typing import Final

from corepy import Controller, Next, Plugin, Request, Response, Token
from corepy.corefile.faults import BareError
from corepy.lib import duration
from corepy.lib.strict import exactly

DEFAULT: Final = 5.001
"""Seconds: clients give up after five."""


class Cancel(Plugin):
    """Notes until when a request is worth working on."""

    repeatable = True
    eager = True

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Pass it on with a deadline."""
        request.deadline = monotonic() + self.timeout
        return await next(request)


def setup(c: Controller) -> Cancel:
    """`cancel [TIMEOUT]`; of several occurrences the last one counts.

    A block is read as further occurrences, the last of which is its closing brace.
    """
    timeout = DEFAULT
    for directive in c.directives:
        for line in directive.flat():
            args = exactly(line, 0, 1)
            timeout = _seconds(args[0]) if args else DEFAULT
        if directive.brace:
            hint = "write it without the block, as CoreDNS forgets the time before one"
            c.warn(f"cancel has no options, so its time is {DEFAULT}s", directive.brace, hint)
            timeout = DEFAULT
    return Cancel(timeout)


def _seconds(token: Token) -> float:
    quoted = json.dumps(token.shown, ensure_ascii=False)
    try:
        nanoseconds = duration.nanoseconds(token.text)
    except ValueError:
        hint = f"write {token.text}s for seconds" if token.text.isdigit() else None
        raise BareError(f"invalid duration: {quoted}", token.span, hint) from None
    if nanoseconds <= 0:
        raise BareError(f"invalid negative duration: {quoted}", token.span)
    return nanoseconds / 1e9
