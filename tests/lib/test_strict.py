"""`corepy.lib.strict`: a `}` is a word like any other."""

from __future__ import annotations

import pytest

from corepy.corefile.line import Line
from corepy.corefile.token import Source, Token
from corepy.errors import ConfigError
from corepy.lib.strict import exactly

SOURCE = Source("Corefile", "lameduck 1s }")


def line(*words: str) -> Line:
    name, *args = [Token(word, SOURCE, 1, at + 1, len(word)) for at, word in enumerate(words)]
    return Line(name, args)


def test_the_arguments_come_back() -> None:
    assert [arg.text for arg in exactly(line("lameduck", "1s"), 1, 1)] == ["1s"]


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("lameduck",), "lameduck"),
        (("lameduck", "1s", "2s"), "2s"),
        (("lameduck", "1s", "}"), "}"),
        (("lameduck", "1s", "2s", "}"), "}"),
    ],
)
def test_too_few_or_too_many(words: tuple[str, ...], last: str) -> None:
    with pytest.raises(ConfigError) as caught:
        exactly(line(*words), 1, 1)
    expected = f"Wrong argument count or unexpected line ending after '{last}'"
    assert caught.value.message == expected
    assert caught.value.span
    assert caught.value.span.column == len(words)
