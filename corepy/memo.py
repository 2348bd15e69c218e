"""Whole answers, given again without running the chain.

The key is everything of the query behind its id, the name in lower case, so header bits, type,
class and the whole OPT record are part of it; there is one memo per listener, so address, transport
and server blocks are too. Only plain queries get in (one question, at most an OPT record without
options), and only answers that every plugin on their path calls repeatable.
"""

from __future__ import annotations

from typing import Final

from corepy.request import Repeat, Request
from corepy.response import Response

Entry = tuple[bytes, float, "tuple[Repeat, ...]", bool]
"""The reply behind its id, the time (monotonic seconds) it is good until, whom to tell, and
whether its letters are those of the question (then it is for lower-case questions only)."""

LIMIT: Final = 8192
"""Entries of each of the two generations."""

LONGEST: Final = 1232
"""Octets of the longest reply that is remembered, so that strangers cannot fill the memory with
large ones; also what a cautious client takes over UDP."""


class Memo:
    """The answers that one listener may repeat.

    Two generations bound the memory without bookkeeping per hit: when the young one is full it
    becomes the old one, and what is still asked for moves back.
    """

    __slots__ = ("generation", "old", "young")

    def __init__(self) -> None:
        self.young: dict[bytes, Entry] = {}
        self.old: dict[bytes, Entry] = {}
        self.generation = 0

    def clear(self) -> None:
        """Forget all: the data behind some answer has changed."""
        self.young.clear()
        self.old.clear()
        self.generation += 1

    def recall(self, key: bytes, now: float) -> Entry | None:
        """The entry for a key that the young generation did not have."""
        entry = self.old.pop(key, None)
        if entry is None or entry[1] <= now:
            return None
        self._store(key, entry)
        return entry

    def find(self, request: Request, now: float) -> Entry | None:
        """The entry for a request whose name is not all lower case; the body's is."""
        query, end = request.wire, request.end - 4
        key = query[2:12] + request.qname + query[end:]
        entry = self.young.get(key) or self.recall(key, now)
        return entry if entry and entry[1] > now and not entry[3] else None

    def keep(self, request: Request, response: Response, reply: bytes) -> None:
        """Remember a reply that may be repeated: to the same spelling, or to any."""
        query = request.wire
        end = request.end - 4
        name = query[12:end]
        lower = request.qname
        if len(reply) > LONGEST or (name != lower and request.owner_seen):
            return
        key = query[2:12] + lower + query[end:]
        body = reply[2:12] + lower + reply[end:]
        repeats = tuple(request.repeats) if request.repeats else ()
        self._store(key, (body, response.fresh_until, repeats, request.owner_seen))

    def _store(self, key: bytes, entry: Entry) -> None:
        if len(self.young) >= LIMIT:
            self.old, self.young = self.young, {}
        self.young[key] = entry
