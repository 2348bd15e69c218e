"""The checks plugins make on their lines."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from corepy.corefile import load
from corepy.corefile.line import Directive, Line, Property
from corepy.errors import ConfigError


def prop(text: str) -> Property:
    corefile = load(f". {{\n x {{\n{text}\n}}\n}}", "f", known=lambda _: True, environ={})
    return corefile.blocks[0].directives["x"][0].body[0]


def line(text: str) -> Line:
    corefile = load(f". {{\n{text}\n}}", "f", known=lambda _: True, environ={})
    return next(iter(corefile.blocks[0].directives.values()))[0]


def fault(call: Callable[[], object]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        call()
    return caught.value


WRONG = "Wrong argument count or unexpected line ending after "


def test_counts() -> None:
    assert [arg.text for arg in prop("a 1 2").count(1)] == ["1", "2"]
    assert prop("a 1").only().text == "1"
    prop("a").none()
    assert fault(lambda: prop("a").count(1)).message == WRONG + "'a'"
    assert fault(lambda: prop("a 1 2").only()).message == WRONG + "'2'"
    assert fault(lambda: prop("a 1").none()).message == WRONG + "'1'"


def test_a_brace_left_on_the_line_is_forgiven_where_it_is_too_many() -> None:
    one_line = line("x { a 1 }\n").body[0]  # type: ignore[attr-defined]
    assert one_line.only().text == "1"
    assert one_line.values() == ["1", "}"]
    assert [arg.text for arg in one_line.count(1)] == ["1", "}"]
    assert one_line.integer() == 1


def test_blocks_where_none_belongs() -> None:
    line("x").bare()
    error = fault(line("x {\n}").bare)
    assert error.message == "Unexpected token '{', expecting argument"
    assert error.span
    assert error.span.column == 3


def test_the_block_of_a_property_is_for_a_plugin_that_asks() -> None:
    directive = line("x {\n a 1 {\n  b {\n  }\n  c 2\n }\n d\n}")
    assert isinstance(directive, Directive)
    outer, last = directive.body
    assert [error.span.line for error in directive.unopened() if error.span] == [3, 4]
    inner, other = outer.block()
    assert (inner.values(), other.values(), last.block()) == ([], ["2"], [])
    (error,) = directive.unopened()
    assert error.span
    assert (error.span.line, error.span.column) == (4, 5)
    assert (error.message, error.hint) == ("unknown property '{'", "b takes no block")
    assert [one.name.text for one in directive.lines()] == ["x", "a", "b", "c", "d"]


@pytest.mark.parametrize(("text", "expected"), [("5", 5), ("-5", -5), ("+7", 7), ("007", 7)])
def test_integers(text: str, expected: int) -> None:
    assert prop(f"a {text}").integer() == expected


@pytest.mark.parametrize("text", ["x", "1.5", "", "1_0", "٣", "--1", "-"])
def test_no_integers(text: str) -> None:
    assert "invalid number" in fault(lambda: prop(f'a "{text}"').integer()).message


def test_ranges() -> None:
    assert prop("a 0").seconds() == 0
    error = fault(lambda: prop("a -1").seconds())
    assert (error.message, error.hint) == ("number out of range: -1", "0 to 2147483647")
    assert fault(lambda: prop("a 1").integer(least=2)).hint == "at least 2"
    assert fault(lambda: prop("a 3").integer(most=2)).hint == "at most 2"
    assert fault(lambda: prop("a 3").integer(1)).message == WRONG + "'3'"


def test_durations() -> None:
    assert prop("a 1m30s").duration() == 90
    error = fault(lambda: prop("a 30").duration())
    assert error.message == 'time: missing unit in duration "30"'
    assert error.hint == "write 30s for seconds"


def test_choices() -> None:
    assert prop("policy random").choice("random", "sequential") == "random"
    error = fault(lambda: prop("policy randon").choice("random", "sequential"))
    assert (error.message, error.hint) == ("unknown policy 'randon'", "did you mean 'random'?")
    assert fault(lambda: prop("p zz").choice("a", "b")).hint == "one of: a, b"


def test_unknown_properties() -> None:
    error = fault(lambda: prop("tll 5").unknown("ttl", "reload"))
    assert (error.message, error.hint) == ("unknown property 'tll'", "did you mean 'ttl'?")
    assert fault(lambda: prop("zzz").unknown("ttl", "reload")).hint == "one of: reload, ttl"


def test_errors_stand_at_the_last_word_and_hide_secrets() -> None:
    url = prop("headscale_url https://h S3CRET more")
    error = url.error("no good: S3CRET")
    assert error.message == "no good: ***"
    assert error.span
    assert error.span.source_line[error.span.column - 1 :] == "more"
    assert "S3CRET" not in repr(url)
    assert fault(lambda: url.count(1, 1)).message == WRONG + "'***'"
