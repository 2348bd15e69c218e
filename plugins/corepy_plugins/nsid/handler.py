"""The handler: sees the option in a query and puts the identifier into the reply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from corepy import DROP, Edns, Next, Plugin, Request, Response
from corepy.lib.rewritten import share_options

_NSID: Final = b"\0\3"


class Nsid(Plugin):
    """Passes everything on; `data` is what goes into the option, any octets."""

    repeatable = True
    eager = True

    def __init__(self, data: bytes) -> None:
        self._option = _NSID + len(data).to_bytes(2, "big") + data

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Identify the server, to those who ask, in replies that a plugin made."""
        if request.plain or _NSID not in request.options or not _asks(request.options):
            return await next(request)
        size = request.edns_size
        share_options(request, shared=False)
        response = await next(request)
        if response.implicit or response is DROP:
            return response
        edns = response.edns
        if edns is None:
            # DO is set whether the client did or not, as CoreDNS has it.
            return response.replace(edns=Edns(size, True, self._option))
        options = self._identified(edns.options)
        return response.replace(edns=Edns(edns.size, edns.do, options))

    def _identified(self, options: bytes) -> bytes:
        """These options with every identifier in them replaced by ours, or with ours at the end."""
        given = list(_each(options))
        found = [self._option if one[:2] == _NSID else one for one in given]
        if found == given and self._option not in given:
            found.append(self._option)
        return b"".join(found)


def _asks(options: bytes) -> bool:
    return any(one[:2] == _NSID for one in _each(options))


def _each(options: bytes) -> Iterator[bytes]:
    """The options one by one, each with its code and length."""
    at = 0
    while at < len(options):
        end = at + 4 + (options[at + 2] << 8 | options[at + 3])
        yield options[at:end]
        at = end
