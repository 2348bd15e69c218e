"""`runtime_metrics`: the collector's pauses."""

from __future__ import annotations

import gc

from corepy import metrics
from corepy_plugins.prometheus import runtime


def test_every_collection_is_timed_and_only_once() -> None:
    runtime.switch_on()
    runtime.switch_on()
    pauses = metrics.histogram("python_gc_pause_seconds", "", "generation").labels("2")
    before = sum(pauses.counts), pauses.total
    gc.collect()
    assert sum(pauses.counts) == before[0] + 1
    assert pauses.total > before[1]


def test_gauges_are_worked_out_at_a_scrape_outside_an_event_loop_too() -> None:
    runtime.switch_on()
    metrics.refresh()
    assert metrics.gauge("python_threads", "").labels().value >= 1
    pending = metrics.gauge("python_gc_pending_objects", "", "generation")
    assert set(pending.series) == {("0",), ("1",), ("2",)}
