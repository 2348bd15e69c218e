"""A cache in a small world: a clock turned by hand, and an upstream that does as it is told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from corepy import metrics, wire
from corepy.build import build
from corepy.corefile import load
from corepy.host import Host
from corepy.registry import Registry
from corepy.reply import finish
from corepy.request import Request
from corepy.response import Response, WireResponse
from corepy_plugins.cache.handler import Cache
from corepy_plugins.cache.options import Options
from tests.support.queries import PEER, FakeListener

Upstream = Callable[[Request], Awaitable[Response]]
_worlds = itertools.count()

SOA = "up.test. 60 IN SOA ns.up.test. host.up.test. 1 2 3 4 60"


def options_of(directive: str) -> Options:
    """What a `cache` directive means in a block for all zones."""
    registry = Registry(environ={})
    text = f". {{\n{directive}\nwhoami\n}}\n"
    corefile = load(text, "Corefile", known=registry.known, environ={}, port=53)
    host = Host()
    build(corefile, registry, host)
    (cache,) = [part for _, _, part in host.plugins if isinstance(part, Cache)]
    return cache.options


def message(
    query: dns.message.Message,
    answer: str = "",
    *,
    rcode: str = "NOERROR",
    authority: str = "",
    additional: str = "",
    flags: str = "RA",
) -> dns.message.Message:
    """An upstream's message; records in master-file form, a line each."""
    made = dns.message.make_response(query)
    made.flags |= dns.flags.from_text(flags)
    made.set_rcode(dns.rcode.from_text(rcode))
    for section, lines in (
        (made.answer, answer),
        (made.authority, authority),
        (made.additional, additional),
    ):
        for line in lines.splitlines():
            owner, ttl, rdclass, rdtype, rdata = line.split(None, 4)
            section.append(dns.rrset.from_text(owner, int(ttl), rdclass, rdtype, rdata))
    return made


class World:
    """One cache, its clock (`now`), and what its upstream was asked (`asked`).

    `reply` makes the upstream's message of a query; by default an A record with TTL 300. It may
    also return a `Response`. `delay` is an event that answers wait for.
    """

    def __init__(self, directive: str = "cache") -> None:
        self.now = 1000.25
        self.asked: list[Request] = []
        self.cache = Cache(options_of(directive), now=lambda: self.now)
        self.listener = FakeListener(address=f"dns://world-{next(_worlds)}:53")
        self.answer: str | None = None
        self.reply: Callable[[dns.message.Message], dns.message.Message | Response] = self.usual
        self.gate: asyncio.Event | None = None
        self.request: Request | None = None
        self.response: Response | None = None

    def usual(self, query: dns.message.Message) -> dns.message.Message:
        name = query.question[0].name.to_text()
        return message(query, self.answer or f"{name} 300 IN A 192.0.2.1")

    def says(self, answer: str = "", **parts: Any) -> None:
        """Let the upstream answer all queries so from now on."""
        self.reply = lambda query: message(query, answer, **parts)

    async def next(self, request: Request) -> Response:
        self.asked.append(request)
        reply = self.reply
        if self.gate is not None:
            await self.gate.wait()
        made = reply(dns.message.from_wire(request.wire))
        if isinstance(made, Response):
            return made
        return WireResponse(made.to_wire(max_size=65535))

    async def ask(self, question: str = "a.up.test. A", *words: str) -> dns.message.Message:
        """The reply; words are `+do`, `+ad`, `+cd`, `+norec`, `+tcp`, `+bufsize=N`."""
        name, rdtype, rdclass = [*question.split(), "IN"][:3]
        query = dns.message.make_query(name, rdtype, rdclass)
        for word in words:
            if word in ("+ad", "+cd"):
                query.flags |= dns.flags.from_text(word[1:].upper())
            if word == "+norec":
                query.flags &= ~dns.flags.RD
            if word == "+do":
                query.use_edns(payload=1232, ednsflags=dns.flags.DO)
            if word.startswith("+bufsize"):
                query.use_edns(payload=int(word[9:]))
        reply = await self.exchange(query.to_wire(), "tcp" if "+tcp" in words else "udp")
        return dns.message.from_wire(reply, one_rr_per_rrset=False)

    async def exchange(self, octets: bytes, proto: str = "udp") -> bytes:
        shape = wire.admit(octets)
        assert isinstance(shape, tuple)
        self.listener.proto = proto
        self.request = Request(*shape, PEER, self.listener)
        self.response = await self.cache.serve(self.request, self.next)
        return finish(self.request, self.response)

    async def settle(self) -> None:
        """Let background refreshes end that can."""
        for _ in range(6):
            await asyncio.sleep(0)

    def metric(self, name: str, **labels: str) -> float | None:
        """A counter of this world's cache; None as long as it does not exist."""
        for family in metrics.families():
            if family.name == f"coredns_cache_{name}":
                wanted = {"server": self.listener.address, **labels}
                for values, series in family.series.items():
                    has = dict(zip(family.label_names, values, strict=True))
                    if wanted.items() <= has.items():
                        assert isinstance(series, metrics.Series)
                        return series.value
        return None


def texts(section: list[dns.rrset.RRset]) -> list[str]:
    """The records of a section, a line each."""
    return [line for rrset in section for line in rrset.to_text().splitlines()]


def ttls(reply: dns.message.Message) -> set[int]:
    """All TTLs of a reply."""
    sections = (reply.answer, reply.authority, reply.additional)
    return {rrset.ttl for section in sections for rrset in section}
