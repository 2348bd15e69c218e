"""One zone of one instance: what it answers now, and in which state its data is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import Enum
from typing import Final

from corepy import names, wire
from corepy.record import Record
from corepy.request import Request
from corepy.response import Edns, Response
from corepy_plugins.k8s_cross import own
from corepy_plugins.k8s_cross.settings import STALE_TTL, Settings
from corepy_plugins.k8s_cross.table import OWN, Answers, Table, fixed, render, soa

_EDE: Final = 15
_ADDRESSES_FRESH: Final = 30.0  # seconds; nobody says when an interface gets another address


class State(Enum):
    """How much the data can be relied on; the extended error is that of RFC 8914, 0 for none."""

    WAITING = ("there is no answer from Headscale yet", 14)
    CURRENT = ("", 0)
    STALE = ("", 3)
    LOST = ("Headscale has been away for longer than max_stale", 22)

    @property
    def known(self) -> bool:
        """True if the services are known, so that a name can be denied."""
        return self in (State.CURRENT, State.STALE)

    @property
    def aged(self) -> bool:
        """True if clients must come back soon."""
        return self in (State.STALE, State.LOST)


class Zone:
    """The names of a zone; `put` and `state` are how its instance keeps it up to date."""

    __slots__ = ("_fixed", "_nodata", "_nxdomain", "_serial", "full", "origin", "settings", "state")

    def __init__(self, text: str, settings: Settings) -> None:
        self.origin = names.from_text(text).lower()
        self.settings = settings
        self.state = State.WAITING
        self.full = Table()
        self.put(Table(), int(time.time()))

    def put(self, table: Table, serial: int) -> None:
        """Answer from this table from now on; `serial` is the SOA's, Unix seconds."""
        denial = self._soa(self.origin, serial)
        self._serial = serial
        self._fixed = fixed(self.origin, self.settings.ttl, denial)
        self.full = table
        self.full.update(self._fixed)
        self._nodata = Response(authority=[denial])
        self._nxdomain = Response(wire.NXDOMAIN, authority=[denial])

    def answer(self, request: Request) -> Response | None:
        """The answer to a question in this zone; None if the name is known not to exist."""
        state, qname = self.state, request.qname
        table = self.full if state.known else self._fixed
        found = table.get(qname)
        if found is None:
            if not state.known:
                return self._failure(request)
            qname = _underscored(request.qname)
            found = table.get(qname)
            if found is None:
                return None
        if isinstance(found, bytes):
            found = self._rendered(found, qname)
        response = found.get(request.qtype)
        if response is None:
            return self.denial(request)
        owner = request.owner
        if response is OWN:
            response = self._own(request)
        elif response.answer[0].owner != owner:
            response = response.replace(answer=_under(owner, response.answer))
            if request.qtype == wire.SOA:
                response = response.replace(answer=[self._soa(owner).with_ttl(self.settings.ttl)])
        return response if state is State.CURRENT else self._aged(request, response)

    def _rendered(self, packed: bytes, qname: bytes) -> Answers:
        """The answers of a service that nobody has asked for yet."""
        render(self.full, self.origin, packed, self.settings)
        found = self.full[qname]
        assert not isinstance(found, bytes)
        return found

    def denial(self, request: Request, rcode: int = wire.NOERROR) -> Response:
        """NODATA, or with NXDOMAIN that there is no such name."""
        response = self._nxdomain if rcode else self._nodata
        suffix = request.owner[-len(self.origin) :]
        if suffix != self.origin:
            # CoreDNS's SOA has the client's spelling of the zone.
            response = response.replace(authority=[self._soa(suffix)])
        return response if self.state is State.CURRENT else self._aged(request, response)

    def _soa(self, zone: bytes, serial: int | None = None) -> Record:
        return soa(zone, self.settings.negttl, self._serial if serial is None else serial)

    def _own(self, request: Request) -> Response:
        """NS at the apex, and the addresses of the name server it names."""
        ttl, owner = self.settings.ttl, request.owner
        fresh = time.monotonic() + _ADDRESSES_FRESH
        addresses = own.addresses(request.listener.local[0])
        if request.qtype != wire.NS:
            records = _own_records(owner, ttl, addresses)
            answer = [record for record in records if record.rdtype == request.qtype]
            return Response(answer=answer, fresh_until=fresh) if answer else self.denial(request)
        server = b"\2ns\3dns" + owner
        answer = [Record.make(owner, wire.NS, ttl, server)]
        glue = _own_records(server, ttl, addresses)
        return Response(answer=answer, additional=glue, fresh_until=fresh)

    def _failure(self, request: Request) -> Response:
        reason, code = self.state.value
        response = Response.failure(wire.SERVFAIL, f"plugin/k8s_cross: {reason}")
        return _with_ede(request, response, code)

    def _aged(self, request: Request, response: Response) -> Response:
        if not self.state.aged:
            return response
        response = response.replace(
            answer=_capped(response.answer),
            authority=_capped(response.authority),
            additional=_capped(response.additional),
        )
        return _with_ede(request, response, State.STALE.value[1])


def _with_ede(request: Request, response: Response, code: int) -> Response:
    """Say why (RFC 8914), to clients that speak EDNS and expect no option of theirs back."""
    if not request.opt or not request.plain:
        return response
    return response.replace(edns=Edns().with_option(_EDE, code.to_bytes(2, "big")))


def _under(owner: bytes, records: Sequence[Record]) -> list[Record]:
    return [record.with_owner(owner) for record in records]


def _capped(records: Sequence[Record]) -> list[Record]:
    return [record if record.ttl <= STALE_TTL else record.with_ttl(STALE_TTL) for record in records]


def _own_records(owner: bytes, ttl: int, addresses: list[bytes]) -> list[Record]:
    return [
        Record.make(owner, wire.A if len(address) == 4 else wire.AAAA, ttl, address)
        for address in addresses
    ]


def _underscored(name: bytes) -> bytes:
    """`http._tcp` and `_http.tcp` as `_http._tcp`; what is no such pair comes back as it is."""
    size = name[0]
    port, rest = name[1 : size + 1], name[size + 1 :]
    if not rest or not rest[0]:
        return name
    protocol, tail = rest[1 : rest[0] + 1], rest[rest[0] + 1 :]
    if port[:1] != b"_" and protocol[:1] != b"_":
        return name
    port, protocol = b"_" + port.removeprefix(b"_"), b"_" + protocol.removeprefix(b"_")
    return b"%c%b%c%b%b" % (len(port), port, len(protocol), protocol, tail)
