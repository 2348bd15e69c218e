"""Transaction ids nobody can guess (RFC 5452 section 4.3)."""

from __future__ import annotations

import os
from collections.abc import Container
from typing import Final

_BLOCK: Final = 4096


class Ids:
    """Draws ids from the system's random numbers, a block at a time."""

    __slots__ = ("_drawn",)

    def __init__(self) -> None:
        self._drawn: list[bytes] = []

    def fresh(self, taken: Container[bytes]) -> bytes:
        """Two octets that are not among `taken`, which must leave plenty of others."""
        while True:
            if not self._drawn:
                block = os.urandom(_BLOCK)
                self._drawn = [block[at : at + 2] for at in range(0, _BLOCK, 2)]
            drawn = self._drawn.pop()
            if drawn not in taken:
                return drawn
