"""Environment variables inside words."""

from __future__ import annotations

import pytest

from corepy.corefile.env import substitute

ENVIRON = {
    "A": "one",
    "B": "t w o",
    "NEST": "<{$A}>",
    "SELF": "x{$SELF}",
    "A:b": "odd",
    "C": "{%A%}",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{$A}", "one"),
        ("{%A%}", "one"),
        ("x{$A}y{%B%}z", "xoneyt w oz"),
        ("{$A}{$A}", "oneone"),
        ("{$UNSET}", ""),
        ("a{%UNSET%}b", "ab"),
        ("{$A:b}", "odd"),
        ("{$A:default}", ""),
        ("{$}", "{$}"),
        ("{%%}", "{%%}"),
        ("{$}{$A}", "{$}{$A}"),
        ("{$A", "{$A"),
        ("{%A}", "{%A}"),
        ("{$NEST}", "<one>"),
        ("{$C}", "{%A%}"),
        ("{qtype}", "{qtype}"),
    ],
)
def test_substitute(text: str, expected: str) -> None:
    assert substitute(text, ENVIRON) == expected


def test_a_value_that_names_itself_ends() -> None:
    assert substitute("{$SELF}", ENVIRON).startswith("xxx")


def test_a_value_that_is_no_utf_8_is_legible() -> None:
    assert substitute("{$RAW}", {"RAW": "a\udcff"}) == "a\ufffd"
