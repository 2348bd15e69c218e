"""Which nodes are ready, as timelines: times in seconds, nodes by letter, capitals online."""

from __future__ import annotations

import math

import pytest

from corepy_plugins.k8s_cross.node import ONLINE
from corepy_plugins.k8s_cross.readiness import Readiness

WALL = 1_000_000.0
GRACE = 60.0


def presence(letters: str, seen: float = 0.0) -> dict[str, float]:
    """`Ab`: a is online and b is not."""
    return {letter.lower(): ONLINE if letter.isupper() else seen for letter in letters}


def after(*polls: tuple[float, str]) -> Readiness:
    """A readiness that has seen these polls."""
    readiness = Readiness(GRACE)
    for moment, letters in polls:
        readiness.observe(presence(letters), moment, WALL + moment)
    return readiness


TIMELINES = {
    "online is ready": ([(0, "AB")], 1000, "ab"),
    "first seen offline is not": ([(0, "Ab")], 1, "a"),
    "one falls: ready in its grace": ([(0, "ABC"), (30, "ABc")], 59, "abc"),
    "counted from when it was last online": ([(0, "ABC"), (30, "ABc")], 61, "ab"),
    "grace does not start anew": ([(0, "ABC"), (30, "ABc"), (60, "ABc")], 61, "ab"),
    "an outage does not prolong it": ([(0, "ABC"), (600, "ABc")], 600, "ab"),
    "back in time": ([(0, "ABC"), (30, "ABc"), (50, "ABC")], 1000, "abc"),
    "all fall: a grace from that poll": ([(0, "AB"), (600, "ab")], 659, "ab"),
    "and no second one": ([(0, "AB"), (600, "ab"), (630, "ab")], 661, ""),
    "more than half fall": ([(0, "ABC"), (600, "Abc")], 659, "abc"),
    "half is not more than half": ([(0, "ABCD"), (600, "ABcd")], 600, "ab"),
    "the guard keeps who was not ready": ([(0, "ABc"), (600, "abc")], 601, "ab"),
    "who comes back in the guard stays": ([(0, "AB"), (600, "ab"), (610, "Ab")], 700, "a"),
    "start with nobody online": ([(0, "ab")], 59, "ab"),
    "the start's grace ends": ([(0, "ab"), (30, "ab")], 61, ""),
    "one comes back after the start": ([(0, "ab"), (5, "Ab")], 59, "ab"),
    "the other does not": ([(0, "ab"), (5, "Ab")], 61, "a"),
    "a new node in the start's grace": ([(0, "ab"), (5, "abc")], 10, "ab"),
    "who is gone from the list is gone": ([(0, "ABC"), (30, "AB")], 31, "ab"),
    "gone and back offline": ([(0, "AB"), (30, "A"), (40, "Ab")], 41, "a"),
    "nobody at all": ([(0, ""), (30, "")], 31, ""),
}


@pytest.mark.parametrize("name", TIMELINES)
def test_timeline(name: str) -> None:
    """Polls, then who is ready at a moment."""
    polls, moment, ready = TIMELINES[name]
    assert after(*polls).ready(moment) == set(ready)


@pytest.mark.parametrize(
    ("seen", "moment", "ready"),
    [
        (WALL - 10, 0, "ab"),
        (WALL - 10, 51, "a"),
        (WALL - 59, 0, "ab"),
        (WALL - 61, 0, "a"),
        (WALL + 3600, 59, "ab"),
        (WALL + 3600, 61, "a"),
    ],
)
def test_last_seen_matters_for_a_node_first_seen_offline(
    seen: float, moment: float, ready: str
) -> None:
    """Only there; a clock an hour ahead gives no hour of grace."""
    readiness = Readiness(GRACE)
    readiness.observe(presence("Ab", seen), 0.0, WALL)
    assert readiness.ready(moment) == set(ready)


def test_last_seen_is_not_proof_of_absence() -> None:
    """It is old for a node that was online a second ago."""
    readiness = Readiness(GRACE)
    readiness.observe(presence("ABC", 1.0), 0.0, WALL)
    readiness.observe(presence("ABc", 1.0), 10.0, WALL + 10)
    assert readiness.ready(20.0) == {"a", "b", "c"}


def test_starting() -> None:
    """Until somebody is online, or the grace is over."""
    assert after((0, "ab")).starting(59)
    assert not after((0, "ab")).starting(60)
    assert not after((0, "ab"), (5, "Ab")).starting(6)
    assert not after((0, "Ab")).starting(1)
    assert not after((0, "")).starting(1)


def test_deadline() -> None:
    """The next moment at which somebody stops to be ready."""
    assert after((0, "AB")).deadline(1) == math.inf
    assert after((0, "ABC"), (30, "ABc")).deadline(31) == 60
    assert after((0, "ABC"), (30, "ABc")).deadline(60) == math.inf


def test_no_grace() -> None:
    """`offline_grace 0s` takes Headscale at its word."""
    readiness = Readiness(0.0)
    readiness.observe(presence("AB"), 0.0, WALL)
    readiness.observe(presence("Ab"), 1.0, WALL + 1)
    assert readiness.ready(1.0) == {"a"}
