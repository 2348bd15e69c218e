"""Moments and spans of time, as recorded from expr-lang."""

from __future__ import annotations

import pytest

from tests.support.expressions import fails, value


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("duration('1h30m')", "1h30m0s"),
        ("duration('1h') > duration('30m')", "true"),
        ("duration('1h') + duration('1m')", "1h1m0s"),
        ("date('2024-01-02').Year()", "2024"),
        ("date('2024-01-02').Weekday()", "Tuesday"),
        ("date('2024-01-02').Weekday().String() == 'Tuesday'", "true"),
        ("date('2024-01-02').Month()", "January"),
        ("date('2024-01-02') < date('2024-01-03')", "true"),
        ("date('2024-01-03') - date('2024-01-02')", "24h0m0s"),
        ("date('2024-01-02 10:11:12').Hour()", "10"),
        ("date('2024-01-02T10:11:12Z').Unix()", "1704190272"),
        ("date('02/01/2024','02/01/2006').Day()", "2"),
        ("date('2024-01-02')", "2024-01-02 00:00:00 +0000 UTC"),
        ("date('2024-02-29').YearDay()", "60"),
        ("date('2024-01-02') + duration('36h') == date('2024-01-03 12:00:00')", "true"),
        ("duration('1h').Minutes()", "60"),
        ("date('2024-07-01 12:00:00', '2006-01-02 15:04:05', 'Europe/Vienna').UTC().Hour()", "10"),
        ("date('Mon, 02 Jan 2006 15:04:05 MST').Unix()", "1136214245"),
        ("date('2024-01-02').Add(duration('25h')).Day()", "3"),
        ("date('2024-01-03').Sub(date('2024-01-02')).Hours()", "24"),
        ("date('2024-01-02').Before(date('2024-01-03'))", "true"),
    ],
)
def test_value(source: str, wanted: str) -> None:
    assert value(source) == wanted


@pytest.mark.parametrize(
    "source",
    [
        "duration('x')",
        "date('nope')",
        "timezone('Nowhere/Else')",
    ],
)
def test_no_value(source: str) -> None:
    """It compiles, since only the query would have told."""
    assert fails(source)
