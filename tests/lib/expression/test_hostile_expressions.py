"""Expressions that nobody meant well: refused, or run to an end, and soon."""
# ruff: noqa: E501, SIM905 - rows of words are read more easily than lists

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy.lib import expression
from corepy.lib.expression import EvaluationError, ExpressionError
from tests.support.expressions import NAMES

SECONDS = 5.0
"""The budget of an evaluation is used up in far less; this is for a busy machine."""


def survives(source: str) -> None:
    """Compile and run it; only the two errors of expressions may come of it."""
    started = time.monotonic()
    try:
        program = expression.compile(source, NAMES)
        expression.format_value(program.run(None))
    except (ExpressionError, EvaluationError):
        pass
    assert time.monotonic() - started < SECONDS


WORDS = st.sampled_from(
    """( ) [ ] { } , : ? ?? ?. . .. # #acc ; | + - * / % ** ^ == != < <= > >= && || ! not and or in
    contains startsWith endsWith matches let if else true false nil 0 1 -1 1.5 1e309 0x7f 0b1
    9223372036854775807 9223372036854775808 100000000 1_000 '' 'a' "\\x" `b` '((a+)+)+$' '[' 'a{99999}'
    name() type() do() client_ip() size() incidr('10.0.0.1','10.0.0.0/8') all any none one map filter
    find count sum mean median min max sort sortBy groupBy reduce reverse uniq flatten concat join
    split splitAfter repeat replace trim upper lower indexOf hasPrefix len first last take keys values
    toPairs fromPairs toJSON fromJSON toBase64 fromBase64 int float string now duration date round
    abs ceil floor bitand bitshl bitushr get x y =""".split()
)
SPACES = st.sampled_from([" ", "", "\n", "/*", "//"])


@st.composite
def soups(draw: st.DrawFn) -> str:
    """Words of the language in any order."""
    pieces = draw(st.lists(st.tuples(WORDS | st.text(max_size=5), SPACES), max_size=20))
    return "".join(word + space for word, space in pieces)


@settings(max_examples=500, deadline=None)
@given(soups())
def test_any_words(source: str) -> None:
    survives(source)


LEAVES = st.sampled_from(
    "1 -1 0 1.5 9223372036854775807 -9223372036854775808 1e308 'a' '' 'xyz' true nil [] {} 1..3 "
    "1..1000 [1,2,'a'] [[1],[2]] {'k':1} name() '10.0.0.1' '((a+)+)+$' 'aaaaaaaaaaaaaaaaaaaaaaaaaa!' "
    "now() duration('1h')".split()
)
OPERATORS = st.sampled_from(
    "+ - * / % ** == != < > && || in matches contains startsWith .. ?? |".split()
)
CALLS = st.sampled_from(
    "len abs int float string upper reverse sort uniq flatten sum mean median keys values toJSON "
    "fromJSON toBase64 first last toPairs fromPairs duration date round trim max min".split()
)
TWO = st.sampled_from("repeat split join take indexOf get bitshl bitshr bitand concat".split())
LOOPS = st.sampled_from("all any none one map filter find count sortBy groupBy".split())


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.builds("({} {} {})".format, inner, OPERATORS, inner)
        | st.builds("{}({})".format, CALLS, inner)
        | st.builds("{}({}, {})".format, TWO, inner, inner)
        | st.builds("{}({}, {{# == {}}})".format, LOOPS, inner, inner)
        | st.builds("map({}, {})".format, inner, inner)
        | st.builds("reduce({}, #acc + #, {})".format, inner, inner)
        | st.builds("({} ? {} : {})".format, inner, inner, inner)
        | st.builds("{}[{}]".format, inner, inner)
        | st.builds("[{}, {}]".format, inner, inner)
        | st.builds("repeat(string({}), 1000)".format, inner)
    )


@settings(max_examples=500, deadline=None)
@given(st.recursive(LEAVES, _larger, max_leaves=12))
def test_expressions_of_right_form(source: str) -> None:
    survives(source)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 20_000 + "1" + ")" * 20_000,
        "[" * 20_000,
        "{" * 20_000,
        "!" * 20_000 + "true",
        "-" * 20_000 + "1",
        "not " * 20_000 + "true",
        "1" + " + 1" * 20_000,
        "1" + " ** 2" * 5_000,
        "true ? " * 5_000 + "1" + " : 2" * 5_000,
        "name()" + "[0]" * 5_000,
        "name()" + ".a" * 5_000,
        "1 | abs()" + " | abs()" * 5_000,
        "let x = 1; " * 5_000 + "x",
        "if true { " * 5_000 + "1" + " }" * 5_000,
        "map(" * 2_000 + "[1]" + ", #)" * 2_000,
        "len(" * 5_000 + "'a'" + ")" * 5_000,
        "'" + "a" * 200_000 + "'",
        "'" + "\\" * 100_001,
        "1" * 100_000,
        "1." + "1" * 100_000,
        "0x" + "f" * 100_000,
        "/*" * 50_000,
        "a" * 200_000,
        "9 ** 9 ** 9 ** 9",
        "9223372036854775807 * 9223372036854775807",
        "bitshl(1, 1000000000)",
        "repeat(repeat('a', 100000), 100000)",
        "1..9223372036854775807",
        "-9223372036854775808..9223372036854775807",
        "repeat('a', 50000) matches '(a*)*b'",
        "repeat('a', 900000) matches repeat('a?', 400) + 'b'",
        "'a' matches '" + "(" * 5_000 + ")" * 5_000 + "'",
        "'a' matches 'a{1000}{1000}{1000}'",
        "'a' matches '" + "a{100}" * 2_000 + "'",
        "fromJSON(repeat('[', 900000))",
        "toJSON(" + "[" * 300 + "]" * 300 + ")",
        "split(repeat('a', 900000), '')",
        "replace(repeat('a', 900000), 'a', repeat('b', 900000))",
        "join(map(1..1000, repeat('a', 1000)), repeat('b', 1000))",
        "sort(map(1..100000, -#))",
    ],
    ids=lambda source: source[:32],
)
def test_much_of_one_thing(source: str) -> None:
    survives(source)


@pytest.mark.parametrize(
    "source",
    [
        "toJSON(reduce(1..60, [#acc, #acc], []))",
        "flatten(reduce(1..60, [#acc, #acc], []))",
        "string(reduce(1..60, [#acc, #acc], []))",
        "reduce(1..60, [#acc, #acc], []) == reduce(1..60, [#acc, #acc], [])",
        "toJSON(reduce(1..60, [{'a': #acc, 'b': #acc}], []))",
        "reduce(1..1000, [#acc], [])",
        "toJSON(reduce(1..1000, [#acc], []))",
    ],
)
def test_what_is_small_and_looks_large(source: str) -> None:
    with pytest.raises(EvaluationError, match="memory budget exceeded"):
        expression.format_value(expression.compile(source, NAMES).run(None))


def test_each_once_of_many() -> None:
    survives("uniq(map(1..20000, #))")


def test_each_once_tells_kinds_apart() -> None:
    program = expression.compile(
        "uniq([1, 1.0, true, 'a', 'a', [1], [1], nil, nil, 0, false])", NAMES
    )
    assert expression.format_value(program.run(None)) == "[1 true a [1] <nil> 0 false]"
