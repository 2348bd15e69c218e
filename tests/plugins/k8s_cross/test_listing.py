"""Whole lists: the shapes of all Headscale generations, and bodies that are no list."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from corepy_plugins.k8s_cross.listing import Body, Listing, Malformed, read
from corepy_plugins.k8s_cross.node import ONLINE
from tests.support.headscale import GENERATIONS, node

DATA = Path(__file__).parent / "data"


def parsed(octets: bytes, previous: Listing | None = None) -> Listing:
    """The listing of a body that is not packed."""
    return read(Body(octets), lambda: None, previous)


def of(*items: object) -> Listing:
    """The listing of these items."""
    return parsed(json.dumps({"nodes": items}).encode())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_generation_is_read_alike(generation: str) -> None:
    """Two exporters, one of them expired twice over, and nothing a client merely asked for."""
    listing = parsed((DATA / f"list-{generation}.json").read_bytes())
    assert listing.size == 4
    assert [(node.id, node.cluster, node.label) for node in listing.nodes] == [
        ("1", "east", "gw-east"),
        ("2", "west", "gw-west"),
        ("4", "east", "gw-old"),
    ]
    assert {export.service for node in listing.nodes for export in node.exports} == {"web"}
    assert [node.expiry < 1.8e9 for node in listing.nodes] == [False, False, True]
    assert set(listing.presence.values()) == {ONLINE}
    assert not listing.invalid_nodes
    assert not listing.invalid_tags


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"{", b"null", b"[]", b"7", b"{}", b'{"nodes":null}', b'{"nodes":{}}', b'{"node":[]}',
        b'{"nodes":[]} trailing', b'{"nodes":[NaN]}', b'{"nodes":[Infinity]}',
        b'{"nodes":["\xff"]}', b"[" * 100_000, b'{"a":' * 100_000, b'{"nodes":[' + b"9" * 5000,
        b"<!DOCTYPE html>", b"\x1f\x8b",
    ],
)  # fmt: skip
def test_what_is_no_list_is_malformed(octets: bytes) -> None:
    """And its content is in no message."""
    with pytest.raises(Malformed) as caught:
        parsed(octets)
    assert len(str(caught.value)) < 40


@pytest.mark.parametrize("part", range(1, 20))
def test_a_body_that_is_cut_is_malformed(part: int) -> None:
    """Wherever the cut is."""
    octets = (DATA / "list-0.30.json").read_bytes().strip()
    with pytest.raises(Malformed):
        parsed(octets[: len(octets) * part // 20])


def test_both_names_of_the_collection() -> None:
    """0.22 says machines."""
    assert parsed(b'{"machines":[]}').size == 0
    assert parsed(b'{"nodes":[]}').size == 0


def test_one_bad_item_does_not_spoil_the_rest() -> None:
    """It is counted by its position."""
    listing = of(None, 7, [], {}, "x", node(1, "mcs--web--shop"))
    assert [node.id for node in listing.nodes] == ["1"]
    assert listing.size == 6
    assert listing.invalid_nodes == {f"item {position}" for position in range(5)}


def test_of_two_items_with_one_id_the_first_counts() -> None:
    """A list cannot say two things of one node."""
    listing = of(node(1, "mcs--a--n"), node(1, "mcs--b--n"))
    assert [export.service for node in listing.nodes for export in node.exports] == ["a"]
    assert listing.invalid_nodes == {"second node 1"}


def test_what_an_operator_should_hear_of() -> None:
    """Bad tags, bad addresses of exporters, two clusters on one node."""
    bad = node(1, "mcs--x--y--tcp--0", "mcs--a--n", "cluster--b", "cluster--c")
    bad["ipAddresses"].append("127.0.0.1")
    listing = of(bad, node(2, "mcs--x--y--tcp--0"), node(3, ipAddresses=["nonsense"]))
    assert listing.invalid_tags == {"tag:mcs--x--y--tcp--0"}
    assert listing.dropped == {("unusable", "127.0.0.1")}
    assert listing.ambiguous == {"1"}


def test_an_unchanged_text_is_not_read_again() -> None:
    """The very listing of last time comes back."""
    first = of(node(1, "mcs--a--n"))
    assert parsed(json.dumps({"nodes": [node(1, "mcs--a--n")]}).encode(), first) is first
    assert parsed(json.dumps({"nodes": [node(2, "mcs--a--n")]}).encode(), first) is not first


def test_the_later_of_two_lists_counts() -> None:
    """As of two members of any name in JSON; and nodes before machines."""
    one, other = (json.dumps([node(number, "mcs--a--n")]) for number in (1, 2))
    twice = parsed(f'{{"nodes": {one}, "x": [1], "nodes": {other}}}'.encode())
    assert [found.id for found in twice.nodes] == ["2"]
    both = parsed(f'{{"machines": {one}, "nodes": {other}}}'.encode())
    assert [found.id for found in both.nodes] == ["2"]


def test_gzip() -> None:
    """Asked for, because Headscale's lists are long."""
    octets = gzip.compress(b'{"nodes":[]}', mtime=0)
    assert read(Body(octets, packed=True), lambda: None).size == 0


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"plain",
        gzip.compress(b'{"nodes":[]}', mtime=0)[:-9],
        gzip.compress(b" " * (70 << 20), mtime=0),
    ],
)
def test_bad_gzip_and_a_bomb_are_malformed(octets: bytes) -> None:
    """No more than the limit is unpacked."""
    with pytest.raises(Malformed, match=r"gzip|cut short|too large"):
        read(Body(octets, packed=True), lambda: None)


def test_it_pauses_while_it_works() -> None:
    """At each node, so that the event loop gets its turns."""
    pauses: list[None] = []
    body = json.dumps({"nodes": [node(number) for number in range(50)]}).encode()
    read(Body(body), lambda: pauses.append(None))
    assert len(pauses) >= 50
