"""Look-ups through the server itself: alias targets, addresses for a synthesis, search paths.

They pass the whole server again (all blocks of the listener) with the client's own address,
transport and EDNS, and cost no socket (CoreDNS's pkg/upstream).
"""

from __future__ import annotations

from corepy.request import Request
from corepy.response import Response


async def lookup(request: Request, name: bytes, qtype: int) -> Response:
    """The server's answer to `name` (wire form) and `qtype`, class IN, on behalf of a request.

    SERVFAIL if look-ups lead to look-ups without end. Raises `ValueError` for a name that is none.
    """
    derived = request.replace(owner=name, qtype=qtype, qclass=1)
    return await request.listener.resolve(derived)
