"""Places of external plugins in the chain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy.errors import ConfigErrors
from corepy.order import Place, weave

ORDER = ("errors", "log", "cache", "forward", "view")


def place(before: str = "", after: str = "") -> Place:
    return Place(tuple(before.split()), tuple(after.split()))


@pytest.mark.parametrize(
    ("externals", "expected"),
    [
        ({}, "errors log cache forward view"),
        ({"x": place()}, "errors log cache x forward view"),
        ({"b": place(), "a": place()}, "errors log cache a b forward view"),
        ({"x": place("cache")}, "errors log x cache forward view"),
        ({"x": place("", "errors")}, "errors x log cache forward view"),
        ({"x": place("", "view")}, "errors log cache forward view x"),
        ({"x": place("errors")}, "x errors log cache forward view"),
        ({"x": place("view", "errors")}, "errors log cache forward x view"),
        ({"x": place("cache view", "errors log")}, "errors log x cache forward view"),
        ({"b": place("a"), "a": place()}, "errors log cache b a forward view"),
        ({"a": place("", "b"), "b": place("log")}, "errors b a log cache forward view"),
        ({"z": place("a"), "a": place("", "errors")}, "errors z a log cache forward view"),
        ({"a": place("", "b"), "b": place("a")}, "errors log cache b a forward view"),
        ({"a": place("cache", "b"), "b": place("", "log")}, "errors log b a cache forward view"),
        ({"x": place("idle")}, "errors log cache x forward view"),
        ({"cache": place("errors")}, "errors log cache forward view"),
    ],
)
def test_weave(externals: dict[str, Place], expected: str) -> None:
    assert weave(ORDER, externals, ("idle",)) == expected.split()


@pytest.mark.parametrize(
    ("externals", "message"),
    [
        ({"a": place("b"), "b": place("a")}, "plugin order has a cycle: a -> b -> a"),
        ({"a": place("a")}, "plugin order has a cycle: a -> a"),
        ({"a": place("b"), "b": place("c"), "c": place("a")},
         "plugin order has a cycle: a -> b -> c -> a"),
        ({"x": place("cahce")}, "plugin 'x' wants a place next to the unknown plugin 'cahce'"),
        ({"x": place("errors", "cache")},
         "plugin 'x' cannot stand before 'errors' and after 'cache'"),
        ({"a": place("errors"), "b": place("a", "log")},
         "plugin 'a' cannot stand before 'errors' and after what others ask for"),
    ],
)  # fmt: skip
def test_what_cannot_be(externals: dict[str, Place], message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        weave(ORDER, externals)
    assert message in [error.message for error in caught.value.errors]


def test_unknown_names_come_with_a_hint() -> None:
    with pytest.raises(ConfigErrors) as caught:
        weave(ORDER, {"x": place("cahce")})
    assert caught.value.errors[0].hint == "did you mean 'cache'?"


NAMES = st.lists(st.sampled_from([*ORDER, "p", "q", "r"]), max_size=2).map(" ".join)


@given(st.dictionaries(st.sampled_from("pqr"), st.builds(place, NAMES, NAMES), max_size=3))
def test_every_order_keeps_all_constraints(externals: dict[str, Place]) -> None:
    try:
        woven = weave(ORDER, externals, "pqr")
    except ConfigErrors:
        return
    assert [name for name in woven if name in ORDER] == list(ORDER)
    assert sorted(woven) == sorted([*ORDER, *externals])
    at = {name: index for index, name in enumerate(woven)}
    for name, wish in externals.items():
        assert all(at[name] < at[other] for other in wish.before if other in at)
        assert all(at[name] > at[other] for other in wish.after if other in at)
