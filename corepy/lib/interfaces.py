"""The network interfaces of this machine and their addresses, from the kernel (rtnetlink(7))."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final

Interfaces = dict[str, list[str]]
"""Addresses in text form by interface name, in the kernel's order; link-local IPv6 with scope."""

_RTM_GETADDR: Final = 22
_RTM_NEWADDR: Final = 20
_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_REQUEST_DUMP: Final = 0x301  # NLM_F_REQUEST, NLM_F_ROOT and NLM_F_MATCH
_IFA_ADDRESS: Final = 1
_IFA_LOCAL: Final = 2
_HEADER: Final = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ADDRESS: Final = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix, flags, scope, index
_ATTRIBUTE: Final = struct.Struct("=HH")  # rtattr: length, type
_SECONDS: Final = 5.0


def read_interfaces() -> Interfaces:
    """All interfaces, also those without an address. Raises `OSError` if the kernel refuses."""
    names = dict(socket.if_nameindex())
    found: Interfaces = {name: [] for name in names.values()}
    for index, family, packed in _addresses():
        name = names.get(index)
        if name is not None:
            found[name].append(_text(family, packed, name))
    return found


def _text(family: int, packed: bytes, interface: str) -> str:
    text = socket.inet_ntop(family, packed)
    link_local = packed[0] == 0xFE and packed[1] & 0xC0 == 0x80
    return f"{text}%{interface}" if family == socket.AF_INET6 and link_local else text


def _addresses() -> Iterator[tuple[int, int, bytes]]:
    """Interface index, address family and packed address of every address there is."""
    if not hasattr(socket, "AF_NETLINK"):
        raise OSError("interface names need Linux")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.settimeout(_SECONDS)
        size = _HEADER.size + _ADDRESS.size
        sock.send(
            _HEADER.pack(size, _RTM_GETADDR, _REQUEST_DUMP, 1, 0) + _ADDRESS.pack(0, 0, 0, 0, 0)
        )
        while True:
            for kind, body in _messages(sock.recv(1 << 16)):
                if kind == _NLMSG_DONE:
                    return
                if kind == _NLMSG_ERROR:
                    raise OSError(-struct.unpack_from("=i", body)[0], "netlink")
                if kind == _RTM_NEWADDR:
                    yield from _address(body)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        yield kind, data[at + _HEADER.size : at + length]
        at += length + 3 & ~3


def _address(body: bytes) -> Iterator[tuple[int, int, bytes]]:
    family, _, _, _, index = _ADDRESS.unpack_from(body)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    attributes = dict(_attributes(body[_ADDRESS.size :]))
    # On a point-to-point link IFA_ADDRESS is the other end.
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if packed:
        yield index, family, packed


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[at + _ATTRIBUTE.size : at + length]
        at += length + 3 & ~3
