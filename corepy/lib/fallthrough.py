"""`fallthrough [ZONES...]`: questions a plugin passes on instead of denying (CoreDNS pkg/fall)."""

from __future__ import annotations

from collections.abc import Iterable

from corepy.zone import Zones


class Fallthrough:
    """The names that are passed on when a plugin has no answer; by default none."""

    __slots__ = ("_zones",)

    def __init__(self, zones: Iterable[str] | None = None) -> None:
        """None passes nothing on; an empty set of zones stands for all names."""
        self._zones = None if zones is None else Zones(list(zones) or ["."])

    def passes(self, qname: bytes) -> bool:
        """True if a question for `qname` (lower-case wire form) goes to the next plugin."""
        return self._zones is not None and self._zones.match(qname) is not None

    @property
    def enabled(self) -> bool:
        """True if `fallthrough` was given at all."""
        return self._zones is not None
