"""The handler: one question, asked along the search path until a name is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from corepy import DROP, Controller, Next, Plugin, Record, Request, Response, Token, names, wire
from corepy.corefile.faults import BareError, SetupError
from corepy.errors import ConfigErrors
from corepy.metrics import Family, Series
from corepy.plugin import AutoPath
from corepy.zone import Zones


class Autopath(Plugin):
    """Answers questions for names below the first domain of the path.

    `path` is lower-case wire form, the root behind the domains; `source` names the plugin that
    knows a path for each client and takes precedence over `path`.
    """

    repeatable = True
    eager = True

    def __init__(
        self,
        c: Controller,
        zones: Sequence[str],
        path: tuple[bytes, ...],
        source: Token | None,
        family: Family[Series],
    ) -> None:
        self._c = c
        self._zones = Zones(zones)
        self._path = path
        self._source = source
        self._asked: AutoPath | None = None
        self._family = family
        self._counts: dict[str, Series] = {}

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Find the plugin that knows the paths. One that is not there is left alone.

        Raises `ConfigErrors` for a plugin that has none.
        """
        if self._source is not None:
            self._asked = self._find(self._source)
        yield

    def _find(self, source: Token) -> AutoPath | None:
        wanted = source.text[1:]
        for block, name, part in self._c.host.plugins:
            if block is self._c.block and name == wanted and hasattr(part, "serve"):
                if isinstance(part, AutoPath):
                    return part
                message = f"{wanted} does not implement the AutoPather interface"
                raise ConfigErrors([SetupError("autopath", BareError(message, source.span))])
        return None

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Walk the path for a name below its first domain, pass everything else on."""
        if self._zones.match(request.qname) is None:
            return await next(request)
        path = self._path if self._asked is None else self._asked.autopath(request)
        if not path or not names.below(request.qname, path[0]):
            return await next(request)
        base = request.owner[: -len(path[0])]
        if not base:
            text = names.to_text(request.owner)
            zone = names.to_text(path[0])
            reason = f"trimzone: overshot qname: {text}for zone {zone}"
            return Response.failure(wire.SERVFAIL, reason)
        return await self._walk(request, next, base, path)

    async def _walk(
        self,
        request: Request,
        next: Next,  # noqa: A002
        base: bytes,
        path: Sequence[bytes],
    ) -> Response:
        """The first answer that is no NXDOMAIN, or the first of all."""
        first: Response | None = None
        fresh_until = float("inf")
        for domain in path:
            response = await _ask(request, next, base + domain)
            if response is DROP:
                return Response.failure(wire.SERVFAIL)
            if response.error is not None:
                return response
            fresh_until = min(fresh_until, response.fresh_until)
            if first is None:
                first = response
            if not response.implicit and response.rcode != wire.NXDOMAIN:
                self._count(request)
                return _renamed(request, response, fresh_until)
        assert first is not None
        if not first.implicit:
            _show(request, base + path[0])
        return first if first.fresh_until == fresh_until else first.replace(fresh_until=fresh_until)

    def _count(self, request: Request) -> None:
        server = request.listener.address
        series = self._counts.get(server)
        if series is None:
            series = self._counts[server] = self._family.labels(server)
        series.value += 1

        def again(query: bytes, peer: Any, started: float) -> None:  # noqa: ARG001
            series.value += 1

        request.on_repeat(again)


async def _ask(request: Request, next: Next, name: bytes) -> Response:  # noqa: A002
    """What the rest of the chain says to another name; SERVFAIL to one that is too long."""
    if name == request.owner:
        return await next(request)
    try:
        derived = request.replace(owner=name)
    except ValueError:
        return Response.failure(wire.SERVFAIL)
    return await next(derived)


def _show(request: Request, name: bytes) -> None:
    """Have the reply show the question as it was asked first: with the letters of the path."""
    if name != request.owner and request.parent is None:
        request.show(request.replace(owner=name))


def _renamed(request: Request, response: Response, fresh_until: float) -> Response:
    """The answer under the name that was asked for.

    As in CoreDNS the alias leads to the first record of another name, whatever that one is.
    """
    answer = response.answer
    for record in answer:
        if record.owner.lower() != request.qname:
            alias = Record.make(request.owner, wire.CNAME, record.ttl, record.owner)
            answer = [alias, *answer]
            break
    return response.replace(answer=answer, fresh_until=fresh_until)
