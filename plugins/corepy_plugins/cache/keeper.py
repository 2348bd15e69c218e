"""What happens to a response on its way back: one TTL for all its records, and into the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, NamedTuple

from corepy import wire
from corepy.lib import labels
from corepy.record import Record
from corepy.request import Request
from corepy.response import DROP, Response, WireResponse
from corepy.stream import Stream
from corepy_plugins.cache.counters import Counters
from corepy_plugins.cache.entry import Draft, Entry, least_ttl
from corepy_plugins.cache.kind import FAILURE, Verdict, judge
from corepy_plugins.cache.options import Limits, Options
from corepy_plugins.cache.store import Store

_DEFAULT_TTL: Final = 5
"""Seconds for answers that have no TTL of their own to go by."""

# Of any other nothing is known.
_FORMS: Final = (WireResponse, Response)

WILDCARD: Final = "zone/wildcard"
"""Metadata that is kept with an answer: the wildcard it was made from."""


class Settled(NamedTuple):
    """A response that has been looked at."""

    response: Response
    """What the client gets: one TTL, no OPT record of others."""
    entry: Entry | None
    """What was stored for it."""


class Keeper:
    """The two caches, success and denial, and the rules by which they are filled."""

    def __init__(self, options: Options, now: Callable[[], float] = monotonic) -> None:
        self.success = Store(options.success.capacity)
        self.denial = Store(options.denial.capacity)
        self._successes = self.success.entries
        self._denials = self.denial.entries
        self.now = now
        self.metadata = False
        self._success = options.success
        self._denial = options.denial
        self._failure = options.failure
        self._prefer = options.stale.prefer_positive

    def settle(
        self,
        request: Request,
        key: bytes,
        response: Response,
        counters: Counters,
        *,
        authenticated: bool,
        replaces: bool | None = None,
    ) -> Settled:
        """Store the answer to `request` if it may be, and make what the client gets.

        Without `authenticated` AD is taken away. `replaces` is for refreshes, which also store
        what `disable` leaves out (better a denial there than an answer that is gone), and says
        whether an answer takes the place of a denial.
        """
        if isinstance(response, Stream):
            longest, shortest = self._success.longest, self._success.shortest
            ttl = min(longest, max(_DEFAULT_TTL, shortest))
            return Settled(response.with_ttl(ttl), None)
        if response.implicit or response is DROP or type(response) not in _FORMS:
            return Settled(response, None)
        draft, plain = None, False
        if isinstance(response, WireResponse):
            draft = Draft.of_wire(response, request.wire[request.end - 4 : request.end])
            plain = draft is not None and draft.plain
        verdict = judge(request, response, plain=plain)
        limits = self._denial if verdict.denial else self._success
        least = least_ttl(response) if draft is None else draft.least
        life = self._failure if verdict is FAILURE else _life(verdict, limits, least)
        entry = None
        if verdict.keepable and life > 0 and not response.flags & wire.TC:
            if matches(request, response):
                zones = limits.excepted
                if zones is None or replaces is not None or request.qname not in zones:
                    entry = Entry(request.question, response, draft, int(life), self.now(), verdict)
                    if self.metadata:
                        entry.wildcard = (labels.collected(request) or {}).get(WILDCARD)
                    self._put(key, entry, counters, bool(replaces))
                counters.filled(len(self._successes), len(self._denials))
            else:
                counters.drops.value += 1
        flags = response.flags if authenticated else response.flags & ~wire.AD
        # What is kept is given from the cache the next time, and looks different.
        fresh_until = 0.0 if entry or replaces is not None else response.fresh_until
        return Settled(_levelled(response, draft, int(life), flags, fresh_until), entry)

    def _put(self, key: bytes, entry: Entry, counters: Counters, replaces: bool) -> None:
        if entry.denial:
            if self.denial.put(key, entry):
                counters.evicted(denial=True)
            return
        if self._prefer and not entry.answering:
            before = self._successes.get(key)
            entry.good = before and good_of(before)
        if self.success.put(key, entry):
            counters.evicted(denial=False)
        if entry.answering if self._prefer else replaces:
            # The newest thing known of this name is that it exists.
            self.denial.drop(key)


def _life(verdict: Verdict, limits: Limits, least: int | None) -> int:
    """Seconds that an answer is kept: its least TTL, within the limits."""
    ttl = least if verdict.measured and least is not None else _DEFAULT_TTL
    return min(limits.longest, max(ttl, limits.shortest))


def good_of(entry: Entry) -> Entry | None:
    """The entry, or the one it has kept, that really answers its question."""
    return entry if entry.answering else entry.good


def matches(request: Request, response: Response) -> bool:
    """False if a message says itself that it answers another question."""
    if not isinstance(response, WireResponse):
        return True
    octets, end = response.wire, response.end
    return (
        octets[2] & 0x80 != 0
        and octets[end - 4 : end] == request.wire[request.end - 4 : request.end]
        and octets[12 : end - 4].lower() == request.qname
    )


def without_ad(response: Response) -> Response:
    """The response for a client that does not know AD (RFC 6840 section 5.7)."""
    flags = response.flags & ~wire.AD
    if isinstance(response, WireResponse) and response.edns is None:
        return WireResponse.assembled(
            response.wire, response.end, response.counts, response.rcode, flags=flags
        )
    return response.replace(flags=flags)


def _levelled(
    response: Response, draft: Draft | None, ttl: int, flags: int, fresh_until: float
) -> Response:
    """The response with this TTL on all records and without OPT; itself if nothing changes."""
    if draft is not None:
        return WireResponse.assembled(
            ttl.to_bytes(4, "big").join(draft.pieces),
            draft.end,
            draft.counts,
            response.rcode,
            flags=flags,
            fresh_until=fresh_until,
        )
    octets = ttl.to_bytes(4, "big")
    answer = _with_ttl(response.answer, octets)
    authority = _with_ttl(response.authority, octets)
    additional = _with_ttl(response.additional, octets)
    if (
        (flags, fresh_until, None) == (response.flags, response.fresh_until, response.edns)
        and (answer is response.answer and authority is response.authority)
        and additional is response.additional
        and type(response) is Response
    ):
        return response
    return Response(
        response.rcode,
        answer,
        authority,
        additional,
        flags=flags,
        fresh_until=fresh_until,
        error=response.error,
    )


def _with_ttl(records: Sequence[Record], ttl: bytes) -> Sequence[Record]:
    """The records with this TTL; themselves if they have it."""
    for record in records:
        if record.tail[4:8] != ttl:
            seconds = int.from_bytes(ttl, "big")
            return [one.with_ttl(seconds) for one in records]
    return records
