"""The metrics of several processes as those of one.

Each process tells its families in a form that JSON can carry; their sum is made of families again,
which whoever shows metrics writes as it writes its own. Counters and histograms of a process that
has ended stay in the sum as they were told last, so they never go backwards.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from corepy import metrics
from corepy.metrics import Distribution, Family, Series

Told = list[Any]
"""All families of a process: kind, name, help, label names, whether summed, and the series."""

Merged = dict[str, Family[Any]]


def tell() -> Told:
    """The families of this process, brought up to date."""
    metrics.refresh()
    return _tell(metrics.families())


def _tell(families: Iterable[Family[Any]]) -> Told:
    return [
        [
            family.kind,
            family.name,
            family.help,
            list(family.label_names),
            family.summed,
            [[list(values), _value(one)] for values, one in list(family.series.items())],
        ]
        for family in families
    ]


def _value(series: Series | Distribution) -> Any:
    if isinstance(series, Series):
        return series.value
    return [list(series.bounds), list(series.counts), series.total]


class Sums:
    """What the members of a group have told, by member."""

    def __init__(self) -> None:
        self._told: dict[Hashable, Told] = {}
        self._past: Merged = {}

    def put(self, member: Hashable, told: Told) -> None:
        """What a member says now, in place of what it said before."""
        self._told[member] = told

    def retire(self, member: Hashable) -> None:
        """A member has ended: what it has counted stays, what it measured goes."""
        told = self._told.pop(member, [])
        _add(self._past, [row for row in told if row[0] != "gauge" and row[4]])

    def families(self) -> list[Family[Any]]:
        """The sum over all members, and over this process, by name."""
        merged: Merged = {}
        for told in (tell(), *self._told.values()):
            _add(merged, told)
        _add(merged, _tell(self._past.values()))
        return [merged[name] for name in sorted(merged)]


def _add(merged: Merged, told: Told) -> None:
    for kind, name, text, labels, summed, rows in told:
        family = merged.get(name)
        if family is None:
            family = merged[name] = _family(kind, name, text, tuple(labels), summed)
        for values, value in rows:
            _add_series(family, tuple(values), value)


def _family(
    kind: str, name: str, text: str, labels: tuple[str, ...], summed: bool
) -> Family[Series]:
    return Family(kind, name, text, labels, Series, summed=summed)


def _add_series(family: Family[Any], labels: tuple[str, ...], value: Any) -> None:
    series = family.series.get(labels)
    if isinstance(value, list):
        bounds, counts, total = value
        if series is None:
            series = family.series[labels] = Distribution(tuple(bounds))
        if tuple(series.bounds) == tuple(bounds):
            series.counts = [a + b for a, b in zip(series.counts, counts, strict=True)]
            series.total += total
    elif series is None:
        family.labels(*labels).value = value
    elif family.summed:
        series.value += value
    else:
        series.value = max(series.value, value)
