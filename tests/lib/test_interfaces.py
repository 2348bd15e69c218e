"""The kernel's list, and what its octets mean."""

from __future__ import annotations

import socket
import struct
from typing import Any, Self

import pytest

from corepy.lib.interfaces import read_interfaces


def test_the_loopback_of_this_machine() -> None:
    """Every interface is named, with addresses or without."""
    found = read_interfaces()
    assert set(found) == {name for _, name in socket.if_nameindex()}
    assert "127.0.0.1" in found["lo"]


def message(kind: int, body: bytes) -> bytes:
    """One netlink message, padded."""
    octets = struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body
    return octets + bytes(-len(octets) % 4)


def address(family: int, index: int, *attributes: tuple[int, bytes]) -> bytes:
    """An RTM_NEWADDR message."""
    body = struct.pack("=BBBBI", family, 24, 0, 0, index)
    for kind, value in attributes:
        body += struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return message(20, body)


DONE = message(3, bytes(4))
V4, OTHER = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 9))
LOCAL = b"\xfe\x80" + bytes(13) + b"\1"


@pytest.mark.parametrize(
    ("replies", "found"),
    [
        ([DONE], []),
        ([address(socket.AF_INET, 7, (1, V4)) + DONE], ["192.0.2.1"]),
        # Point to point: the other end, then ours.
        ([address(socket.AF_INET, 7, (1, OTHER), (2, V4), (3, b"x0\0")) + DONE], ["192.0.2.1"]),
        ([address(socket.AF_INET6, 7, (1, LOCAL)) + DONE], ["fe80::1%x0"]),
        ([address(socket.AF_INET6, 7, (1, bytes(15) + b"\1")) + DONE], ["::1"]),
        ([address(socket.AF_INET, 8, (1, V4)) + DONE], []),
        ([address(17, 7, (1, V4)), address(socket.AF_INET, 7), DONE], []),
        ([address(socket.AF_INET, 7, (1, V4)), address(socket.AF_INET, 7, (1, OTHER)) + DONE],
         ["192.0.2.1", "192.0.2.9"]),
        ([bytes(16) + DONE, DONE], []),
    ],
)  # fmt: skip
def test_replies(monkeypatch: pytest.MonkeyPatch, replies: list[bytes], found: list[str]) -> None:
    """Of an interface x0 with number 7."""

    class Kernel:
        def __init__(self, *_: object) -> None:
            self.left = list(replies)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            assert not self.left

        def settimeout(self, seconds: float) -> None:
            assert seconds > 0

        def send(self, octets: bytes) -> None:
            assert struct.unpack_from("=I", octets)[0] == len(octets)

        def recv(self, _: int) -> bytes:
            return self.left.pop(0)

    monkeypatch.setattr(socket, "socket", Kernel)
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(7, "x0")])
    assert read_interfaces() == {"x0": found}


def test_a_refusal_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the kernel's own number."""

    class Refusing(socket.socket):
        def recv(self, *_: Any) -> bytes:
            return message(2, struct.pack("=i", -1))

    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(PermissionError):
        read_interfaces()
