"""The library's metrics of several processes as those of one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, cast

import pytest
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from corepy_plugins.prometheus import group
from corepy_plugins.prometheus.group import Group


def shown(found: Any) -> dict[str, float]:
    text = generate_latest(cast("CollectorRegistry", found)).decode()
    rows = [line.rpartition(" ") for line in text.splitlines() if line[0] != "#"]
    return {name: float(value) for name, _, value in rows if "_created" not in name}


def told(registry: CollectorRegistry) -> group.Told:
    return [
        [one.name, one.documentation, one.type, [[s.name, s.labels, s.value] for s in one.samples]]
        for one in registry.collect()
    ]


def registry(*, count: float, size: float, label: str = "a") -> CollectorRegistry:
    made = CollectorRegistry()
    Counter("c", "Counts.", ["x"], registry=made).labels(label).inc(count)
    Gauge("g", "Size.", registry=made).set(size)
    Histogram("h", "Times.", buckets=(1, 2), registry=made).observe(count)
    return made


def test_counts_add_up_and_the_largest_gauge_is_shown() -> None:
    workers = [told(registry(count=1, size=5)), told(registry(count=2, size=4, label="b"))]
    assert shown(Group(registry(count=1, size=0), [], workers)) == {
        'c_total{x="a"}': 2,
        'c_total{x="b"}': 2,
        "g": 5,
        'h_bucket{le="1.0"}': 2,
        'h_bucket{le="2.0"}': 3,
        'h_bucket{le="+Inf"}': 3,
        "h_sum": 4,
        "h_count": 3,
    }


def test_what_only_workers_have_is_shown_too() -> None:
    workers = [told(registry(count=1, size=5)), told(registry(count=2, size=6))]
    found = shown(Group(CollectorRegistry(), [], workers))
    assert found['c_total{x="a"}'] == 3
    assert found["g"] == 6


def test_processes_add_up() -> None:
    made = CollectorRegistry()
    ProcessCollector(registry=made)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        alone, found = shown(made), shown(Group(made, [other.pid, os.getpid()], []))
        assert other.stdin is not None
        other.stdin.close()
    for name in ("process_resident_memory_bytes", "process_open_fds"):
        assert found[name] > alone[name] * 1.5
    for name in ("process_max_fds", "process_start_time_seconds"):
        assert found[name] == pytest.approx(alone[name])


@pytest.fixture
def _counted() -> Iterator[None]:
    counter = Counter("corepy_test_group", "Counts.")
    counter.inc(3)
    yield
    REGISTRY.unregister(counter)


@pytest.mark.usefixtures("_counted")
def test_a_worker_tells_what_plugins_keep() -> None:
    rows = group.tell()
    assert not [row for row in rows if row[0].startswith(("process_", "python_"))]
    (row,) = [row for row in rows if row[0] == "corepy_test_group"]
    assert row[:3] == ["corepy_test_group", "Counts.", "counter"]
    assert ["corepy_test_group_total", {}, 3.0] in row[3]


def test_without_the_library_there_is_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "prometheus_client")
    assert group.tell() == []
