"""Entries by key, bounded, with room made by chance.

CoreDNS's layout: 256 shards of equal size chosen by an FNV hash, and a full shard loses one entry
picked at random. Lookups do not need the shards, so there is one dict for all of them. When a small
cache evicts can be foreseen, and is as in CoreDNS; a large one uses Python's own, faster hash.
"""

from __future__ import annotations

from collections.abc import Callable
from random import random
from typing import Final

from corepy_plugins.cache.entry import Entry

SHARDS: Final = 256
LEAST: Final = 4
"""Entries per shard whatever the capacity asked for, so 1024 in all."""

_SMALL: Final = 16
"""Entries per shard below which shards are CoreDNS's own."""

_STEP: Final = bytes(h * 0xB3 & 0xFF for h in range(256))
# A name in wire form read as text: length octets become dots. Odd names land in another shard than
# CoreDNS's, which harms nothing.
_DOTS: Final = bytes(0x2E if octet < 45 else octet for octet in range(256))


def shard_of(key: bytes) -> int:
    """The shard of a key: the lowest octet of 64-bit FNV-1, which depends on lowest octets only."""
    found = 0x25
    step = _STEP
    for octet in key[:6]:
        found = step[found] ^ octet
    for octet in key[7:].translate(_DOTS):
        found = step[found] ^ octet
    return found


class Store:
    """One cache. `entries` is for reading; `put` and `drop` keep the shards in step with it.

    A key is DO and CD as two digits, type, class and the lower-case name in wire form.
    """

    __slots__ = ("_keys", "_shard", "entries", "room")

    def __init__(self, capacity: int) -> None:
        self.room = max(capacity // SHARDS, LEAST)
        self._shard: Callable[[bytes], int] = shard_of if self.room < _SMALL else hash
        self.entries: dict[bytes, Entry] = {}
        self._keys: list[list[bytes]] = [[] for _ in range(SHARDS)]

    def __len__(self) -> int:
        return len(self.entries)

    def put(self, key: bytes, entry: Entry) -> bool:
        """Store an entry, in place of an older one of this key; True if another one had to go."""
        entries = self.entries
        if key in entries:
            entries[key] = entry
            return False
        keys = self._keys[self._shard(key) % SHARDS]
        entries[key] = entry
        if len(keys) < self.room:
            keys.append(key)
            return False
        at = int(random() * len(keys))  # noqa: S311 - chance, not secrecy
        del entries[keys[at]]
        keys[at] = key
        return True

    def drop(self, key: bytes) -> None:
        """Remove the entry of a key, if there is one."""
        if self.entries.pop(key, None) is not None:
            self._keys[self._shard(key) % SHARDS].remove(key)
