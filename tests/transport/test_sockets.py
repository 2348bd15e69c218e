"""Listening sockets, which outlive instances."""

from __future__ import annotations

import errno
import socket

import pytest

from corepy.testing import free_port
from corepy.transport.sockets import Endpoint, ListenError, Sockets


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_a_socket_is_opened_once_and_kept(kind: str) -> None:
    sockets = Sockets()
    endpoint = Endpoint(kind, "127.0.0.1", 0)
    (sock,) = sockets.take(endpoint)
    assert sockets.take(endpoint) == [sock]
    assert sockets.endpoints() == {endpoint}
    sockets.keep([endpoint])
    assert sock.fileno() >= 0
    sockets.keep(())
    assert sock.fileno() == -1
    assert sockets.endpoints() == set()


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::"])
@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_all_addresses_are_those_of_both_families(kind: str, host: str) -> None:
    sockets = Sockets()
    try:
        four, six, *own = sockets.take(Endpoint(kind, host, free_port()))
        assert four.getsockname()[0] == "0.0.0.0"
        assert six.getsockname()[0] == "::"
        assert four.getsockname()[1] == six.getsockname()[1]
        # Single addresses may have sockets of their own beside them.
        assert all(sock.getsockname()[1] == four.getsockname()[1] for sock in own)
    finally:
        sockets.keep(())


def test_another_process_may_share_a_port_as_with_coredns() -> None:
    one, two = Sockets(), Sockets()
    port = free_port()
    try:
        for kind in ("udp", "tcp"):
            one.take(Endpoint(kind, "127.0.0.1", port))
            two.take(Endpoint(kind, "127.0.0.1", port))
    finally:
        one.keep(())
        two.keep(())


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (
            Endpoint("udp", "192.0.2.1", 53),
            "udp 192.0.2.1:53: bind: cannot assign requested address",
        ),
        (
            Endpoint("tcp", "2001:db8::1", 53),
            "tcp [2001:db8::1]:53: bind: cannot assign requested address",
        ),
        (Endpoint("tcp", "127.0.0.1", 70000), "tcp 127.0.0.1:70000: bind: invalid argument"),
    ],
)
def test_an_address_that_cannot_be_had(endpoint: Endpoint, message: str) -> None:
    sockets = Sockets()
    with pytest.raises(ListenError) as caught:
        sockets.take(endpoint)
    assert str(caught.value) == f"listen {message}"
    assert sockets.endpoints() == set()


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_a_port_that_is_taken_by_somebody_who_does_not_share(kind: str) -> None:
    with socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == "tcp":
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match="address already in use"):
            Sockets().take(Endpoint(kind, "127.0.0.1", port))


def test_a_host_without_ipv6_listens_on_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    from corepy.transport import sockets as module

    def none(kind: str, host: str, port: int, family: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no")
        return real(kind, host, port, family)

    real = module._open_one
    monkeypatch.setattr(module, "_open_one", none)
    sockets = Sockets()
    try:
        assert [sock.family for sock in sockets.take(Endpoint("tcp", "", 0))] == [socket.AF_INET]
    finally:
        sockets.keep(())
