"""Metadata is kept where somebody collects it, and nowhere else."""

from __future__ import annotations

from corepy import wire
from corepy.lib import labels
from tests.support.queries import request_of


def test_nobody_collects() -> None:
    asked = request_of()
    labels.publish(asked, "a/b", lambda: "x")
    assert labels.collected(asked) is None
    assert labels.value(asked, "a/b") is None


def test_the_last_value_counts() -> None:
    asked = request_of()
    labels.begin(asked)
    labels.publish(asked, "a/b", lambda: "x")
    labels.publish(asked, "a/b", lambda: "y")
    assert labels.value(asked, "a/b") == "y"
    assert labels.value(asked, "a/c") is None


def test_shared_with_derived_requests() -> None:
    asked = request_of()
    labels.begin(asked)["a/b"] = lambda: "x"
    derived = asked.replace(qtype=wire.A)
    labels.publish(derived, "a/c", lambda: "y")
    assert labels.value(derived, "a/b") == "x"
    assert labels.value(asked, "a/c") == "y"


def test_a_second_beginning_forgets_the_first() -> None:
    asked = request_of()
    labels.begin(asked)["a/b"] = lambda: "x"
    labels.begin(asked)["a/c"] = lambda: "y"
    assert labels.value(asked, "a/b") is None
    assert labels.value(asked, "a/c") == "y"


def test_a_look_up_collects_for_itself() -> None:
    asked = request_of()
    labels.begin(asked)["a/b"] = lambda: "x"
    derived = asked.replace(qtype=wire.A)
    labels.begin(derived)["a/b"] = lambda: "y"
    labels.publish(derived, "a/c", lambda: "z")
    assert labels.value(derived, "a/b") == "y"
    assert labels.value(asked, "a/b") == "x"
    assert labels.value(asked, "a/c") is None
