"""The metrics of the cache, named as CoreDNS's; a series appears when it first counts something."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from corepy import metrics
from corepy.metrics import Series
from corepy.request import Repeat

_PLACE = ("server", "zones", "view")
_TYPED = ("server", "type", "zones", "view")

_entries = metrics.gauge(
    "coredns_cache_entries", "Answers in the cache, by type.", *_TYPED, summed=True
)
_requests = metrics.counter("coredns_cache_requests_total", "Queries looked up.", *_PLACE)
_hits = metrics.counter("coredns_cache_hits_total", "Queries answered, by type.", *_TYPED)
_misses = metrics.counter(
    "coredns_cache_misses_total", "Queries passed on. Deprecated: requests less hits.", *_PLACE
)
_prefetches = metrics.counter(
    "coredns_cache_prefetch_total", "Answers asked for again in the background.", *_PLACE
)
_drops = metrics.counter(
    "coredns_cache_drops_total", "Responses not kept: they are for another question.", *_PLACE
)
_stale = metrics.counter(
    "coredns_cache_served_stale_total", "Queries answered with an expired answer.", *_PLACE
)
_evictions = metrics.counter(
    "coredns_cache_evictions_total", "Answers that made room for others, by type.", *_TYPED
)

SUCCESS = "success"
DENIAL = "denial"


class Counters:
    """The series of one server address, looked up once each."""

    def __init__(self, server: str, zones: str, view: str) -> None:
        self._place = (server, zones, view)
        self.requests = _requests.labels(*self._place)

    def _typed(self, family: metrics.Family[Series], kind: str) -> Series:
        server, zones, view = self._place
        return family.labels(server, kind, zones, view)

    @cached_property
    def successes(self) -> Series:
        return self._typed(_hits, SUCCESS)

    @cached_property
    def denials(self) -> Series:
        return self._typed(_hits, DENIAL)

    @cached_property
    def misses(self) -> Series:
        return _misses.labels(*self._place)

    @cached_property
    def prefetches(self) -> Series:
        return _prefetches.labels(*self._place)

    @cached_property
    def drops(self) -> Series:
        return _drops.labels(*self._place)

    @cached_property
    def stale(self) -> Series:
        return _stale.labels(*self._place)

    def evicted(self, *, denial: bool) -> None:
        """An answer of this type had to go."""
        (self._denial_evictions if denial else self._success_evictions).value += 1

    @cached_property
    def _success_evictions(self) -> Series:
        return self._typed(_evictions, SUCCESS)

    @cached_property
    def _denial_evictions(self) -> Series:
        return self._typed(_evictions, DENIAL)

    def filled(self, success: int, denial: int) -> None:
        """The numbers of answers there are now."""
        self._success_entries.value = success
        self._denial_entries.value = denial

    @cached_property
    def _success_entries(self) -> Series:
        return self._typed(_entries, SUCCESS)

    @cached_property
    def _denial_entries(self) -> Series:
        return self._typed(_entries, DENIAL)

    # ---- for answers that are repeated without asking the cache

    @cached_property
    def on_success(self) -> Repeat:
        return _both(self.requests, self.successes)

    @cached_property
    def on_denial(self) -> Repeat:
        return _both(self.requests, self.denials)

    @cached_property
    def on_miss(self) -> Repeat:
        return _both(self.requests, self.misses)


def _both(first: Series, second: Series) -> Callable[[bytes, Any, float], None]:
    def repeat(_query: bytes, _peer: Any, _started: float) -> None:
        first.value += 1
        second.value += 1

    return repeat
