"""Capacity, eviction, and the shards of CoreDNS."""

from __future__ import annotations

import pytest

from corepy import names, wire
from corepy.response import Response
from corepy_plugins.cache import kind
from corepy_plugins.cache.entry import Entry
from corepy_plugins.cache.store import SHARDS, Store, shard_of


def entry() -> Entry:
    return Entry(b"\0\0\1\0\1", Response(), None, 5, 0.0, kind.ANSWER)


def key(name: str, qtype: int = wire.A, head: bytes = b"00") -> bytes:
    return head + qtype.to_bytes(2, "big") + b"\0\1" + names.from_text(name)


def fnv(octets: bytes) -> int:
    found = 14695981039346656037
    for octet in octets:
        found = found * 1099511628211 % 2**64 ^ octet
    return found


@pytest.mark.parametrize("head", [b"00", b"01", b"10", b"11"])
@pytest.mark.parametrize("name", ["a.", "www.example.org.", "_x-1.y_2.test.", f"{'l' * 40}.org."])
def test_shards_are_those_of_coredns(name: str, head: bytes) -> None:
    made = key(name, wire.MX, head)
    assert shard_of(made) == fnv(made[:6] + name.encode()) % SHARDS


@pytest.mark.parametrize(
    ("capacity", "room"),
    [(-1, 4), (0, 4), (10, 4), (1024, 4), (1279, 4), (1280, 5), (10_000, 39), (25_600, 100)],
)
def test_capacity_is_in_whole_shards(capacity: int, room: int) -> None:
    assert Store(capacity).room == room


@pytest.mark.parametrize("capacity", [1024, 10_000])
def test_a_full_shard_loses_one_entry(capacity: int) -> None:
    store = Store(capacity)
    evicted, count = 0, capacity * 3
    for i in range(count):
        made = key(f"n{i}.test.")
        evicted += store.put(made, entry())
        assert made in store.entries
    assert len(store) == count - evicted
    assert store.room * SHARDS * 0.9 < len(store) <= store.room * SHARDS


def test_eviction_is_as_in_coredns_for_small_caches() -> None:
    store = Store(1024)
    filled: dict[int, int] = {}
    for i in range(900):
        made = key(f"n{i}.wild.up.test.")
        shard = fnv(made[:6] + f"n{i}.wild.up.test.".encode()) % SHARDS
        filled[shard] = filled.get(shard, 0) + 1
        assert store.put(made, entry()) == (filled[shard] > 4)


def test_an_entry_takes_the_place_of_its_predecessor() -> None:
    store, newer = Store(1024), entry()
    assert not store.put(key("a."), entry())
    assert not store.put(key("a."), newer)
    assert store.entries == {key("a."): newer}


@pytest.mark.parametrize("capacity", [1024, 10_000])
def test_a_dropped_entry_makes_room(capacity: int) -> None:
    store = Store(capacity)
    for i in range(capacity):
        store.put(key(f"n{i}.test."), entry())
    for made in list(store.entries):
        store.drop(made)
        store.drop(made)
    assert len(store) == 0
    assert not any(store.put(key(f"n{i}.test."), entry()) for i in range(4))
