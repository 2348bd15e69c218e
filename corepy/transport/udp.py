"""DNS over UDP (RFC 1035 section 4.2.1): datagrams in batches, no task and no event per query.

A wildcard socket must answer from the address that was asked, which costs a `recvmsg` and a
`sendmsg` with packet information (RFC 3542, `IP_PKTINFO`), together about a microsecond; a socket
bound to one address does without.
"""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import struct
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from corepy.outbox import outbox, send_all
from corepy.server import Listener

_log = logging.getLogger("corepy")

RECEIVE: Final = 512
"""Octets read of a query. Longer ones are cut, and so answered FORMERR, as in CoreDNS."""

BATCH: Final = 64
"""Datagrams answered before the event loop may look at other sockets."""

_BUFFER: Final = 4 << 20
_LAST_BATCHES: Final = 64
_ANCILLARY: Final = socket.CMSG_SPACE(32)
# Python has no name for these before 3.14.
_IP_PKTINFO: Final = getattr(socket, "IP_PKTINFO", 8)


class UdpTransport:
    """Reads queries from one UDP socket and writes the replies; the socket stays the caller's."""

    def __init__(self, sock: socket.socket, listener: Listener) -> None:
        self._sock = sock
        self._listener = listener
        self._from: dict[bytes, list[tuple[int, int, bytes]]] = {}
        self._read = self._read_wildcard if packet_info(sock) else self._read_bound
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to read; must be called in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sock.fileno(), self._read)

    def stop(self) -> None:
        """Read no more; replies that are still under way go out."""
        if self._loop is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._loop = None

    def drain(self) -> None:
        """Answer what waits in the socket's queue, before it is closed for good."""
        if self._loop is None:
            return
        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLIN)
        for _ in range(_LAST_BATCHES):
            if not poll.poll(0):
                return
            self._read()

    def _read_bound(self) -> None:
        handle, memo, send = self._listener.handle, self._listener.memo, self._send
        replies: list[tuple[Any, ...]] = []
        now = monotonic()
        outbox.collect()
        try:
            for query, peer in self._received(self._sock.recvfrom, RECEIVE):
                if memo.young:  # it is empty where nothing may ever be repeated
                    key = query[2:]
                    entry = memo.young.get(key) or (memo.recall(key, now) if memo.old else None)
                    if entry is not None and entry[1] <= now:
                        entry = memo.variant(key, entry, peer[0], now)
                    if entry is not None:
                        for repeat in entry[2]:
                            repeat(query, peer, now)
                        replies.append((query[:2] + entry[0], peer))
                        continue
                reply = handle(query, peer, send)
                if reply:
                    replies.append((reply, peer))
        finally:
            outbox.flush()
            send_all(self._sock.sendto, replies, self._failed)

    def _read_wildcard(self) -> None:
        replies: list[tuple[Any, ...]] = []
        known = self._from
        handle, memo, send = self._listener.handle, self._listener.memo, self._send_from
        now = monotonic()
        outbox.collect()
        try:
            received = self._received(self._sock.recvmsg, RECEIVE, _ANCILLARY)
            for query, ancillary, _flags, peer in received:
                source = known.get(ancillary[0][2]) if ancillary else []
                if source is None:
                    source = self._source(*ancillary[0])
                key = query[2:]
                entry = memo.young.get(key) or (memo.recall(key, now) if memo.old else None)
                if entry is not None and entry[1] <= now:
                    entry = memo.variant(key, entry, peer[0], now)
                if entry is not None:
                    for repeat in entry[2]:
                        repeat(query, peer, now)
                    replies.append(((query[:2], entry[0]), source, 0, peer))
                    continue
                reply = handle(query, peer, send, source)
                if reply:
                    replies.append(((reply,), source, 0, peer))
        finally:
            outbox.flush()
            send_all(self._sock.sendmsg, replies, self._failed)

    def _received(self, receive: Callable[..., Any], *sizes: int) -> list[Any]:
        """A batch of what waits in the socket's queue."""
        received: list[Any] = []
        try:
            for _ in range(BATCH):
                received.append(receive(*sizes))  # noqa: PERF401 - what came first is kept
        except BlockingIOError:
            pass
        except OSError as error:
            self._failed(error)
        return received

    def _send(self, reply: bytes, peer: Any, via: Any) -> None:  # noqa: ARG002
        if reply:
            outbox.post((self._sock.sendto, (reply, peer), self._failed))

    def _send_from(self, reply: bytes, peer: Any, source: Any) -> None:
        if reply:
            outbox.post((self._sock.sendmsg, ((reply,), source, 0, peer), self._failed))

    def _source(self, level: int, kind: int, info: bytes) -> list[tuple[int, int, bytes]]:
        """What makes a reply leave from the address that the query was sent to."""
        if level == socket.IPPROTO_IP:
            source = struct.pack("=I4s4s", 0, info[8:12], bytes(4))
        else:
            # A link-local address is only good on the interface it belongs to.
            local = info[:2] == b"\xfe\x80"
            source = info[:16] + (info[16:20] if local else bytes(4))
        if len(self._from) > 1024:
            self._from.clear()
        found = self._from[info] = [(level, kind, source)]
        return found

    def _failed(self, error: OSError) -> None:
        # A client that vanished, a full buffer, a reply too long for the path: its loss alone.
        _log.debug("udp: %s", error)


def packet_info(sock: socket.socket) -> bool:
    """True if the socket is bound to all addresses and reports which one was asked."""
    if sock.getsockname()[0] not in ("0.0.0.0", "::"):
        return False
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    return True


def open_udp(host: str, port: int, family: int) -> socket.socket:
    """A bound UDP socket with a large receive buffer; `OSError` if the address cannot be had."""
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address(host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def address(host: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """A socket address; a scope after `%` becomes its interface's number."""
    name, percent, scope = host.partition("%")
    if percent:
        return (name, port, 0, socket.if_nametoindex(scope))
    return (host, port)
