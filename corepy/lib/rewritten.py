"""What became of a question further down the chain, for those who only look on.

CoreDNS's *rewrite* changes the query in place, so the plugins around it (log, errors) report type,
size and EDNS of what was asked in the end. Here requests are values; *rewrite* calls `note` with
the request it passes on, and an observer asks `latest`.
"""

from __future__ import annotations

from typing import Final

from corepy.request import Request

_KEY: Final = "rewritten"


def note(derived: Request) -> None:
    """Say that `derived` was asked in place of its parent."""
    derived.values.setdefault(_KEY, []).append(derived)


def latest(request: Request) -> Request:
    """What was asked in place of `request` in the end; itself if nobody changed it."""
    noted: list[Request] = request.values.get(_KEY, [])
    for derived in noted:
        # Look-ups on the way (CNAME targets) have derived requests of their own, noted later.
        if derived.parent is request:
            request = derived
    return request
