"""What became of a question further down the chain, for those who only look on.

CoreDNS's *rewrite* changes the query in place, so the plugins around it (log, errors) report type,
size and EDNS of what was asked in the end. Here requests are values; *rewrite* calls `note` with
the request it passes on, and an observer asks `latest`.
"""

from __future__ import annotations

from typing import Final

from corepy.request import Request

_WHOLE: Final = "whole options"


def note(derived: Request) -> None:
    """Say that `derived` was asked in place of its parent."""
    if derived.parent is not None:
        derived.parent.became = derived


def latest(request: Request) -> Request:
    """What was asked in place of `request` in the end; itself if nobody changed it."""
    while request.became is not None:
        request = request.became
    return request


def keep_options(request: Request) -> None:
    """Say that the answer takes over a copy of the request's OPT record, which stays as it is."""
    request.note(_WHOLE, True)


def keeps_options(request: Request) -> bool:
    """Whether somebody said so."""
    return request.noted(_WHOLE) is True
