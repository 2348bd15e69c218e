"""*whoami* tells clients their own address, port and transport."""

from __future__ import annotations

import socket

from corepy import Controller, Next, Plugin, Record, Request, Response, wire

# Type, class, TTL 0 and the length of the data; SRV goes on with priority and weight 0 (RFC 2782).
_A = b"\0\x01%b\0\0\0\0\0\x04%b"
_AAAA = b"\0\x1c%b\0\0\0\0\0\x10%b"
_SRV = b"\0\x21%b\0\0\0\0\0\x07\0\0\0\0%b\0"
_LABEL = {"udp": b"\x04_udp", "tcp": b"\x04_tcp"}
_MAPPED = b"\0\0\0\0\0\0\0\0\0\0\xff\xff"

_REMEMBERED = 4096


class Whoami(Plugin):
    """Answers every question itself, so it ends a chain; what was asked for does not matter."""

    # Its answers are never repeated: reading the client's address sees to that.
    repeatable = True
    eager = True

    def __init__(self) -> None:
        self._addresses: dict[tuple[str, bytes], bytes] = {}

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002, ARG002
        """An empty answer with the client's address and port as additional records."""
        host, port = request.client
        end = request.end
        owner, rdclass = request.wire[12 : end - 4], request.wire[end - 2 : end]
        tail = self._addresses.get((host, rdclass)) or self._address(host, rdclass)
        address = Record(owner, tail)
        service = _LABEL[request.proto] + owner
        if len(service) > wire.MAX_NAME:
            return Response(0, (), (), (address,))
        tail = _SRV % (rdclass, port.to_bytes(2, "big"))
        return Response(0, (), (), (address, Record(service, tail)))

    def _address(self, host: str, rdclass: bytes) -> bytes:
        """All of an address record but its owner."""
        packed = _packed(host)
        tail = (_A if len(packed) == 4 else _AAAA) % (rdclass, packed)
        if len(self._addresses) >= _REMEMBERED:
            self._addresses.clear()
        self._addresses[host, rdclass] = tail
        return tail


def _packed(host: str) -> bytes:
    """The address in 4 or 16 octets, without its scope; IPv4 in IPv6 form is IPv4."""
    if ":" not in host:
        return socket.inet_pton(socket.AF_INET, host)
    packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return packed[12:] if packed.startswith(_MAPPED) else packed


def setup(c: Controller) -> Whoami:
    """`whoami`, without arguments."""
    c.directives[0].bare()
    return Whoami()
