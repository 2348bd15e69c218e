"""How a zone is kept: timers, failures, several primaries, changes or the whole zone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from corepy import CorepyError, Record, names
from corepy.errors import UpstreamError
from corepy.lib.upstream.address import Address, parse
from corepy.lib.zonedata import ZoneData
from corepy_plugins.secondary import follower
from corepy_plugins.secondary.arriving import Mismatch
from corepy_plugins.secondary.follower import Follower
from corepy_plugins.secondary.incoming import Unreachable

REFRESH, RETRY, EXPIRE = 100, 10, 125


class World:
    """A clock that jumps from one wait to the next, and primaries that do as the table says.

    `serials` are what a primary has, by its port: a number, None for no SOA record, or an error.
    `events` are what happened, with the second it did.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
        self.now = 0.0
        self.serials: dict[int, Any] = dict.fromkeys(ports, 1)
        self.changes: dict[int, Exception] = {}
        self.events: list[tuple[int, str]] = []
        self.at: dict[int, Callable[[], None]] = {}
        self.end = 0
        self.over = asyncio.Event()
        addresses = [parse(f"127.0.0.1:{port}") for port in ports]
        self.follower = Follower(
            "a.test.", [a for a in addresses if a], self._renewed, logging.getLogger("test")
        )
        monkeypatch.setattr(follower, "asyncio", self)
        monkeypatch.setattr(follower, "serial_of", self._serial_of)
        monkeypatch.setattr(follower, "whole", self._whole)
        monkeypatch.setattr(follower, "changed", self._changed)
        monkeypatch.setattr(follower, "_JITTER_REFRESH", 0)
        monkeypatch.setattr(follower, "_JITTER_RETRY", 0)

    async def run(self, end: int, **at: Callable[[], None]) -> list[tuple[int, str]]:
        """Follow the zone until a second, doing something at others (`t100=...`)."""
        self.end = end
        self.at = {int(name[1:]): do for name, do in at.items()}
        self.follower.start()
        await self.over.wait()
        self.follower.stop()
        return self.events

    # ---- what stands in for asyncio

    Lock = asyncio.Lock
    current_task = staticmethod(asyncio.current_task)

    def get_running_loop(self) -> World:
        return self

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        for due in sorted(self.at):
            if self.now < due <= until:
                self.at.pop(due)()
        self.now = until
        if self.now > self.end:
            self.over.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    # ---- what stands in for the primaries

    def note(self, text: str) -> None:
        self.events.append((round(self.now), text))

    def _renewed(self, zone: str) -> None:
        expired = self.follower.expired
        self.note("new" if zone else "expired" if expired else "good again")

    def _answer(self, what: str, address: Address) -> ZoneData:
        port = address.port
        self.note(f"{what} {port}")
        serial = self.serials[port]
        if isinstance(serial, Exception):
            raise serial
        data = ZoneData(names.from_text("a.test."))
        timers = f"{REFRESH} {RETRY} {EXPIRE}"
        rdata = f"ns.a.test. host.a.test. {serial or 0} {timers} 60"
        data.add(Record.parse(data.origin, "SOA", 60, rdata))
        for _ in data.finish():
            pass
        return data

    async def _serial_of(self, address: Address, _zone: str) -> int | None:
        serial = self._answer("serial", address).serial
        return None if self.serials[address.port] is None else serial

    async def _whole(self, address: Address, _zone: str) -> ZoneData:
        return self._answer("whole", address)

    async def _changed(self, address: Address, _zone: str, _old: ZoneData) -> ZoneData:
        data = self._answer("changes", address)
        if address.port in self.changes:
            raise self.changes[address.port]
        return data


GONE = Unreachable("tcp 127.0.0.1:1: connect: connection refused")


async def test_a_zone_expires_and_comes_back_with_the_same_serial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, 1)
    events = await world.run(
        250,
        t50=lambda: world.serials.update({1: GONE}),
        t135=lambda: world.serials.update({1: 1}),
    )
    assert events == [
        (0, "whole 1"),
        (0, "new"),
        (100, "serial 1"),
        (110, "serial 1"),
        (120, "serial 1"),
        (125, "expired"),
        (130, "serial 1"),
        (140, "serial 1"),
        (140, "good again"),
        (240, "serial 1"),
    ]
    assert not world.follower.expired


async def test_an_expired_zone_comes_back_with_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 1)
    events = await world.run(
        145,
        t50=lambda: world.serials.update({1: GONE}),
        t135=lambda: world.serials.update({1: 2}),
    )
    assert events[-3:] == [(140, "serial 1"), (140, "changes 1"), (140, "new")]
    assert world.follower.data is not None
    assert (world.follower.expired, world.follower.data.serial) == (False, 2)


async def test_the_first_transfer_is_tried_again_with_longer_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, 1)
    world.serials[1] = GONE
    pauses: list[float] = []
    sleep = world.sleep

    async def noted(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(world, "sleep", noted)
    await world.run(40)
    assert pauses[:8] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@pytest.mark.parametrize("first", [GONE, UpstreamError("dns: bad xfr rcode: 5")])
async def test_the_next_primary_is_asked_where_the_first_one_fails(
    monkeypatch: pytest.MonkeyPatch, first: CorepyError
) -> None:
    world = World(monkeypatch, 1, 2)
    world.serials[1] = first
    events = await world.run(150, t50=lambda: world.serials.update({2: 2}))
    assert [text for _, text in events] == [
        *("whole 1", "whole 2", "new"),
        *("serial 1", "serial 2", "changes 1"),
        *([] if first is GONE else ["whole 1"]),
        *("changes 2", "new"),
    ]


async def test_an_older_serial_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 1)
    world.serials[1] = 7
    events = await world.run(350, t50=lambda: world.serials.update({1: 6}))
    assert [text for _, text in events] == ["whole 1", "new", *["serial 1"] * 3]


async def test_changes_that_do_not_fit_are_asked_for_again_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, 1)
    world.changes[1] = Mismatch("dns: changes with a gap")
    events = await world.run(
        250, t50=lambda: world.serials.update({1: 2}), t150=lambda: world.serials.update({1: 3})
    )
    round_ = ["serial 1", "changes 1", "whole 1", "new"]
    assert [text for _, text in events] == ["whole 1", "new", *round_, *round_]


async def test_a_primary_that_cannot_tell_changes_is_asked_for_all_for_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, 1)
    world.changes[1] = UpstreamError("dns: bad xfr rcode: 4")
    at: dict[str, Callable[[], None]] = {
        f"t{t}": lambda t=t: world.serials.update({1: t})  # type: ignore[misc]
        for t in (50, 150, 3650, 3750)
    }
    events = await world.run(3850, **at)
    asked = [event for event in events if event[1].startswith(("changes", "whole"))]
    assert asked == [
        (0, "whole 1"),
        (100, "changes 1"),
        (100, "whole 1"),
        (200, "whole 1"),
        (3700, "changes 1"),
        (3700, "whole 1"),
        (3800, "whole 1"),
    ]


async def test_a_primary_without_the_zone_is_no_reason_to_expire(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says there is no SOA record: the look succeeded, as in CoreDNS."""
    world = World(monkeypatch, 1)
    events = await world.run(550, t50=lambda: world.serials.update({1: None}))
    assert [text for _, text in events] == ["whole 1", "new", *["serial 1"] * 5]
    assert not world.follower.expired
