"""How many queries were let through and turned away; a series appears when it first counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corepy import Controller, Request
from corepy.metrics import Family, Series
from corepy_plugins.acl.rule import Action


class Count:
    """One series, and the function that counts answers which are repeated from memory."""

    __slots__ = ("_series", "again")

    def __init__(self, series: Series) -> None:
        self._series = series

        def again(query: bytes, peer: Any, started: float) -> None:  # noqa: ARG001
            series.value += 1

        self.again: Callable[[bytes, Any, float], None] = again

    def one(self) -> None:
        """Count a query."""
        self._series.value += 1


class Counters:
    """The families of CoreDNS's plugin; those for queries let through have no zone."""

    def __init__(self, c: Controller) -> None:
        place = ("server", "zone", "view")
        self._allowed_family = c.counter(
            "allowed_requests_total", "Queries let through.", "server", "view"
        )
        self._families: dict[Action, Family[Series]] = {
            Action.BLOCK: c.counter("blocked_requests_total", "Queries refused.", *place),
            Action.FILTER: c.counter(
                "filtered_requests_total", "Queries answered with nothing.", *place
            ),
            Action.DROP: c.counter("dropped_requests_total", "Queries not answered.", *place),
        }
        self._allowed: dict[tuple[str, str], Count] = {}
        self._stopped: dict[tuple[Action, str, str, str], Count] = {}

    def allowed(self, request: Request) -> Count:
        """For a query that goes on."""
        key = (request.listener.address, request.view)
        count = self._allowed.get(key)
        if count is None:
            count = self._allowed[key] = Count(self._allowed_family.labels(*key))
        return count

    def stopped(self, action: Action, zone: str, request: Request) -> Count:
        """For a query that ends here."""
        key = (action, request.listener.address, zone, request.view)
        count = self._stopped.get(key)
        if count is None:
            count = self._stopped[key] = Count(self._families[action].labels(*key[1:]))
        return count
