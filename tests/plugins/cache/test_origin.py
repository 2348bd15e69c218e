"""Where a query came in stays known behind the cache."""

from __future__ import annotations

from corepy_plugins.cache.refresh import authenticated
from tests.support.queries import request_of


def test_a_copy_with_ad_came_the_same_way() -> None:
    request = request_of(name="a.test.")
    request.via, request.depth = ("192.0.2.1", 53), 3
    copy = authenticated(request)
    assert copy is not request
    assert (copy.via, copy.depth, copy.parent) == (request.via, 3, request)
