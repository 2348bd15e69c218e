"""The listening sockets of the process, which outlive the instances that read from them.

A reload hands a socket on to the next instance, so no query that waits in its queue is lost. All
sockets have SO_REUSEPORT set, as CoreDNS's have.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from itertools import chain
from typing import NamedTuple

from corepy.corefile.token import Span
from corepy.errors import CorepyError
from corepy.lib.interfaces import read_interfaces
from corepy.transport.udp import address, open_udp

_BACKLOG = 1024
_HINTS = {
    errno.EADDRINUSE: "another program listens there; `ss -lntup` shows which",
    errno.EACCES: "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE",
    errno.EADDRNOTAVAIL: "no interface has this address",
}
_MOST_NEAR = 16


class Endpoint(NamedTuple):
    """One address to listen on: `udp` or `tcp`, an address (empty: all of them) and a port."""

    kind: str
    host: str
    port: int

    @property
    def everywhere(self) -> bool:
        """True if it is on all addresses."""
        return self.host in ("", "0.0.0.0", "::")


def near(endpoint: Endpoint, others: Iterable[Endpoint]) -> list[Endpoint]:
    """For UDP on all addresses: the endpoints of the machine's own addresses.

    The kernel prefers a socket that is bound to the address a query is sent to, and such a socket
    costs less per query than one on all addresses (see `corepy.transport.udp`). Addresses that
    `others` listen on are not among them: those queries are theirs.
    """
    if endpoint.kind != "udp" or not endpoint.everywhere or not endpoint.port:
        return []
    taken = {_plain(other.host) for other in others if other.port == endpoint.port}
    with suppress(OSError):
        hosts = chain.from_iterable(read_interfaces().values())
        free = [host for host in hosts if _plain(host) not in taken]
        return [Endpoint("udp", host, endpoint.port) for host in free[:_MOST_NEAR]]
    return []


def _plain(host: str) -> str:
    """One spelling for each address."""
    return str(ip_address(host)) if host else host


class ListenError(CorepyError):
    """An address cannot be had; the text is Go's, which operators search for.

    `span` is the place in the Corefile that asks for it, once somebody knows; `hint` what may help.
    """

    def __init__(self, endpoint: Endpoint, error: OSError) -> None:
        self.span: Span | None = None
        self.hint = _HINTS.get(error.errno or 0)
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        reason = (os.strerror(error.errno) if error.errno else str(error)).lower()
        super().__init__(f"listen {endpoint.kind} {host}:{endpoint.port}: bind: {reason}")


class Sockets:
    """Open sockets by endpoint: one per address family for an endpoint on all addresses."""

    def __init__(self) -> None:
        self._open: dict[Endpoint, list[socket.socket]] = {}

    def take(self, endpoint: Endpoint) -> list[socket.socket]:
        """The sockets of an endpoint, opened if they are not yet; raises `ListenError`."""
        found = self._open.get(endpoint)
        if found is None:
            try:
                found = _open(endpoint)
            except OSError as error:
                raise ListenError(endpoint, error) from None
            self._open[endpoint] = found
        return found

    def keep(self, endpoints: Iterable[Endpoint]) -> None:
        """Close all sockets but those of `endpoints`."""
        wanted = set(endpoints)
        for endpoint in [e for e in self._open if e not in wanted]:
            for sock in self._open.pop(endpoint):
                sock.close()

    def endpoints(self) -> set[Endpoint]:
        """What is open."""
        return set(self._open)


def _open(endpoint: Endpoint) -> list[socket.socket]:
    host, port = endpoint.host, endpoint.port
    if not 0 <= port <= 65535:
        raise OSError(errno.EINVAL, "invalid port")
    if endpoint.everywhere:
        # Go listens on both families, whichever way "all addresses" is written.
        sockets = [_open_one(endpoint.kind, "0.0.0.0", port, socket.AF_INET)]
        port = sockets[0].getsockname()[1]
        try:
            sockets.append(_open_one(endpoint.kind, "::", port, socket.AF_INET6))
        except OSError as error:
            if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                sockets[0].close()
                raise
        return sockets
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return [_open_one(endpoint.kind, host, port, family)]


def _open_one(kind: str, host: str, port: int, family: int) -> socket.socket:
    if kind == "udp":
        return open_udp(host, port, family)
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address(host, port))
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock
