"""One listening address as CoreDNS sees it: octets and a client in, octets out; no sockets here.

Picks the server block, runs its chain, finishes the reply, repeats what may be repeated. What the
goldens record of the order of decisions (class before EDNS version before zone) is kept.
"""

from __future__ import annotations

import logging
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import Any

from corepy import names, series, wire
from corepy.memo import Memo
from corepy.plugin import Collector, Next, View
from corepy.reply import bad_version, finish, kept_back, messages, refusal
from corepy.request import Request
from corepy.response import DROP, Response, WireResponse
from corepy.waiter import Waiter, carry

_log = logging.getLogger("corepy")

MAX_DEPTH = 8
"""Look-ups through the server that one question may lead to, one inside the other."""

MAX_LOOKUPS = 64
"""Look-ups that one question may lead to in all: where each leads to two, there are 2^8 of them."""

Send = Callable[[Any, Any, Any], None]
"""Takes a late reply, empty if none is due, the peer it is for, and the transport's own note.

The reply is octets; from a listener that `streams` it may also be an iterator of messages.
"""

_TRANSFERS = (wire.AXFR, wire.IXFR)


class Route:
    """What one zone of one server block does with a request.

    `chain` is None for a block without plugins. `views` must all admit a request; `collector`
    gathers metadata before they are asked. `guarded`: there is one or the other.
    """

    __slots__ = ("chain", "collector", "guarded", "view", "views", "zone")

    def __init__(
        self,
        zone: str,
        chain: Next | None,
        views: tuple[View, ...] = (),
        collector: Collector | None = None,
    ) -> None:
        self.zone = zone
        self.chain = chain
        self.views = views
        self.view = views[0].name if views else ""
        self.collector = collector
        self.guarded = bool(views) or collector is not None

    def admits(self, request: Request) -> bool:
        """True unless a view says no."""
        request.view = self.view or request.view
        if self.collector is not None:
            self.collector.collect(request)
        return all(view.admits(request) for view in self.views)


class Server:
    """The routes of one address, such as `dns://127.0.0.1:53`, shared by its listeners.

    `any_class`: some plugin takes classes other than IN. `sole` is the route of a server that has
    one, for all names, without conditions. `debug` and `stacktrace` are those of
    the plugins of that name: both put the traceback of an unhandled exception in the log.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.any_class = False
        self.debug = False
        self.stacktrace = False
        self.listeners: list[Listener] = []
        self._zones: dict[bytes, list[Route]] = {}
        self.sole: Route | None = None
        self._longest = 1

    def add(self, route: Route) -> None:
        """Serve a zone; several routes of one zone are tried in the order they were added."""
        zone = names.from_text(route.zone).lower()
        self._zones.setdefault(zone, []).append(route)
        usual = len(self._zones) == len(self._zones.get(b"\0", ())) == 1
        self.sole = route if usual and route.chain is not None and not route.guarded else None
        self._longest = max(self._longest, len(zone))

    def forget(self) -> None:
        """Repeat nothing that was answered before."""
        for listener in self.listeners:
            listener.memo.clear()

    def route(self, request: Request) -> Route | None:
        """The route of the longest zone that takes the request; for DS that of the parent.

        As in CoreDNS the root zone is no parent for DS, and of several blocks the last one counts;
        for the root's own DS as well. The request's view is the last one that took it: a block
        without a view leaves it as it is, for DS and for look-ups out of a block with one.
        """
        name, zones, view = request.qname, self._zones, request.view
        below: Route | None = None
        at, skip = 0, len(name) - self._longest
        while at < skip:
            at += name[at] + 1
        while True:
            routes = zones.get(name[at:])
            size = name[at]
            last_resort = size == 0 and at > 0
            if routes is not None and not (last_resort and below):
                for route in routes:
                    if route.guarded and not route.admits(request):
                        request.view = view
                        continue
                    if route.chain is None and last_resort:
                        continue
                    if request.qtype != wire.DS or last_resort or route.chain is None:
                        return route
                    below = route
                    view = request.view
            if size == 0:
                return below
            at += size + 1


class Listener:
    """One transport of a server: what a request knows of how it came in.

    `streams`: a late reply to a transfer request may be several messages.
    """

    __slots__ = ("address", "local", "memo", "proto", "server", "streams", "under_way")

    def __init__(self, server: Server, proto: str, local: tuple[str, int]) -> None:
        self.server = server
        self.address = server.address
        self.proto = proto
        self.local = local
        self.memo = Memo()
        self.streams = False
        self.under_way = 0
        server.listeners.append(self)

    def handle(self, octets: bytes, peer: Any, send: Send, via: Any = None) -> bytes | None:
        """Answer one message that the memo did not know.

        Returns the reply, empty if none is due, or None if `send` will be called with it later,
        with `peer` and `via` as they were given. To be called outside of tasks, from a callback of
        the loop: a handler would take the caller's task for its own.
        """
        if len(octets) < 12 or octets[2] >= 0x80:
            return b""  # see `wire.silent`
        shape = wire.admit(octets)
        if isinstance(shape, bytes):
            return shape
        octets, end, opt, plain = shape
        request = Request(octets, end, opt, plain, peer, self, via)
        if not request.lower and (repeated := self._repeat(request)):
            return repeated
        server = self.server
        if request.qclass != wire.IN and not server.any_class:
            return self._dropped(request, wire.REFUSED)
        if opt and octets[opt + 6]:
            return bad_version(request)
        generation = self.memo.generation
        try:
            route = server.sole or server.route(request)
            if route is None or route.chain is None:
                return self._dropped(request, wire.REFUSED)
            request.zone = route.zone
            coro: Any = route.chain(request)
            pending = coro.send(None)
        except StopIteration as stop:
            return self._finish(request, stop.value, generation)
        except (Exception, CancelledError) as error:  # noqa: BLE001 - a plugin's mistake is its own
            return self._panic(request, error)

        self.under_way += 1
        late = partial(self._late, request, generation, send)
        if isinstance(pending, Waiter):
            # What `carry` does in the usual case, without a call.
            pending._coro, pending._done = coro, late  # noqa: SLF001
        else:
            carry(coro, pending, late)
        return None

    def _late(
        self,
        request: Request,
        generation: int,
        send: Send,
        response: Response | None,
        error: BaseException | None,
    ) -> None:
        self.under_way -= 1
        reply: bytes | Iterator[bytes]
        if response is None:
            reply = self._panic(request, error)
        elif self.streams and request.qtype in _TRANSFERS and _parts(response):
            reply = self._messages(request, response)
        else:
            reply = self._finish(request, response, generation)
        send(reply, request._peer, request.via)  # noqa: SLF001 - without a call

    async def resolve(self, request: Request) -> Response:
        """Answer a request derived from another one as if it had arrived here (CNAME targets).

        Look-ups of look-ups end in SERVFAIL after `MAX_DEPTH` of them, or `MAX_LOOKUPS` in all.
        """
        request.depth += 1
        if request.depth > MAX_DEPTH or request.count_lookup() > MAX_LOOKUPS:
            return Response.failure(wire.SERVFAIL, "too many look-ups for one question")
        route = self.server.route(request)
        if route is None or route.chain is None:
            self._dropped(request, wire.REFUSED)
            return Response.failure(wire.REFUSED)
        request.zone = route.zone
        return await route.chain(request)

    def _repeat(self, request: Request) -> bytes | None:
        """A remembered reply under the client's own spelling of the name."""
        started = monotonic()
        entry = self.memo.find(request, started)
        if entry is None:
            return None
        octets, end = request.wire, request.end - 4
        body = entry[0]
        for repeat in entry[2]:
            repeat(octets, request.peer, started)
        return octets[:2] + body[:10] + octets[12:end] + body[end - 2 :]

    def _finish(self, request: Request, response: Response, generation: int) -> bytes:
        if response is DROP:
            return b""
        try:
            reply = finish(request, response)
        except Exception as error:  # noqa: BLE001
            return self._panic(request, error)
        # The cheap tests first: most answers that are not repeated fail one of them.
        if (
            response.fresh_until
            and reply
            and request.repeatable
            and request.plain
            and not request.client_seen
            and not response.implicit
            and self.memo.generation == generation
            and response.fresh_until > monotonic()
        ):
            self.memo.keep(request, response, reply)
        elif request.became is not None:
            request.let_go()
        return reply

    def _messages(self, request: Request, response: Response) -> Iterator[bytes]:
        self.under_way += 1
        try:
            yield from messages(request, response)
        except Exception as error:  # noqa: BLE001
            yield self._panic(request, error)
        finally:
            self.under_way -= 1

    def _dropped(self, request: Request, rcode: int) -> bytes:
        reply = refusal(request, rcode)
        request.view = ""
        size = len(request.wire) - kept_back(request.options)  # the reply has taken the OPT record
        series.tally(request, series.DROPPED, rcode, "").add(0.0, size, len(reply))
        return reply

    def _panic(self, request: Request, error: BaseException | None) -> bytes:
        server = self.server
        trace = error if server.stacktrace or server.debug else None
        _log.error(
            "Recovered from panic in server: %s %r", f'"{self.address}"', error, exc_info=trace
        )
        series.PANICS.value += 1
        return self._dropped(request, wire.SERVFAIL)


def _parts(response: Response) -> bool:
    return type(response) is not WireResponse and bool(response.answer)
