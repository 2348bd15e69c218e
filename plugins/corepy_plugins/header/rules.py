"""Which header bits are set and which are cleared."""

from __future__ import annotations

from typing import Final

_ALL: Final = 0xFFFF


class Rules:
    """Bits by what becomes of them; of several rules for one bit the last one counts."""

    __slots__ = ("_keep", "_set")

    def __init__(self) -> None:
        self._keep = _ALL
        self._set = 0

    def add(self, bit: int, *, on: bool) -> None:
        """One more rule, for a bit of the header's 16."""
        self._keep &= ~bit
        self._set = self._set | bit if on else self._set & ~bit

    def apply(self, flags: int) -> int:
        """The header's 16 bits as they shall be."""
        return flags & self._keep | self._set
