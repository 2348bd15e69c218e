"""Keeps work in a thread from holding up the event loop."""

from __future__ import annotations

import time
from typing import Final

_STRETCH: Final = 0.001
_PAUSE: Final = 0.0005


class Pace:
    """Called between small steps of work: gives the interpreter away after each millisecond.

    Without it the loop would wait five milliseconds (`sys.getswitchinterval`) at each wake-up.
    """

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def __call__(self) -> None:
        """Sleep if it is time."""
        if time.perf_counter() - self._since > _STRETCH:
            time.sleep(_PAUSE)
            self._since = time.perf_counter()
