"""What became of a question further down the chain, for those who only look on.

CoreDNS's *rewrite* changes the query in place, so the plugins around it (log, errors) report type,
size and EDNS of what was asked in the end. Here requests are values; *rewrite* calls `note` with
the request it passes on, and an observer asks `latest`.
"""

from __future__ import annotations

from typing import Final

from corepy.request import Request
from corepy.response import Response

_SHARED: Final = "shared options"


def note(derived: Request) -> None:
    """Say that `derived` was asked in place of its parent."""
    if derived.parent is not None:
        derived.parent.became = derived


def latest(request: Request) -> Request:
    """What was asked in place of `request` in the end; itself if nobody changed it."""
    while request.became is not None:
        request = request.became
    return request


def share_options(request: Request, *, shared: bool) -> None:
    """Say that the answer has taken over the request's OPT record, or that it will not."""
    if shared or _shared(request) is None:
        request.note(_SHARED, (request.depth, shared))


def shares_options(request: Request, response: Response) -> bool:
    """Whether the OPT record is shared, so that options which do not go back are gone from it."""
    shared = _shared(request)
    return response.edns is None if shared is None else shared


def _shared(request: Request) -> bool | None:
    """What was said about this request, and not about one that it is a look-up for."""
    noted: tuple[int, bool] | None = request.noted(_SHARED)
    return noted[1] if noted is not None and noted[0] == request.depth else None
