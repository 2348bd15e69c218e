"""TCP addresses as Go's programs take them (`:8080`, `localhost:9153`), and their sockets.

A socket belongs to the process, not to an instance: a reload that names the same address goes on
with the same socket, so no connection that waits in its queue is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from corepy.corefile.faults import BareError
from corepy.corefile.line import Directive
from corepy.errors import CorepyError
from corepy.lib import services
from corepy.lib.strict import exactly

_BACKLOG: Final = 1024
_WILDCARDS: Final = ("", "0.0.0.0", "::")


def split(address: str) -> tuple[str, str]:
    """Host and port, each perhaps empty. Raises ValueError in the words of Go's SplitHostPort."""
    host, colon, port = address.rpartition(":")
    if address.startswith("["):
        literal, bracket, rest = address[1:].partition("]")
        if not bracket:
            raise _fault(address, "missing ']' in address")
        if not rest.startswith(":"):
            raise _fault(address, "missing port in address")
        host, port = literal, rest[1:]
        if ":" in port:
            raise _fault(address, "too many colons in address")
    elif not colon:
        raise _fault(address, "missing port in address")
    elif ":" in host:
        raise _fault(address, "too many colons in address")
    for bracket in "[]":
        if bracket in host + port:
            raise _fault(address, f"unexpected '{bracket}' in address")
    return host, port


def _fault(address: str, fault: str) -> ValueError:
    return ValueError(f"address {address}: {fault}" if address else fault)


def port_number(text: str) -> int:
    """The port as a number, of a service's name too; empty means any free one, 0.

    Raises ValueError in Go's words.
    """
    digits = text.removeprefix("-").removeprefix("+")
    if not digits:
        return 0
    if digits.isascii() and digits.isdigit():
        if not 0 <= int(text) <= 0xFFFF:
            raise ValueError(f"address {text}: invalid port")
        return int(text)
    port = services.port(text, "tcp")
    if port is None:
        raise ValueError(f"lookup tcp/{text}: unknown port")
    return port


@asynccontextmanager
async def listening(address: str) -> AsyncIterator[socket.socket]:
    """A listening socket, opened by its first user and closed by the last.

    Raises `CorepyError` with Go's text. The socket has SO_REUSEPORT set, so a second process may
    share the address, as with CoreDNS.
    """
    shared = _open.get(address)
    if shared is None:
        sock = await _bind(address)
        shared = _open.setdefault(address, _Shared(sock))
        if shared.sock is not sock:  # another task was quicker while a host name was looked up
            sock.close()
    shared.users += 1
    try:
        yield shared.sock
    finally:
        shared.users -= 1
        if not shared.users:
            del _open[address]
            shared.sock.close()


class _Shared:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.users = 0


_open: Final[dict[str, _Shared]] = {}


async def _bind(address: str) -> socket.socket:
    try:
        host, service = split(address)
        port = port_number(service)
    except ValueError as fault:
        raise CorepyError(f"listen tcp: {fault}") from None
    if host in _WILDCARDS:
        return _listen(_wildcard(), ("", port), shown=host)
    family, where = await _resolve(host, port)
    return _listen(family, where, shown=where[0])


async def _resolve(host: str, port: int) -> tuple[int, tuple[Any, ...]]:
    """The socket address of a host, IPv4 before IPv6 where a name has both, as Go has it."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CorepyError(f"listen tcp: lookup {host}: no such host") from None
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    return found[0][0], found[0][4]


def _wildcard() -> int:
    """IPv6, which takes IPv4 too, where the system has it."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM):
        return socket.AF_INET6
    return socket.AF_INET


def _listen(family: int, where: tuple[Any, ...], shown: str) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, where[0] != "")
        sock.bind(where)
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        shown = f"[{shown}]" if ":" in shown else shown
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise CorepyError(f"listen tcp {shown}:{where[1]}: bind: {reason}") from None
    return sock


def argument(directive: Directive, default: str) -> str:
    """The address that is the only argument of a directive; raises `ConfigError`."""
    args = exactly(directive, 0, 1)
    if not args:
        return default
    try:
        split(args[0].text)
    except ValueError as fault:
        hint = f"write :{args[0].text} for a port" if args[0].text.isdigit() else None
        raise BareError(str(fault), args[0].span, hint) from None
    return args[0].text
