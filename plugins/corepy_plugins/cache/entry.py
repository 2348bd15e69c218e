"""One stored answer: its octets cut where the TTLs stand, so a reply is one join.

All records of an answer have the same TTL once it has passed the cache, so the TTL is the glue
between the pieces. There is no other copy of the octets.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from struct import Struct
from typing import Final

from corepy import wire
from corepy.errors import WireError
from corepy.request import Request
from corepy.response import Response, WireResponse
from corepy_plugins.cache.kind import Verdict

_UNFRAGMENTED: Final = 1220
_LONGEST: Final = 65535
_QUESTION: Final = b"\xc0\x0c"
_HEAD: Final = Struct(">6H")
_CNAME: Final = wire.CNAME.to_bytes(2, "big")


class Draft:
    """The pieces of an answer, without its OPT record.

    The first piece begins with header and question, the TTLs belong between the pieces. `end` is
    the offset behind the question; `least` is the lowest TTL that stood there, in seconds, or None
    without any; `plain` says that a record of the name asked for, as a pointer to the question,
    answers it, and there is no alias; `portable` that no compression pointer leads into the
    question, so that this can be replaced.
    """

    __slots__ = ("counts", "end", "least", "pieces", "plain", "portable")

    def __init__(
        self,
        pieces: list[bytes],
        end: int,
        counts: tuple[int, int, int],
        least: int | None,
        *,
        plain: bool = False,
        portable: bool = False,
    ) -> None:
        self.pieces = pieces
        self.end = end
        self.counts = counts
        self.least = least
        self.plain = plain
        self.portable = portable

    @classmethod
    def of_wire(cls, response: WireResponse, asked: bytes) -> Draft | None:
        """The pieces of a message; None if its OPT record is not the last one.

        `asked` is type and class of the question, in wire form.
        """
        octets, at, stop = response.wire, response.end, response.stop
        if not stop:
            return None
        an, ns, ar = response.counts
        start, head = 0, b""
        if response.edns is not None:
            ar -= 1
            start, head = 12, octets[:10] + ar.to_bytes(2, "big")
        pieces: list[bytes] = []
        ttls: list[bytes] = []
        found = alias = False
        for i in range(an + ns + ar):
            fixed = at + 2 if octets[at] >= 0xC0 else wire.skip_name(octets, at)
            if i < an:
                kind = octets[fixed : fixed + 4]
                if kind == asked and octets[at:fixed] == _QUESTION:
                    found = True
                alias = alias or kind[:2] == _CNAME
            pieces.append(octets[start : fixed + 4])
            start = fixed + 8
            ttls.append(octets[fixed + 4 : start])
            at = start + 2 + (octets[start] << 8 | octets[start + 1])
        pieces.append(octets[start:stop])
        if head:
            pieces[0] = head + pieces[0]
        least = int.from_bytes(min(ttls), "big") if ttls else None
        return cls(pieces, response.end, (an, ns, ar), least, plain=found and not alias)

    @classmethod
    def of_records(cls, question: bytes, response: Response) -> Draft:
        """The pieces of a message made of the response's records, names uncompressed."""
        answer, authority, additional = response.answer, response.authority, response.additional
        counts = (len(answer), len(authority), len(additional))
        pieces = []
        before = _HEAD.pack(0, wire.QR, 1, *counts) + question
        for record in (*answer, *authority, *additional):
            tail = record.tail
            pieces.append(before + record.owner + tail[:4])
            before = tail[8:]
        pieces.append(before)
        return cls(pieces, 12 + len(question), counts, least_ttl(response), portable=True)


def least_ttl(response: Response) -> int | None:
    """The lowest TTL of the records, in seconds; None without records."""
    records = (*response.answer, *response.authority, *response.additional)
    ttls = [record.tail[4:8] for record in records]
    return int.from_bytes(min(ttls), "big") if ttls else None


class Entry:
    """An answer as it is kept. Times are monotonic seconds, `ttl` whole seconds from `stored` on.

    `good` is an older answer that is kept when one that does not answer takes its place
    (`serve_stale_policy prefer_positive`).
    """

    __slots__ = (
        "_draft",
        "_uncut",
        "answering",
        "denial",
        "flags",
        "good",
        "hits",
        "last_hit",
        "rcode",
        "refreshing",
        "retry_after",
        "stored",
        "ttl",
        "wildcard",
    )

    def __init__(
        self,
        question: bytes,
        response: Response,
        draft: Draft | None,
        ttl: int,
        stored: float,
        verdict: Verdict,
    ) -> None:
        self._draft = draft
        self._uncut = None if draft else (question, response)
        self.rcode = response.rcode
        # AA is always set: some stub resolvers throw an answer away without it.
        self.flags = wire.AA | response.flags & (wire.RA | wire.AD)
        self.ttl = ttl
        self.stored = stored
        self.denial = verdict.denial
        self.answering = verdict.answering
        self.good: Entry | None = None
        self.wildcard: Callable[[], str] | None = None
        self.hits = 0
        self.last_hit = -math.inf
        self.refreshing = False
        self.retry_after = 0.0

    @property
    def draft(self) -> Draft:
        """The answer as it is kept, cut when it is first given: many a denial never is."""
        if self._uncut is not None:
            self._draft = Draft.of_records(*self._uncut)
            self._uncut = None
        assert self._draft
        return self._draft

    # ---- answering

    def answer(
        self, request: Request, ttl: int, fresh_until: float, *, authenticated: bool
    ) -> WireResponse:
        """The reply to a request, with this TTL on all records; AD only if it is wanted."""
        draft = self.draft
        octets, end = ttl.to_bytes(4, "big").join(draft.pieces), draft.end
        question = request.wire[12 : request.end]
        if octets[12:end] != question:
            if not draft.portable:
                draft = self._make_portable()
                octets = ttl.to_bytes(4, "big").join(draft.pieces)
            octets = b"%b%b%b" % (octets[:12], question, octets[end:])
        return WireResponse.assembled(
            octets,
            end,
            draft.counts,
            self.rcode,
            flags=self.flags if authenticated else self.flags & ~wire.AD,
            fresh_until=fresh_until,
            # A long message without compression is written anew, with it.
            relay=not draft.portable or len(octets) <= _UNFRAGMENTED,
        )

    def _make_portable(self) -> Draft:
        """Write the names out: owners keep the letters of whoever asked first, as in CoreDNS."""
        draft = self.draft
        try:
            message = WireResponse.assembled(
                bytes(4).join(draft.pieces), draft.end, draft.counts, self.rcode, flags=0
            )
            written = Draft.of_records(message.question, message)
        except WireError:
            written = draft
        if sum(map(len, written.pieces)) > _LONGEST:
            written = draft
        written.portable = True
        self._draft = written
        return written

    # ---- popularity

    def touch(self, now: float, gap: float) -> None:
        """Count a hit; a pause of more than `gap` seconds starts the count again."""
        self.hits = 1 if self.last_hit < now - gap else self.hits + 1
        self.last_hit = now

    # ---- refreshing

    def begin(self, now: float, recheck: float) -> bool:
        """Claim the refresh of this entry: one at a time, none while a failure is recent."""
        if self.refreshing or (recheck > 0 and now < self.retry_after):
            return False
        self.refreshing = True
        return True

    def finish(self, now: float, recheck: float, *, refreshed: bool) -> None:
        """Give the claim back, and after a failure note when to try again."""
        self.retry_after = now + recheck if recheck > 0 and not refreshed else 0.0
        self.refreshing = False
