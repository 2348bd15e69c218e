"""The text format."""

from __future__ import annotations

import math
import uuid

import pytest
from prometheus_client import Gauge, parser

from corepy import metrics
from corepy_plugins.prometheus import exposition


def text_of(page: bytes, name: str) -> list[str]:
    return [line for line in page.decode().splitlines() if name in line]


@pytest.fixture
def name() -> str:
    return f"test_{uuid.uuid4().hex}"


async def test_a_counter_without_labels_is_there_at_0(name: str) -> None:
    metrics.counter(f"{name}_total", "Line one\nand \\ two.")
    assert text_of(await exposition.render(), name) == [
        rf"# HELP {name}_total Line one\nand \\ two.",
        f"# TYPE {name}_total counter",
        f"{name}_total 0",
    ]


async def test_labels_are_escaped(name: str) -> None:
    metrics.gauge(name, "x", "a", "b").labels('say "x"\\', "two\nlines").set(1.5)
    assert text_of(await exposition.render(), name)[2:] == [
        rf'{name}{{a="say \"x\"\\",b="two\nlines"}} 1.5'
    ]


async def test_a_family_without_series_is_left_out(name: str) -> None:
    metrics.gauge(name, "x", "a")
    assert text_of(await exposition.render(), name) == []


async def test_a_histogram_adds_its_buckets_up(name: str) -> None:
    family = metrics.histogram(name, "x", "a", buckets=(0, 0.5, 100))
    for value in (0, 0.25, 0.5, 7, 1000):
        family.labels("v").observe(value)
    assert text_of(await exposition.render(), name) == [
        f"# HELP {name} x",
        f"# TYPE {name} histogram",
        f'{name}_bucket{{a="v",le="0"}} 1',
        f'{name}_bucket{{a="v",le="0.5"}} 3',
        f'{name}_bucket{{a="v",le="100"}} 4',
        f'{name}_bucket{{a="v",le="+Inf"}} 5',
        f'{name}_sum{{a="v"}} 1007.75',
        f'{name}_count{{a="v"}} 5',
    ]


async def test_metrics_of_the_client_library_are_shown_too(name: str) -> None:
    Gauge(name, "x").set(3)
    page = await exposition.render()
    assert text_of(page, name)[2:] == [f"{name} 3.0"]
    for expected in ("process_resident_memory_bytes", "process_open_fds", "python_info"):
        assert text_of(page, expected)


async def test_prometheus_can_read_the_page() -> None:
    metrics.counter("test_read_total", "x", "a").labels('"\\\n').inc()
    families = list(parser.text_string_to_metric_families((await exposition.render()).decode()))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    (mine,) = (family for family in families if family.name == "test_read")
    assert mine.samples[0].labels == {"a": '"\\\n'}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0, "0"), (3.0, "3"), (16e3, "16000"), (0.00025, "0.00025"), (1e20, "1e+20")),
        *((-2.5, "-2.5"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN")),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert exposition.number(value) == text
