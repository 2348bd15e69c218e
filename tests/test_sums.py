"""The metrics of several processes as those of one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from corepy import metrics
from corepy.metrics import Distribution, Family, Series
from corepy.sums import Sums, tell


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_families", {})
    monkeypatch.setattr(metrics, "_before_scrape", {})


def told(**values: Any) -> Any:
    """What a worker tells that has these."""
    metrics._families.clear()
    metrics.counter("c_total", "Counts.", "x")
    for label, value in values.get("c", {}).items():
        metrics.counter("c_total", "Counts.", "x").labels(label).value = value
    metrics.counter("net_total", "Counts.", summed=False).labels().value = values.get("net", 0)
    metrics.gauge("size", "Entries.", summed=True).labels().value = values.get("size", 0)
    metrics.gauge("known", "Services.").labels().value = values.get("known", 0)
    histogram = metrics.histogram("h", "Times.", buckets=(1, 2))
    for value in values.get("h", ()):
        histogram.labels().observe(value)
    found = json.loads(json.dumps(tell()))
    metrics._families.clear()
    return found


def shown(sums: Sums) -> dict[str, Any]:
    """Series by name and labels."""

    def value(one: Series | Distribution) -> Any:
        return (one.counts, one.total) if isinstance(one, Distribution) else one.value

    return {
        ",".join((family.name, *labels)): value(one)
        for family in sums.families()
        for labels, one in family.series.items()
    }


def test_counters_add_up_and_gauges_as_they_say() -> None:
    sums = Sums()
    sums.put(1, told(c={"a": 1, "b": 2}, net=100, size=3, known=7, h=[0.5, 5]))
    sums.put(2, told(c={"a": 10}, net=90, size=4, known=6, h=[1.5]))
    assert shown(sums) == {
        "c_total,a": 11,
        "c_total,b": 2,
        "net_total": 100,
        "size": 7,
        "known": 7,
        "h": ([1, 1, 1], 7.0),
    }


def test_what_a_member_says_takes_the_place_of_what_it_said() -> None:
    sums = Sums()
    sums.put(1, told(c={"a": 1}))
    sums.put(1, told(c={"a": 5}))
    assert shown(sums)["c_total,a"] == 5


def test_what_is_gone_has_counted_but_measures_nothing() -> None:
    sums = Sums()
    for member in (1, 2):
        sums.put(member, told(c={"a": 1}, net=50, size=3, known=7, h=[0.5]))
        sums.retire(member)
    sums.retire(3)
    assert shown(sums) == {"c_total,a": 2, "h": ([2, 0, 0], 1.0)}
    sums.put(4, told(c={"a": 1}, size=1))
    assert shown(sums)["c_total,a"] == 3
    assert shown(sums)["size"] == 1


def test_this_process_is_one_of_them() -> None:
    sums = Sums()
    sums.put(1, told(c={"a": 1}))
    metrics.counter("c_total", "Counts.", "x").labels("a").value = 4
    metrics.gauge("own", "Of the supervisor.").labels().value = 9
    assert shown(sums)["c_total,a"] == 5
    assert shown(sums)["own"] == 9
    # Adding up changes nothing.
    assert metrics.counter("c_total", "Counts.", "x").labels("a").value == 4
    assert shown(sums)["c_total,a"] == 5


def test_the_families_are_brought_up_to_date_and_in_order() -> None:
    late: Family[Series] = metrics.counter("z_total", "Late.")
    metrics.before_scrape("test", lambda: late.labels().inc())
    metrics.gauge("a", "First.")
    assert [row[1] for row in tell()] == ["a", "z_total"]
    assert late.labels().value == 1
    assert [family.name for family in Sums().families()] == ["a", "z_total"]


def test_histograms_with_other_buckets_are_left_out() -> None:
    sums = Sums()
    sums.put(1, told(h=[0.5]))
    metrics.histogram("h", "Times.", buckets=(1, 2, 3)).labels().observe(2.5)
    assert shown(sums)["h"] == ([0, 0, 1, 0], 2.5)
