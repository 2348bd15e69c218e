"""Metric families whose hot side is plain numbers.

A labelled prometheus-client increment costs about a microsecond; here a series is an object with a
`value` that its owner adds to, and prometheus-client only sees it at scrape time. Families live as
long as the process, so values survive reloads, as in CoreDNS.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from prometheus_client.core import Metric

TIME_BUCKETS: Final = tuple(0.00025 * 2**k for k in range(16))
"""Seconds, 0.00025 to 8.192: CoreDNS's buckets for durations."""

SIZE_BUCKETS: Final = (0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16e3, 32e3, 48e3, 64e3)
"""Octets: CoreDNS's buckets for message sizes."""


class Series:
    """One counter or gauge: add to `value`, or set it."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def inc(self, by: float = 1) -> None:
        """Add, for where speed does not matter."""
        self.value += by

    def set(self, value: float) -> None:
        """Set a gauge."""
        self.value = value


class Distribution:
    """One histogram: how many observations fell in each bucket, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total: float = 0

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


S = TypeVar("S", Series, Distribution)


class Family(Generic[S]):
    """All series of one name, by the values of their labels.

    `summed`: over several worker processes its value is their sum, else the largest of them.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        text: str,
        labels: tuple[str, ...],
        make: Callable[[], S],
        *,
        summed: bool = True,
    ) -> None:
        self.kind = kind
        self.name = name
        self.help = text
        self.label_names = labels
        self.summed = summed
        self.series: dict[tuple[str, ...], S] = {}
        self._make: Callable[[], S] = make

    def labels(self, *values: str) -> S:
        """The series with these label values, made on first use; keep it where speed matters."""
        found = self.series.get(values)
        if found is None:
            if len(values) != len(self.label_names):
                raise ValueError(f"{self.name} has the labels {self.label_names}")
            found = self.series[values] = self._make()
        return found

    def forget(self, *values: str) -> None:
        """Drop one series, if it exists."""
        self.series.pop(values, None)

    def clear(self) -> None:
        """Drop all series: for gauges that describe something which was replaced as a whole."""
        self.series.clear()


_families: dict[str, Family[Series] | Family[Distribution]] = {}
_before_scrape: dict[object, Callable[[], None]] = {}


def counter(name: str, text: str, *labels: str, summed: bool = True) -> Family[Series]:
    """The counter family of this full name, which ends in `_total`.

    Not `summed` if it counts something that all processes of a machine have in common.
    """
    return _series("counter", name, text, labels, summed=summed)


def gauge(name: str, text: str, *labels: str, summed: bool = False) -> Family[Series]:
    """The gauge family of this full name.

    `summed` if it measures what each worker process has for itself, such as the size of a cache.
    Otherwise all of them measure the same.
    """
    return _series("gauge", name, text, labels, summed=summed)


def histogram(
    name: str, text: str, *labels: str, buckets: Sequence[float] = TIME_BUCKETS
) -> Family[Distribution]:
    """The histogram family of this full name; `buckets` are upper bounds, ascending."""
    family = _families.get(name)
    if family is None:
        made = Family("histogram", name, text, labels, lambda: Distribution(buckets))
        if not labels:
            made.labels()
        _families[name] = made
        return made
    _same(family, "histogram", labels)
    return family  # type: ignore[return-value]  # its kind was compared


def _series(
    kind: str, name: str, text: str, labels: tuple[str, ...], *, summed: bool
) -> Family[Series]:
    family = _families.get(name)
    if family is None:
        made = Family(kind, name, text, labels, Series, summed=summed)
        if not labels:
            # A series without labels exists, at 0, from the start.
            made.labels()
        _families[name] = made
        return made
    _same(family, kind, labels)
    return family  # type: ignore[return-value]  # its kind was compared


def _same(
    family: Family[Series] | Family[Distribution], kind: str, labels: tuple[str, ...]
) -> None:
    if family.kind != kind or family.label_names != labels:
        raise ValueError(f"{family.name} exists with another kind or other labels")


def before_scrape(owner: object, update: Callable[[], None] | None) -> None:
    """Call `update` before each scrape, for gauges that are cheaper to work out than to keep.

    One per owner; None takes it back.
    """
    if update is None:
        _before_scrape.pop(owner, None)
    else:
        _before_scrape[owner] = update


def refresh() -> None:
    """Bring everything up to date; whoever reads the families calls it first."""
    for update in list(_before_scrape.values()):
        update()


def families() -> Iterator[Family[Series] | Family[Distribution]]:
    """All families, by name."""
    for name in sorted(_families):
        yield _families[name]


def collect() -> Iterable[Metric]:
    """All families in prometheus-client's form; this module is used as a collector."""
    from prometheus_client.core import (  # noqa: PLC0415 - loaded by the first scrape only
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    refresh()
    for family in families():
        labels = family.label_names
        if family.kind == "histogram":
            out = HistogramMetricFamily(family.name, family.help, labels=labels)
            for values, distribution in list(family.series.items()):
                assert isinstance(distribution, Distribution)
                out.add_metric(values, _buckets(distribution), distribution.total)
            yield out
            continue
        make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
        metric = make(family.name, family.help, labels=labels)
        for values, series in list(family.series.items()):
            assert isinstance(series, Series)
            metric.add_metric(values, series.value)
        yield metric


def _buckets(distribution: Distribution) -> list[tuple[str, float]]:
    rows, below = [], 0
    for bound, count in zip(distribution.bounds, distribution.counts, strict=False):
        below += count
        rows.append((repr(float(bound)), float(below)))
    rows.append(("+Inf", float(below + distribution.counts[-1])))
    return rows
