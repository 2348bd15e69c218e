"""Networks whose addresses come first."""

from __future__ import annotations

import ipaddress

import pytest

from corepy.record import Record
from corepy_plugins.loadbalance.prefer import by_network, parse_network

MAPPED = "::ffff:10.0.0.9"
ADDRESSES = ["192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1", "10.0.0.2", MAPPED]


def record(address: str) -> Record:
    packed = ipaddress.ip_address(address).packed
    return Record.make(b"\0", 1 if len(packed) == 4 else 28, 60, packed)


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("10.0.0.0/8", [1, 4, 5, 0, 2, 3]),
        ("10.9.9.9/8", [1, 4, 5, 0, 2, 3]),
        ("10.0.0.2/32 10.0.0.0/8", [4, 1, 5, 0, 2, 3]),
        ("fd00::/8 192.0.2.0/24", [3, 0, 1, 2, 4, 5]),
        ("::/0", [2, 3, 0, 1, 4, 5]),
        ("0.0.0.0/0", [0, 1, 4, 5, 2, 3]),
        ("::ffff:10.0.0.0/104", [1, 4, 5, 0, 2, 3]),
        ("172.16.0.0/12", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_order(networks: str, expected: list[int]) -> None:
    records = [record(address) for address in ADDRESSES]
    found = by_network(records, [parse_network(text) for text in networks.split()])
    assert [records.index(one) for one in found] == expected


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/",
        "/8",
        "10.0.0/8",
        "010.0.0.0/8",
        "fe80::%lo/64",
        "10.0.0.0/-1",
        "host/8",
    ],
)
def test_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=f"^invalid CIDR address: {text}$"):
        parse_network(text)


def test_zeros_before_the_length() -> None:
    assert parse_network("10.0.0.0/08") == parse_network("10.0.0.0/8")
