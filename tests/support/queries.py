"""Queries as octets, and the smallest surroundings a `Request` can stand in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from corepy import names, wire
from corepy.request import Request
from corepy.response import Response

PEER = ("192.0.2.7", 40000)


@dataclass
class FakeListener:
    """A listener that leads nowhere."""

    proto: str = "udp"
    address: str = "dns://:53"
    local: tuple[str, int] = ("127.0.0.1", 53)
    asked: list[Request] = field(default_factory=list)

    async def resolve(self, request: Request) -> Response:
        self.asked.append(request)
        return Response.failure(wire.REFUSED)


def query(
    name: str = "a.test.",
    qtype: int = wire.TXT,
    *,
    qclass: int = wire.IN,
    flags: int = wire.RD,
    ident: int = 0x1234,
    edns: int | None = None,
    do: bool = False,
    version: int = 0,
    options: bytes = b"",
) -> bytes:
    """A query; `edns` is the UDP size of its OPT record, none without it."""
    return b"".join(
        [
            ident.to_bytes(2, "big"),
            flags.to_bytes(2, "big"),
            b"\0\1\0\0\0\0\0",
            b"\0" if edns is None else b"\1",
            names.from_text(name),
            qtype.to_bytes(2, "big"),
            qclass.to_bytes(2, "big"),
            b"" if edns is None else opt(edns, do=do, version=version, options=options),
        ]
    )


def opt(size: int, *, do: bool = False, version: int = 0, options: bytes = b"") -> bytes:
    """An OPT record."""
    return b"\0\0\x29%b\0%c%b\0%b%b" % (
        size.to_bytes(2, "big"),
        version,
        b"\x80" if do else b"\0",
        len(options).to_bytes(2, "big"),
        options,
    )


def option(code: int, data: bytes = b"") -> bytes:
    """One EDNS option."""
    return code.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data


def request_of(
    octets: bytes | None = None, *, proto: str = "udp", peer: Any = PEER, **parts: Any
) -> Request:
    """An admitted request of these octets, or of a `query` with these parts."""
    shape = wire.admit(query(**parts) if octets is None else octets)
    assert isinstance(shape, tuple)
    return Request(*shape, peer, FakeListener(proto))


def unhex(text: str) -> bytes:
    """Octets written in hex with spaces, as the conformance cases write them."""
    return bytes.fromhex(text.replace(" ", ""))
