"""However an expression is written, one evaluation ends soon."""

from __future__ import annotations

import time

import pytest

from corepy.lib import expression
from corepy.lib.expression import EvaluationError
from tests.support.expressions import NAMES


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1..1000001", "memory budget exceeded"),
        ("map(1..900, repeat('x', 9000))[0]", "memory budget exceeded"),
        ("repeat('ab', 600000)", "memory budget exceeded"),
        ("reverse(1..600000)", "memory budget exceeded"),
        ("all(1..1000, all(1..1000, all(1..1000, true)))", "too many steps"),
        ("count(1..200000, # > 0)", "too many steps"),
    ],
)
def test_budget(source: str, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(EvaluationError, match=reason):
        expression.compile(source, NAMES).run(None)
    assert time.monotonic() - started < 2


def test_the_budget_is_for_one_evaluation() -> None:
    program = expression.compile("sum(1..60000)", NAMES)
    assert [program.run(None) for _ in range(20)] == [1800030000] * 20


def test_a_long_list_of_conditions() -> None:
    """Rows of conditions nest in the syntax, but neither the compiler nor the callables do."""
    source = " or ".join(f"name() == 'x{number}.'" for number in range(2000))
    assert expression.compile(source, NAMES).run(None) is False
    assert expression.compile(source + " or do()", NAMES).run(None) is True


def test_what_looks_at_the_clock_says_so() -> None:
    assert expression.compile("now().Year() > 2000", NAMES).volatile
    assert expression.compile("now().Year() > 2000", NAMES).run(None) is True
    assert not expression.compile("date('2024-01-02').Year() > 2000", NAMES).volatile


@pytest.mark.parametrize(
    ("source", "holds"),
    [("true", True), ("false", False), ("1", False), ("'true'", False), ("nil", False),
     ("do", False), ("incidr('x', '10.0.0.0/8')", False), ("do()", True)],
)  # fmt: skip
def test_only_true_holds(source: str, holds: bool) -> None:
    assert expression.compile(source, NAMES).holds(None) is holds
