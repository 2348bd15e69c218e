"""The handler: loopback addresses and empty zones (RFC 6303, RFC 6761 section 6.3)."""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from corepy import Next, Plugin, Record, Request, Response, Zones, names, wire
from corepy.ends import peer_of
from corepy.lib.mnemonics import type_text
from corepy.metrics import Series

TTL: Final = 604800
"""Seconds: a week."""

_LOCALHOST: Final = names.from_text("localhost.")
_LABEL: Final = _LOCALHOST[:-1]
_LOOPBACK: Final = names.from_text("1.0.0.127.in-addr.arpa.")
_ZONES: Final = Zones(["localhost.", "0.in-addr.arpa.", "127.in-addr.arpa.", "255.in-addr.arpa."])


def _tail(rdtype: int, rdata: bytes) -> bytes:
    return Record.make(b"", rdtype, TTL, rdata).tail


# Serial 1, no times but the one for denials.
_TIMES: Final = b"".join(number.to_bytes(4, "big") for number in (1, 0, 0, 0, TTL))
_SOA: Final = _tail(wire.SOA, _LOCALHOST + names.from_text("root.localhost.") + _TIMES)
_NS: Final = _tail(wire.NS, _LOCALHOST)
_PTR: Final = _tail(wire.PTR, _LOCALHOST)
_ADDRESSES: Final = {
    wire.A: _tail(wire.A, b"\x7f\0\0\1"),
    wire.AAAA: _tail(wire.AAAA, bytes(15) + b"\1"),
}
_APEX: Final = {wire.SOA: _SOA, wire.NS: _NS}


class Local(Plugin):
    """Answers for four zones, for all names below localhost, and with `prefix` for those that
    begin with it: search domains make `localhost` into such.
    """

    repeatable = True
    eager = True

    def __init__(self, count: Series, log: logging.Logger, *, prefix: bool = True) -> None:
        self._count = count
        self._log = log
        self._prefix = prefix

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Answer what is local, pass on the rest."""
        name = request.qname
        if name != _LOCALHOST and (
            names.below(name, _LOCALHOST) or (self._prefix and name.startswith(_LABEL))
        ):
            return self._localhost(request)
        zone = _ZONES.match(name)
        if zone is None:
            return await next(request)
        owner, size = request.owner, len(names.from_text(zone))
        if len(name) == size:
            return _apex(request.qtype, owner, name)
        if name != _LOOPBACK:
            return _denial(owner[-size:], wire.NXDOMAIN)
        if request.qtype == wire.PTR:
            return Response(0, (Record(owner, _PTR),), flags=0)
        return _denial(owner[-size:])

    def _localhost(self, request: Request) -> Response:
        """A name that is localhost under another name; counted, also when it is repeated."""
        self._count.value += 1
        if self._log.isEnabledFor(logging.DEBUG):
            self._report(request)
        else:
            request.on_repeat(self._again)
        tail = _ADDRESSES.get(request.qtype)
        if tail is None:
            return _denial(request.owner)
        return Response(0, (Record(request.owner, tail),), flags=0)

    def _again(self, query: bytes, peer: Any, started: float) -> None:  # noqa: ARG002
        self._count.value += 1

    def _report(self, request: Request) -> None:
        request.never_repeat()
        self._log.debug(
            "Intercepting localhost query for %s %s, from %s",
            json.dumps(request.qname_text),
            type_text(request.qtype),
            peer_of(request.peer).host,
        )


def _apex(qtype: int, owner: bytes, name: bytes) -> Response:
    tail = _APEX.get(qtype)
    if tail is None and name == _LOCALHOST:
        tail = _ADDRESSES.get(qtype)
    return _denial(owner) if tail is None else Response(0, (Record(owner, tail),), flags=0)


def _denial(zone: bytes, rcode: int = wire.NOERROR) -> Response:
    return Response(rcode, (), (Record(zone, _SOA),), flags=0)
