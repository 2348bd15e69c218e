"""What an observer takes for the question in the end."""

from __future__ import annotations

from corepy import wire
from corepy.lib.rewritten import latest, note
from tests.support.queries import request_of


def test_unchanged() -> None:
    asked = request_of()
    assert latest(asked) is asked


def test_the_last_change_counts() -> None:
    asked = request_of()
    first = asked.replace(qtype=wire.A)
    second = first.replace(qtype=wire.MX)
    note(first)
    note(second)
    assert latest(asked) is second
    assert latest(first) is second


def test_a_look_up_on_the_way_is_no_change() -> None:
    asked = request_of()
    changed = asked.replace(qtype=wire.A)
    note(changed)
    target = changed.replace(owner=b"\1b\0")
    changed_target = target.replace(qtype=wire.MX)
    note(changed_target)
    assert latest(asked) is changed
    assert latest(target) is changed_target
