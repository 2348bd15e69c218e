"""Whole answers, given again without running the chain.

The key is everything of the query behind its id, the name in lower case, so header bits, type,
class and the whole OPT record are part of it; there is one memo per listener, so address, transport
and server blocks are too. Only plain queries get in (one question, at most an OPT record without
options), and only answers that every plugin on their path calls repeatable.

An answer that depends on what somebody read of the client's address (`Request.vary`) is behind one
more step for each such reading: under the key stands what to read, and under the key together with
what was read the answer, or the next step.
"""

from __future__ import annotations

from typing import Any, Final

from corepy.request import Read, Repeat, Request
from corepy.response import Response

Entry = tuple[bytes, float, "tuple[Repeat, ...]", bool, "Read | None"]
"""The reply behind its id, the time (monotonic seconds) it is good until, whom to tell, whether its
letters are those of the question (then it is for lower-case questions only), and None.

Or a step on the way to several of these: good until 0, and at the end what to read."""

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
        self.young: dict[Any, Entry] = {}
        self.old: dict[Any, Entry] = {}
        self.generation = 0

    def clear(self) -> None:
        """Forget all: the data behind some answer has changed."""
        self.young.clear()
        self.old.clear()
        self.generation += 1

    def recall(self, key: Any, now: float) -> Entry | None:
        """The entry for a key that the young generation did not have."""
        entry = self.old.pop(key, None)
        if entry is None or (entry[1] <= now and entry[4] is None):
            return None
        self._store(key, entry)
        return entry

    def variant(self, key: Any, entry: Entry, host: str, now: float) -> Entry | None:
        """What an entry that is not good itself leads to for a client; `host` is its address."""
        while (read := entry[4]) is not None:
            key = (key, read, read(host))
            found = self.young.get(key) or self.recall(key, now)
            if found is None:
                return None
            entry = found
        return entry if entry[1] > now else None

    def find(self, request: Request, now: float) -> Entry | None:
        """The entry for a request whose name is not all lower case; the body's is."""
        query, end = request.wire, request.end - 4
        key = query[2:12] + request.qname + query[end:]
        entry = self.young.get(key) or self.recall(key, now)
        if entry is not None and entry[1] <= now:
            entry = self.variant(key, entry, request.peer[0], now)
        return entry if entry is not None and not entry[3] else None

    def keep(self, request: Request, response: Response, reply: bytes) -> None:
        """Remember a reply that may be repeated: to the same spelling, or to any."""
        query = request.wire
        end = request.end - 4
        name = query[12:end]
        lower = request.qname
        if len(reply) > LONGEST or (name != lower and request.owner_seen):
            return
        key: Any = query[2:12] + lower + query[end:]
        for read, value in request.varied or ():
            self._store(key, (b"", 0.0, (), False, read))
            key = (key, read, value)
        body = reply[2:12] + lower + reply[end:]
        repeats = tuple(request.repeats) if request.repeats else ()
        self._store(key, (body, response.fresh_until, repeats, request.owner_seen, None))

    def _store(self, key: Any, entry: Entry) -> None:
        if len(self.young) >= LIMIT:
            self.old, self.young = self.young, {}
        self.young[key] = entry
