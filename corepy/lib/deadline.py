"""The time by which work on a request is to end, as *cancel* sets it.

Nothing is interrupted: who tries one thing after the other asks `of` before the next one. What is
looked up on behalf of a request has its deadline.
"""

from __future__ import annotations

import math
from time import monotonic
from typing import Final

from corepy.request import Request

_KEY: Final = "deadline"


def limit(request: Request, seconds: float) -> None:
    """Give the request a deadline so many seconds ahead."""
    request.note(_KEY, monotonic() + seconds)


def of(request: Request) -> float:
    """The deadline in monotonic seconds, infinity without one."""
    found: float | None = request.noted(_KEY)
    return math.inf if found is None else found
