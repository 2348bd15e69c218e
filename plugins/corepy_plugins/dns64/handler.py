"""The handler: asks for A records where there are no AAAA records (RFC 6147 section 5)."""

from __future__ import annotations

from typing import Any, Final

from corepy import DROP, Next, Plugin, Record, Request, Response, wire
from corepy.lib import cidr
from corepy.lib.classify import Kind, typify
from corepy.lib.lookup import lookup
from corepy.lib.rewritten import latest
from corepy.metrics import Family, Series
from corepy.response import WireResponse
from corepy_plugins.dns64.prefix import embed

DEFAULT_TTL: Final = 600
"""Seconds: the most a made record is good for when the denial says nothing (section 5.1.7)."""

_IN: Final = 1
_A_TAIL: Final = 14  # octets of an A record behind its owner


def _speaks_ipv4(host: str) -> bool:
    address = cidr.address(host.partition("%")[0])
    return address is not None and address.version == 4


class Dns64(Plugin):
    """Translates questions of IPv6 clients, with `allow_ipv4` those of all clients."""

    repeatable = True
    eager = True

    def __init__(
        self,
        prefix: bytes,
        family: Family[Series],
        *,
        translate_all: bool = False,
        allow_ipv4: bool = False,
    ) -> None:
        self._prefix = prefix
        self._family = family
        self._translate_all = translate_all
        self._allow_ipv4 = allow_ipv4
        self._counts: dict[str, Series] = {}

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Pass the question on, and where the answer has no AAAA record make some."""
        if request.qtype != wire.AAAA or request.qclass != _IN or not self._welcome(request):
            return await next(request)
        original = await next(request)
        if original.implicit or original is DROP or not self._wanted(request, original):
            return original
        asked = latest(request)
        if asked is not request:
            # CoreDNS makes the reply out of the query as *rewrite* left it.
            request.show(asked)
        found = await lookup(asked, asked.qname, wire.A)
        if found is DROP:
            return Response.failure(wire.SERVFAIL)
        self._count(request)
        return self._made(original, found)

    def _welcome(self, request: Request) -> bool:
        if self._allow_ipv4:
            return True
        return not request.vary(_speaks_ipv4)

    def _wanted(self, request: Request, response: Response) -> bool:
        """Whether an answer is to be replaced: one without AAAA records that is no NXDOMAIN."""
        do = response.edns is not None and response.edns.do
        if typify(request, response, do=do) is Kind.NXDOMAIN:
            return False
        return self._translate_all or wire.AAAA not in _answer_types(response)

    def _made(self, original: Response, found: Response) -> Response:
        most = DEFAULT_TTL
        for record in original.authority:
            if record.rdtype == wire.SOA:
                most = record.ttl
        return Response(
            wire.NOERROR,
            [self._translated(record, most) for record in found.answer],
            found.authority,
            found.additional,
            flags=found.flags & wire.TC,
            edns=found.edns,
            fresh_until=min(original.fresh_until, found.fresh_until),
        )

    def _translated(self, record: Record, most: int) -> Record:
        if record.rdtype != wire.A or len(record.tail) != _A_TAIL:
            return record
        address = embed(self._prefix, record.rdata)
        return Record.make(record.owner, wire.AAAA, min(record.ttl, most), address, record.rdclass)

    def _count(self, request: Request) -> None:
        server = request.listener.address
        series = self._counts.get(server)
        if series is None:
            series = self._counts[server] = self._family.labels(server)
        series.value += 1

        def again(query: bytes, peer: Any, started: float) -> None:  # noqa: ARG001
            series.value += 1

        request.on_repeat(again)


def _answer_types(response: Response) -> list[int]:
    """The types in the answer section; a response in wire form stays unparsed."""
    if type(response) is WireResponse:
        return [span.rdtype for span in response.spans[: response.counts[0]]]
    return [record.rdtype for record in response.answer]
