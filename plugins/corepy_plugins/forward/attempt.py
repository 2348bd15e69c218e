"""The usual end of a search: the first upstream that is asked answers, and well enough."""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from corepy import Request, Response, wire
from corepy.errors import UpstreamError
from corepy.lib.upstream.flight import Flight
from corepy.lib.upstream.server import Upstream
from corepy.response import WireResponse
from corepy.waiter import Waiter

if TYPE_CHECKING:
    from corepy_plugins.forward.stanza import Stanza

LONGEST: Final = 512
"""Octets of a reply over UDP that every client takes."""


class Attempt(Flight):
    """A query to the first upstream that stands for the whole search.

    It is awaited, or driven outside of tasks, like the coroutine of `Stanza.search`. That one is
    only made if this query does not settle it, and then takes it as the first of several.
    """

    __slots__ = ("_last", "_order", "_request", "_rest", "_stanza", "started")

    def __init__(
        self,
        stanza: Stanza,
        request: Request,
        body: bytes,
        last: bool,
        order: Sequence[Upstream],
        now: float,
    ) -> None:
        # What `Flight` sets, once more without a call.
        self._set = False
        self._error = None
        self._coro = None
        self._future = None
        self.body = body
        self.end = request.end
        self.deadline = now + stanza.read_timeout
        self.channel = None
        self.more = None
        self.retried = False
        self.spoiled = None
        self.started = now
        self._stanza = stanza
        self._request = request
        self._last = last
        self._order = order
        self._rest: Coroutine[Any, Any, Response | None] | None = None

    def wake(self, value: WireResponse) -> None:
        """Give the response; without resuming anything where a transport waits for it."""
        rcode = value.rcode
        if (
            self._coro is self
            and not self._set
            # What `_settles` says, without a call.
            and rcode not in self._stanza.doubtful
            and len(value.wire) <= LONGEST
            and not value.flags & wire.TC
        ):
            # No cycle stays behind: the garbage collector would have to find it.
            self._set, self._value, self._coro = True, value, None
            self._order[0].answered(rcode, monotonic() - self.started)
            self._done(value, None)
        else:
            Waiter.wake(self, value)

    def _settles(self, response: WireResponse) -> bool:
        return (
            len(response.wire) <= LONGEST
            and not response.flags & wire.TC
            and response.rcode not in self._stanza.doubtful
        )

    def _count(self, response: WireResponse) -> None:
        self._order[0].answered(response.rcode, monotonic() - self.started)

    def _search(self) -> Coroutine[Any, Any, Response | None]:
        self._rest = self._stanza.search(self._request, self._last, self._order, self)
        return self._rest

    def _outcome(self) -> WireResponse | None:
        if self._error is None and self._settles(self._value):
            self._count(self._value)
            return self._value
        return None

    def send(self, value: Any, /) -> Any:
        """Wait, or go on with what has come of it."""
        if self._rest is not None:
            return self._rest.send(value)
        if not self._set:
            return self
        response = self._outcome()
        if response is not None:
            raise StopIteration(response)
        return self._search().send(None)

    def throw(self, *error: Any) -> Any:
        """As for any coroutine."""
        if self._rest is not None:
            return self._rest.throw(*error)
        raise error[0]

    def close(self) -> None:
        """As for any coroutine."""
        if self._rest is not None:
            self._rest.close()

    def __await__(self) -> Generator[Any, Any, Response | None]:  # type: ignore[override]
        if self._rest is not None:
            # The search, for which this is the first of its queries.
            return (yield from Waiter.__await__(self))
        try:
            yield from Waiter.__await__(self)
        except UpstreamError:
            return (yield from self._search().__await__())
        response = self._outcome()
        if response is not None:
            return response
        return (yield from self._search().__await__())
