"""A deadline holds for a request and for all that is asked on its behalf."""

from __future__ import annotations

import math
from time import monotonic

from corepy.lib import deadline
from tests.support.queries import request_of


def test_none() -> None:
    request = request_of()
    assert deadline.of(request) == math.inf
    assert request._cache is None  # asking leaves nothing behind
    request.note("other", 1)
    assert deadline.of(request) == math.inf


def test_derived_requests_have_it_too() -> None:
    request = request_of()
    derived = request.replace(qtype=1).replace(qtype=28)
    before = monotonic()
    deadline.limit(request, 5.0)
    assert before + 5.0 <= deadline.of(request) <= monotonic() + 5.0
    assert deadline.of(derived) == deadline.of(request.replace(qtype=2)) == deadline.of(request)


def test_a_block_of_its_own_for_a_look_up_may_set_another() -> None:
    request = request_of()
    deadline.limit(request, 5.0)
    derived = request.replace(qtype=1)
    deadline.limit(derived, -1.0)
    assert deadline.of(derived) < monotonic() < deadline.of(request)
