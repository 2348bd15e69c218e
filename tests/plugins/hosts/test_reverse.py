"""Reverse names and the addresses they stand for."""

from __future__ import annotations

import ipaddress

import pytest

from corepy_plugins.hosts.reverse import address_of

V6 = ipaddress.ip_address("2001:db8::a")
V6_NAME = V6.reverse_pointer.encode()


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (b"1.2.0.192.in-addr.arpa", "192.0.2.1"),
        (V6_NAME, str(V6)),
        (b"x." + V6_NAME, str(V6)),
        (ipaddress.ip_address("::ffff:192.0.2.1").reverse_pointer.encode(), "192.0.2.1"),
        (b"2.0.192.in-addr.arpa", None),
        (b"0.1.2.0.192.in-addr.arpa", None),
        (b"01.2.0.192.in-addr.arpa", None),
        (b"x.2.0.192.in-addr.arpa", None),
        (b"in-addr.arpa", None),
        (b"ip6.arpa", None),
        (V6_NAME[2:], None),
        (b"a.b.c.d." + V6_NAME, None),
        (b"g" + V6_NAME[1:], None),
        (b"1.2.0.192.in-addr.arpa.test", None),
        (b"%x.2.0.192.in-addr.arpa", None),
        (b"", None),
    ],
)
def test_addresses(name: bytes, address: str | None) -> None:
    """Four octets or thirty-two digits, in reverse."""
    expected = None if address is None else ipaddress.ip_address(address).packed
    assert address_of(name) == expected
