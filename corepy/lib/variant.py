"""Variants of a response that keep a message in wire form as it is.

`Response.replace` has to read every record of a relayed message; what only changes the header, or
leaves sections off, need not.
"""

from __future__ import annotations

from corepy.response import Response, WireResponse


def with_flags(response: Response, flags: int) -> Response:
    """The same with other header flags; with QR set they are all 16 bits."""
    if not isinstance(response, WireResponse):
        return response.replace(flags=flags)
    twin = WireResponse.assembled(
        response.wire,
        response.end,
        response.counts,
        response.rcode,
        flags=flags,
        fresh_until=response.fresh_until,
    )
    twin.stop = response.stop
    twin.edns = response.edns
    twin.error = response.error
    twin.implicit = response.implicit
    return twin


def answer_only(response: Response) -> Response:
    """The same without authority and additional data and without an OPT record of its own."""
    if not isinstance(response, WireResponse):
        if response.authority or response.additional or response.edns:
            return response.replace(authority=(), additional=(), edns=None)
        return response
    answers, authorities, additionals = response.counts
    if not authorities and not additionals:
        return response
    end = response.spans[answers - 1].end if answers else response.end
    alone = WireResponse.assembled(
        response.wire[:end],
        response.end,
        (answers, 0, 0),
        response.rcode,
        flags=response.flags,
        fresh_until=response.fresh_until,
        relay=response.stop != 0,
    )
    alone.error = response.error
    return alone
