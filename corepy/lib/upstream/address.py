"""Addresses of servers as Corefiles write them: `IP`, `IP:PORT`, `[IPv6%SCOPE]:PORT`."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, NamedTuple

from corepy.errors import UpstreamError
from corepy.lib import services

DNS_PORT = 53


class Address(NamedTuple):
    """Where a server is.

    `label` is what metrics, metadata and errors call it: host and port as they were written,
    without a scope. `port` is -1 for a text that is no port; asking such a server always fails.
    """

    host: str
    port: int
    label: str

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    def sockaddr(self) -> tuple[Any, ...]:
        """What `socket.connect` takes; raises `UpstreamError` if there is no such address."""
        if not 0 <= self.port <= 0xFFFF:
            port = self.label.rpartition(":")[2]
            raise UpstreamError(f"address {port}: invalid port")
        host, percent, scope = self.host.partition("%")
        if not percent:
            return (self.host, self.port)
        try:
            return (host, self.port, 0, socket.if_nametoindex(scope))
        except OSError:
            raise UpstreamError(f"no such network interface: {scope}") from None


def parse(text: str, default_port: int = DNS_PORT) -> Address | None:
    """The address, or None if the host part is not an IP address."""
    parts = split_host_port(text)
    if parts is None:
        host = text.strip("[]")
        return join(host, str(default_port)) if is_ip(host) else None
    return join(*parts) if is_ip(parts[0]) else None


def join(host: str, port: str) -> Address:
    """The address of an IP address, a scope after `%` allowed, and a port."""
    plain = host.partition("%")[0]
    shown = f"[{plain}]" if ":" in plain else plain
    return Address(host, _port(port), f"{shown}:{port}")


def split_host_port(text: str) -> tuple[str, str] | None:
    """Host and port, or None if there is no port; IPv6 addresses with a port need brackets."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        return (host, rest[1:]) if bracket and rest[:1] == ":" and ":" not in rest[1:] else None
    host, colon, port = text.partition(":")
    return (host, port) if colon and ":" not in port else None


def is_ip(host: str) -> bool:
    """Whether this is an IPv4 or IPv6 address; a scope after `%` is allowed."""
    try:
        ipaddress.ip_address(host.rpartition("%")[0] or host)
    except ValueError:
        return False
    return True


def _port(text: str) -> int:
    if text.isascii() and text.isdigit():
        number = int(text) if len(text) <= 6 else -1
        return number if 0 < number <= 0xFFFF else -1
    return services.port(text) or -1
