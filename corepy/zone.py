"""A set of zones, asked for the longest one that holds a name (RFC 1034 section 4.3.2 step 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corepy import names


class Zones:
    """The zones a plugin is responsible for; matching is by labels and without case."""

    __slots__ = ("_by_wire", "texts")

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(dict.fromkeys(text.lower() for text in texts))
        self._by_wire = {names.from_text(text).lower(): text for text in self.texts}

    def match(self, name: bytes) -> str | None:
        """The longest zone, in text form, that is `name` or above it; `name` is lower-case wire."""
        by_wire = self._by_wire
        at = 0
        while True:
            zone = by_wire.get(name[at:])
            if zone is not None:
                return zone
            size = name[at]
            if size == 0:
                return None
            at += size + 1

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    def __contains__(self, name: bytes) -> bool:
        return self.match(name) is not None
