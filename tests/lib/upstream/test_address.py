import socket

import pytest

from corepy.errors import UpstreamError
from corepy.lib.upstream.address import is_ip, parse, split_host_port


@pytest.mark.parametrize(
    ("text", "host", "port", "label"),
    [
        ("192.0.2.1", "192.0.2.1", 53, "192.0.2.1:53"),
        ("192.0.2.1:5353", "192.0.2.1", 5353, "192.0.2.1:5353"),
        ("::1", "::1", 53, "[::1]:53"),
        ("[::1]", "::1", 53, "[::1]:53"),
        ("[::1]:5353", "::1", 5353, "[::1]:5353"),
        ("fe80::1%lo", "fe80::1%lo", 53, "[fe80::1]:53"),
        ("[fe80::1%lo]:99", "fe80::1%lo", 99, "[fe80::1]:99"),
        ("192.0.2.1:99999", "192.0.2.1", -1, "192.0.2.1:99999"),
        ("192.0.2.1:0", "192.0.2.1", -1, "192.0.2.1:0"),
        ("192.0.2.1:", "192.0.2.1", -1, "192.0.2.1:"),
        ("192.0.2.1:domain", "192.0.2.1", 53, "192.0.2.1:domain"),
        ("192.0.2.1:nosuchservice", "192.0.2.1", -1, "192.0.2.1:nosuchservice"),
    ],
)
def test_parse(text: str, host: str, port: int, label: str) -> None:
    assert parse(text) == (host, port, label)


@pytest.mark.parametrize(
    "text", ["", "dns.example", "192.0.2", "192.0.2.256", "a:53", "192.0.02.1"]
)
def test_what_is_no_address(text: str) -> None:
    assert parse(text) is None


def test_the_default_port_can_be_another() -> None:
    found = parse("192.0.2.1", 853)
    assert found is not None
    assert found.label == "192.0.2.1:853"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a:1", ("a", "1")),
        ("[::1]:2", ("::1", "2")),
        ("[::1]", None),
        ("::1", None),
        ("a", None),
        ("[::1]:2:3", None),
        ("a:", ("a", "")),
    ],
)
def test_split_host_port(text: str, parts: tuple[str, str] | None) -> None:
    assert split_host_port(text) == parts


def test_is_ip_takes_a_scope() -> None:
    assert is_ip("fe80::1%eth0")
    assert not is_ip("eth0%fe80")


def test_sockaddr() -> None:
    v4, v6 = parse("192.0.2.1:5353"), parse("[fe80::1%lo]:53")
    assert v4 is not None
    assert v6 is not None
    assert (v4.family, v4.sockaddr()) == (socket.AF_INET, ("192.0.2.1", 5353))
    lo = socket.if_nametoindex("lo")
    assert (v6.family, v6.sockaddr()) == (socket.AF_INET6, ("fe80::1", 53, 0, lo))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("192.0.2.1:99999", "address 99999: invalid port"),
        ("fe80::1%nosuch0", "no such network interface: nosuch0"),
    ],
)
def test_an_address_that_cannot_be_used_says_why(text: str, message: str) -> None:
    found = parse(text)
    assert found is not None
    with pytest.raises(UpstreamError, match=message):
        found.sockaddr()
