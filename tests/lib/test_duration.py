"""Go durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy.lib import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("-0", 0), ("+0", 0), ("0s", 0), ("1s", 1), ("300ms", 0.3), ("1h30m", 5400),
        ("-1.5h", -5400), ("+5s", 5), (".5s", 0.5), ("5.s", 5), ("1us", 1e-6), ("1µs", 1e-6),
        ("1μs", 1e-6), ("1ns", 1e-9), ("1m1m", 120), ("1h1ns", 3600.000000001),
        ("2562047h47m16.854775807s", 9223372036.854775807),
        ("-9223372036854775808ns", -(2**63) / 1e9),
    ],
)  # fmt: skip
def test_parse(text: str, seconds: float) -> None:
    assert duration.parse(text) == seconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("3", 'time: missing unit in duration "3"'),
        ("-", 'time: invalid duration "-"'),
        ("s", 'time: invalid duration "s"'),
        (".", 'time: invalid duration "."'),
        (".s", 'time: invalid duration ".s"'),
        ("abc", 'time: invalid duration "abc"'),
        ("5x", 'time: unknown unit "x" in duration "5x"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1S", 'time: unknown unit "S" in duration "1S"'),
        ("1s ", 'time: unknown unit "s " in duration "1s "'),
        ("1h-5m", 'time: unknown unit "h-" in duration "1h-5m"'),
        ("--1s", 'time: invalid duration "--1s"'),
        ("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'),
        ("٣s", 'time: invalid duration "٣s"'),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        duration.parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (1, "1s"), (90, "1m30s"), (3600, "1h0m0s"), (1.5, "1.5s"), (0.3, "300ms"),
        (0.0015, "1.5ms"), (1e-6, "1µs"), (1e-9, "1ns"), (-90, "-1m30s"), (86400, "24h0m0s"),
        (100, "1m40s"), (0.1, "100ms"),
    ],
)  # fmt: skip
def test_format(seconds: float, text: str) -> None:
    assert duration.format(seconds) == text


@given(st.integers(-(10**15), 10**15))
def test_round_trip(nanos: int) -> None:
    assert duration.nanoseconds(duration.format(nanos / 1e9)) == round(nanos / 1e9 * 1e9)


@given(st.text(alphabet=st.sampled_from("0123.hmsnuµx+- "), max_size=12))
def test_only_value_errors(text: str) -> None:
    try:
        assert duration.parse(text) is not None
    except ValueError as error:
        assert str(error).startswith("time: ")  # noqa: PT017
