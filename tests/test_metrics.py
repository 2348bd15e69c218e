"""Plain numbers, and what prometheus-client makes of them."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from prometheus_client.core import CollectorRegistry
from prometheus_client.exposition import generate_latest

from corepy import metrics, series, wire
from tests.support.queries import request_of

_numbers = count()


def fresh() -> str:
    """A name no other test has used."""
    return f"coredns_test{next(_numbers)}"


def page() -> str:
    registry = CollectorRegistry()
    registry.register(metrics)  # a module with `collect` will do
    return generate_latest(registry).decode()


def samples(name: str) -> dict[str, float]:
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in page().splitlines()
        if line.startswith(name)
    }


def test_a_counter() -> None:
    name = fresh() + "_total"
    family = metrics.counter(name, "Some text.", "server", "zone")
    one = family.labels("dns://:53", "a.")
    one.value += 2
    one.inc()
    family.labels("dns://:53", "b.").inc(0.5)
    assert family.labels("dns://:53", "a.") is one
    assert samples(name) == {
        name + '{server="dns://:53",zone="a."}': 3.0,
        name + '{server="dns://:53",zone="b."}': 0.5,
    }
    assert f"# HELP {name} Some text." in page()
    assert f"# TYPE {name} counter" in page()


def test_a_gauge_can_go_down_and_away() -> None:
    name = fresh()
    family = metrics.gauge(name, "x", "to")
    family.labels("a").set(5)
    family.labels("a").inc(-2)
    family.labels("b").set(1)
    family.forget("b")
    family.forget("never there")
    assert samples(name) == {name + '{to="a"}': 3.0}
    family.clear()
    assert samples(name) == {}


def test_a_series_without_labels_is_there_from_the_start() -> None:
    total, gauge, histogram = fresh() + "_total", fresh(), fresh()
    metrics.counter(total, "x")
    metrics.gauge(gauge, "x")
    metrics.histogram(histogram, "x", buckets=(1,))
    assert samples(total) == {total: 0.0}
    assert samples(gauge) == {gauge: 0.0}
    assert samples(histogram)[histogram + "_count"] == 0.0


def test_a_histogram() -> None:
    name = fresh()
    series_ = metrics.histogram(name, "x", "zone", buckets=(1, 2.5)).labels(".")
    for value in (0.5, 1, 2, 2.5, 3):
        series_.observe(value)
    assert samples(name) == {
        name + '_bucket{le="1.0",zone="."}': 2.0,
        name + '_bucket{le="2.5",zone="."}': 4.0,
        name + '_bucket{le="+Inf",zone="."}': 5.0,
        name + '_count{zone="."}': 5.0,
        name + '_sum{zone="."}': 9.0,
    }


def test_coredns_buckets() -> None:
    assert metrics.TIME_BUCKETS[0] == 0.00025
    assert metrics.TIME_BUCKETS[-1] == 8.192
    assert len(metrics.TIME_BUCKETS) == 16


def test_a_family_is_made_once() -> None:
    name = fresh()
    assert metrics.gauge(name, "x", "a") is metrics.gauge(name, "x", "a")
    histogram = fresh()
    assert metrics.histogram(histogram, "x") is metrics.histogram(histogram, "x")


def test_a_family_with_other_labels_or_of_another_kind_is_a_mistake() -> None:
    name = fresh()
    metrics.gauge(name, "x", "a")
    with pytest.raises(ValueError, match="exists"):
        metrics.gauge(name, "x", "b")
    with pytest.raises(ValueError, match="exists"):
        metrics.counter(name, "x", "a")
    with pytest.raises(ValueError, match="exists"):
        metrics.histogram(name, "x", "a")
    with pytest.raises(ValueError, match="has the labels"):
        metrics.gauge(name, "x", "a").labels("1", "2")


def test_label_values_are_escaped() -> None:
    name = fresh()
    metrics.gauge(name, "x", "a").labels('q"\\\n').set(1)
    assert name + '{a="q\\"\\\\\\n"} 1.0' in page()


def test_gauges_can_be_worked_out_when_somebody_looks() -> None:
    name = fresh()
    gauge = metrics.gauge(name, "x").labels()
    owner = object()
    metrics.before_scrape(owner, lambda: gauge.set(gauge.value + 1))
    try:
        assert samples(name) == {name: 1.0}
        assert samples(name) == {name: 2.0}
    finally:
        metrics.before_scrape(owner, None)
    assert samples(name) == {name: 2.0}
    metrics.before_scrape(owner, None)


# ---- the server's own series


def tallied(address: str, **parts: Any) -> dict[str, float]:
    request = request_of(**parts)
    request.listener.address = address  # type: ignore[misc]
    cell = series.tally(request, "a.", wire.NXDOMAIN, "file").add(0.001, 40, 600)
    cell.repeat(b"", request.peer, 0.0)
    cell.repeat(b"", request.peer, 0.0)
    return {k: v for k, v in samples("coredns_dns_").items() if address in k}


def test_a_query_is_counted_in_all_its_series_and_so_are_repetitions() -> None:
    found = tallied("dns://:5301", qtype=wire.AAAA, edns=1232, do=True)
    common = 'server="dns://:5301"'
    assert (
        found[
            f'coredns_dns_requests_total{{family="1",proto="udp",{common},type="AAAA",view="",zone="a."}}'
        ]
        == 3
    )
    assert (
        found[
            f'coredns_dns_responses_total{{plugin="file",rcode="NXDOMAIN",{common},view="",zone="a."}}'
        ]
        == 3
    )
    assert found[f'coredns_dns_do_requests_total{{{common},view="",zone="a."}}'] == 3
    assert found[f'coredns_dns_request_duration_seconds_count{{{common},view="",zone="a."}}'] == 3
    assert (
        found[f'coredns_dns_response_size_bytes_sum{{proto="udp",{common},view="",zone="a."}}']
        == 1800
    )


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        ({"qtype": 65400}, 'type="other"'),
        ({"qtype": 255}, 'type="ANY"'),
        ({"peer": ("2001:db8::1", 1, 0, 0)}, 'family="2"'),
        ({"peer": ("::ffff:192.0.2.1", 1, 0, 0)}, 'family="1"'),
        ({"proto": "tcp"}, 'proto="tcp"'),
    ],
)
def test_labels_come_from_a_closed_set(parts: dict[str, Any], label: str) -> None:
    address = f"dns://:{6000 + next(_numbers)}"
    found = tallied(address, **parts)
    assert any(label in key for key in found if "requests_total" in key)


def test_strangers_make_no_new_series() -> None:
    address = f"dns://:{6000 + next(_numbers)}"
    for qtype in range(256, 3000, 7):
        request = request_of(name=f"n{qtype}.test", qtype=qtype)
        request.listener.address = address  # type: ignore[misc]
        series.tally(request, "a.", 0, "").add(0.0, qtype, qtype)
    assert sum(address in key and "requests_total" in key for key in samples("coredns_dns_")) == 1


def test_rcodes() -> None:
    assert [series.rcode_text(code) for code in (0, 5, 11, 16, 23, 999)] == [
        "NOERROR", "REFUSED", "RCODE11", "BADSIG", "BADCOOKIE", "RCODE999",
    ]  # fmt: skip
