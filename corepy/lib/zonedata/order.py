"""Names of a signed zone in canonical order (RFC 4034 section 6.1), for the right NSEC record."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from corepy import names


def canonical_key(name: bytes) -> bytes:
    """Octets that sort as the name does; `name` is lower-case wire form."""
    labels = names.labels(name)
    labels.reverse()
    # The octet 0 stands between labels, below all that may be in one.
    return b"\0".join([label.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1") for label in labels])


class Order:
    """All names of a zone, sorted."""

    __slots__ = ("_keys", "_names")

    def __init__(self, keyed: Iterable[tuple[bytes, bytes]]) -> None:
        """`keyed` are pairs of canonical key and name."""
        pairs = sorted(keyed)
        self._keys = [key for key, _ in pairs]
        self._names = [name for _, name in pairs]

    def floor(self, name: bytes) -> bytes | None:
        """The last name that is `name` or stands before it."""
        at = bisect_right(self._keys, canonical_key(name))
        return self._names[at - 1] if at else None
