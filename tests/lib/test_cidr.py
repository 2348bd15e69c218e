"""Addresses and networks as Go reads them."""

from __future__ import annotations

import pytest

from corepy.lib import cidr


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.01", "None"),
        ("192.0.2", "None"),
        ("fe80::1%eth0", "None"),
        ("", "None"),
    ],
)
def test_address(text: str, wanted: str) -> None:
    assert str(cidr.address(text)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.1.2.3/08", "10.0.0.0/8"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("10.1.2.3", "None"),
        ("10.1.2.3/", "None"),
        ("10.1.2.3/33", "None"),
        ("10.1.2.3/-1", "None"),
        ("10.1.2.3/255.0.0.0", "None"),
        ("fe80::%eth0/64", "None"),
        ("10.1/8", "None"),
    ],
)
def test_network(text: str, wanted: str) -> None:
    assert str(cidr.network(text)) == wanted


@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("10.0.0.0/8", "10.1.1.1", True),
        ("::/0", "10.1.1.1", False),
        ("::ffff:10.0.0.0/104", "10.1.1.1", True),
        ("::ffff:10.0.0.0/90", "10.1.1.1", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("0.0.0.0/0", "2001:db8::1", False),
    ],
)
def test_contains(network: str, address: str, inside: bool) -> None:
    block, found = cidr.network(network), cidr.address(address)
    assert block
    assert found
    assert cidr.contains(block, found) is inside
