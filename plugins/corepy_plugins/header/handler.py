"""The handler: rules applied on the way in and on the way out."""

from __future__ import annotations

from corepy import DROP, Next, Plugin, Request, Response, wire
from corepy.lib.variant import with_flags
from corepy_plugins.header.rules import Rules


class Header(Plugin):
    """Changes the header; what a query's RD becomes here is also what the reply shows."""

    repeatable = True
    eager = True

    def __init__(self, query: Rules | None, response: Rules | None) -> None:
        self._query = query
        self._response = response

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Apply the rules. A reply that the server makes itself only follows those for queries."""
        if self._query is not None:
            octets = request.wire
            flags = octets[2] << 8 | octets[3]
            wanted = self._query.apply(flags)
            if wanted != flags:
                request = request.amend(octets[:2] + wanted.to_bytes(2, "big") + octets[4:])
        response = await next(request)
        if self._response is None or response.implicit or response is DROP:
            return response
        flags = _whole(request, response.flags)
        wanted = self._response.apply(flags)
        return response if wanted == flags else with_flags(response, wanted)


def _whole(request: Request, flags: int) -> int:
    """All 16 bits but the rcode, those that a reply takes over from its query included."""
    if flags & wire.QR:
        return flags
    asked = request.flags
    echoed = wire.OPCODE_MASK | wire.RD | wire.CD
    if asked & wire.OPCODE_MASK:
        echoed = wire.OPCODE_MASK
    return wire.QR | asked & echoed | flags
