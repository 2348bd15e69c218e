"""Transaction ids nobody can guess (RFC 5452 section 4.3)."""

from __future__ import annotations

import os
from collections.abc import Container
from typing import Final

_BLOCK: Final = 4096


class Ids:
    """Draws ids from the system's random numbers, a block at a time."""

    __slots__ = ("_at", "_block")

    def __init__(self) -> None:
        self._block = b""
        self._at = 0

    def fresh(self, taken: Container[bytes]) -> bytes:
        """Two octets that are not among `taken`, which must leave plenty of others."""
        while True:
            at = self._at
            if at >= len(self._block):
                self._block, at = os.urandom(_BLOCK), 0
            self._at = at + 2
            drawn = self._block[at : at + 2]
            if drawn not in taken:
                return drawn
