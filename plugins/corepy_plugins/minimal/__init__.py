"""*minimal* leaves authority and additional data off positive answers."""

from __future__ import annotations

from corepy import DROP, Controller, Next, Plugin, Request, Response, wire
from corepy.lib.classify import Kind, typify
from corepy.lib.variant import answer_only


class Minimal(Plugin):
    """Cuts what a client does not need; denials, delegations and errors stay whole."""

    repeatable = True
    eager = True

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """The answer section alone, where that is all there is to know.

        Where nothing was answered CoreDNS panics; what is left of that is SERVFAIL.
        """
        response = await next(request)
        if response is DROP or (response.implicit and response.error is None):
            return Response.failure(wire.SERVFAIL)
        if response.implicit or response.rcode != wire.NOERROR:
            return response
        edns = response.edns
        kind = typify(request, response, do=edns is not None and edns.do)
        return answer_only(response) if kind is Kind.NOERROR else response


def setup(c: Controller) -> Minimal:
    """`minimal`, without arguments."""
    c.directives[0].bare()
    return Minimal()
