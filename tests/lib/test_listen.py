"""`corepy.lib.listen`: Go's addresses, and sockets that outlive an instance."""

from __future__ import annotations

import socket

import pytest

from corepy.errors import CorepyError
from corepy.lib.listen import listening, port_number, split


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (":8080", ("", "8080")),
        ("localhost:9153", ("localhost", "9153")),
        ("127.0.0.1:http", ("127.0.0.1", "http")),
        ("[::1]:53", ("::1", "53")),
        ("[fe80::1%eth0]:53", ("fe80::1%eth0", "53")),
        (":", ("", "")),
        ("a:", ("a", "")),
        ("[]:1", ("", "1")),
    ],
)
def test_split(address: str, expected: tuple[str, str]) -> None:
    assert split(address) == expected


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("", "missing port in address"),
        ("localhost", "address localhost: missing port in address"),
        ("8080", "address 8080: missing port in address"),
        ("::1", "address ::1: too many colons in address"),
        ("a:b:c", "address a:b:c: too many colons in address"),
        ("[::1", "address [::1: missing ']' in address"),
        ("[::1]", "address [::1]: missing port in address"),
        ("[::1]x:1", "address [::1]x:1: missing port in address"),
        ("[::1]:1:2", "address [::1]:1:2: too many colons in address"),
        ("a[b:1", "address a[b:1: unexpected '[' in address"),
        ("ab]:1", "address ab]:1: unexpected ']' in address"),
        ("[a]:]", "address [a]:]: unexpected ']' in address"),
    ],
)
def test_split_refuses_in_the_words_of_go(address: str, fault: str) -> None:
    with pytest.raises(ValueError) as caught:
        split(address)
    assert str(caught.value) == fault


@pytest.mark.parametrize(
    ("text", "number"), [("", 0), ("0", 0), ("8080", 8080), ("65535", 65535), ("http", 80)]
)
def test_port_number(text: str, number: int) -> None:
    assert port_number(text) == number


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("65536", "address 65536: invalid port"),
        ("-1", "address -1: invalid port"),
        ("nosuchservice", "lookup tcp/nosuchservice: unknown port"),
        ("٣", "lookup tcp/٣: unknown port"),
    ],
)
def test_port_number_refuses(text: str, fault: str) -> None:
    with pytest.raises(ValueError) as caught:
        port_number(text)
    assert str(caught.value) == fault


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("192.0.2.1:20801", "listen tcp 192.0.2.1:20801: bind: cannot assign requested address"),
        ("[2001:db8::1]:20801", "listen tcp [2001:db8::1]:20801: bind: "),
        ("127.0.0.1:99999", "listen tcp: address 99999: invalid port"),
        ("no such host.invalid:1", "listen tcp: lookup no such host.invalid: no such host"),
        ("x" * 300 + ":1", "no such host"),
        ("nonsense", "listen tcp: address nonsense: missing port in address"),
    ],
)
async def test_an_address_that_cannot_be_had(address: str, fault: str) -> None:
    with pytest.raises(CorepyError) as caught:
        async with listening(address):
            pass
    assert fault in str(caught.value)


async def test_the_port_of_somebody_else() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CorepyError, match=f"127.0.0.1:{port}: bind: address already in use"):
            async with listening(f"127.0.0.1:{port}"):
                pass


async def test_two_users_share_a_socket_and_the_last_closes_it() -> None:
    first, second = listening("127.0.0.1:0"), listening("127.0.0.1:0")
    sock = await first.__aenter__()
    assert await second.__aenter__() is sock
    await first.__aexit__(None, None, None)
    assert sock.fileno() >= 0
    await second.__aexit__(None, None, None)
    assert sock.fileno() == -1
    async with listening("127.0.0.1:0") as fresh:
        assert fresh is not sock


@pytest.mark.parametrize("address", [":0", "0.0.0.0:0", "[::]:0"])
async def test_all_addresses_means_both_families(address: str) -> None:
    async with listening(address) as sock:
        with socket.create_connection(("127.0.0.1", sock.getsockname()[1])) as client:
            assert client.getpeername()[0] == "127.0.0.1"


async def test_a_host_name_is_looked_up_ipv4_first() -> None:
    async with listening("localhost:0") as sock:
        assert sock.getsockname()[0] == "127.0.0.1"


async def test_another_process_may_share_the_address() -> None:
    async with listening("127.0.0.1:0") as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
