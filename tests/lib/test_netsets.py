"""Which sets of networks hold an address."""

from __future__ import annotations

import ipaddress
import random

import pytest

from corepy.lib import cidr
from corepy.lib.netsets import NetworkSets


def sets_of(*texts: str) -> NetworkSets:
    return NetworkSets([[ipaddress.ip_network(word) for word in text.split()] for text in texts])


SETS = sets_of(
    "10.0.0.0/8 10.1.0.0/16",
    "10.1.0.0/16 192.0.2.1/32",
    "0.0.0.0/0",
    "2001:db8::/32 ::1/128",
    "::/0",
)


@pytest.mark.parametrize(
    ("host", "sets"),
    [
        ("9.255.255.255", {2}),
        ("10.0.0.0", {0, 2}),
        ("10.1.0.0", {0, 1, 2}),
        ("10.1.255.255", {0, 1, 2}),
        ("10.2.0.0", {0, 2}),
        ("10.255.255.255", {0, 2}),
        ("11.0.0.0", {2}),
        ("192.0.2.1", {1, 2}),
        ("0.0.0.0", {2}),
        ("255.255.255.255", {2}),
        ("::", {4}),
        ("::1", {3, 4}),
        ("::1%lo", {3, 4}),
        ("fe80::1%eth0", {4}),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", {3, 4}),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", {4}),
        ("::ffff:10.1.2.3", {0, 1, 2}),
        ("", set()),
        ("localhost", set()),
        ("10.1.2", set()),
        ("10.1.2.3\0", set()),
        ("10.1.2.3%lo", {0, 1, 2}),
    ],
)
def test_which_sets_hold_an_address(host: str, sets: set[int]) -> None:
    assert SETS.holding(host) == sum(1 << index for index in sets)


def test_without_sets_nothing_is_held() -> None:
    assert sets_of().holding("192.0.2.1") == sets_of("").holding("::1") == 0


def test_like_one_network_after_the_other() -> None:
    rnd = random.Random(7)  # few distinct addresses, so that networks touch and hold each other
    for _ in range(200):
        sets = [
            [
                ipaddress.ip_network((rnd.randrange(64) << 26, rnd.randrange(1, 7)), strict=False)
                for _ in range(rnd.randrange(4))
            ]
            for _ in range(rnd.randrange(5))
        ]
        table = NetworkSets(sets)
        for number in range(64):
            for edge in (0, (1 << 26) - 1):
                host = str(ipaddress.IPv4Address((number << 26) + edge))
                found = cidr.address(host)
                wanted = sum(
                    1 << index
                    for index, networks in enumerate(sets)
                    if any(found in network for network in networks)
                )
                assert table.holding(host) == wanted
