"""What functions with a test for each element give, as recorded from expr-lang."""

from __future__ import annotations

import pytest

from tests.support.expressions import fails, value


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("all([1,2,3], # > 0)", "true"),
        ("any([1,2,3], {# > 2})", "true"),
        ("none([1,2,3], # > 2)", "false"),
        ("one([1,2,3], # > 2)", "true"),
        ("filter([1,2,3], # > 1)", "[2 3]"),
        ("map([1,2,3], # * 2)", "[2 4 6]"),
        ("map([1,2,3], #index)", "[0 1 2]"),
        ("count([1,2,3], # > 1)", "2"),
        ("count([true,false])", "1"),
        ("sum([1,2,3])", "6"),
        ("sum([1,2.5])", "3.5"),
        ("sum([1,2,3], # * 2)", "12"),
        ("find([1,2,3], # > 1)", "2"),
        ("findIndex([1,2,3], # > 1)", "1"),
        ("findLast([1,2,3], # > 1)", "3"),
        ("findLastIndex([1,2,3], # > 1)", "2"),
        ("find([1], # > 3)", "<nil>"),
        ("findIndex([1], # > 3)", "<nil>"),
        ("groupBy([1,2,3], # % 2)", "map[0:[2] 1:[1 3]]"),
        ("sortBy([3,1,2], #)", "[1 2 3]"),
        ("sortBy([3,1,2], #, 'desc')", "[3 2 1]"),
        ("sortBy([{a:2},{a:1}], .a)", "[map[a:1] map[a:2]]"),
        ("reduce([1,2,3], #acc + #)", "6"),
        ("reduce([1,2,3], #acc + #, 10)", "16"),
        ("[1,2,3] | map(# + 1) | filter(# > 2)", "[3 4]"),
        ("any(['10.0.0.0/8','192.168.0.0/16'], incidr(client_ip(), #))", "true"),
        ("filter([{a:1},{a:2}], .a > 1)", "[map[a:2]]"),
        ("filter([{a:1},{a:2}], {.a > 1})", "[map[a:2]]"),
        ("filter([{a:1},{a:2}], #.a > 1)[0].a", "2"),
        ("all([[1,2],[3]], all(#, # > 0))", "true"),
        ("map([[1],[2]], map(#, # + 1))", "[[2] [3]]"),
        ("map(['a'], upper(#))", "[A]"),
        ("filter(split(name(),'.'), len(#) > 3)", "[example]"),
        ("map(1..3, #index * #)", "[0 2 6]"),
        ("sum(1..100)", "5050"),
        ("count(1..100, # % 7 == 0)", "14"),
        ("filter(['a', 'bb'], len(#) == 2)[0]", "bb"),
        ("none([], true)", "true"),
        ("all([], false)", "true"),
    ],
)
def test_value(source: str, wanted: str) -> None:
    assert value(source) == wanted


@pytest.mark.parametrize(
    "source",
    [
        "reduce([], #acc + #)",
        "sum(['a'])",
    ],
)
def test_no_value(source: str) -> None:
    """It compiles, since only the query would have told."""
    assert fails(source)
