"""Words, lines and columns by CoreDNS's token rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy.corefile.lexer import tokenize
from corepy.corefile.token import Source, Token

SOUP = st.text(alphabet=st.sampled_from('ab{}"\\#, \t\r\n$%()\ufeff\u2003\x1c\x85é'), max_size=60)


def words(text: str) -> list[str]:
    return [token.text for token in tokenize(Source("Corefile", text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a b\tc\nd", ["a", "b", "c", "d"]),
        ("\ufeffa", ["a"]),
        ("a\ufeff", ["a\ufeff"]),
        ("a\rb\r\nc", ["ab", "c"]),
        ("a\u2003b\x85c", ["a", "b", "c"]),
        ("a\x1cb", ["a\x1cb"]),
        ("# a b\nc", ["c"]),
        ("a #b c\nd", ["a", "d"]),
        ("a#b c", ["a", "c"]),
        ("a#b\r\nc", ["a", "c"]),
        ('"a b"', ["a b"]),
        ('"a"b', ["a", "b"]),
        ('a"b c"', ['a"b', 'c"']),
        ('""', [""]),
        ('"a\n#b {"', ["a\n#b {"]),
        (r'"a\"b"', ['a"b']),
        (r'"a\\"', [r"a\\"]),
        (r'"a\n\"', [r'a\n"']),
        ('"a\rb"', ["a\rb"]),
        ('x "rest of\nthe file', ["x", "rest of\nthe file"]),
        ('x "', ["x"]),
        ('x "\\', ["x"]),
        ('x "a\\', ["x", "a"]),
        (".{ a} {$X}", [".{", "a}", "{$X}"]),
        ("'a b'", ["'a", "b'"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b\n c", [(1, 1, True), (1, 3, False), (2, 2, True)]),
        ('"x\ny" z\nw', [(1, 1, True), (2, 4, False), (3, 1, True)]),
        ("\ufeffa b", [(1, 1, True), (1, 3, False)]),
        ("é b", [(1, 1, True), (1, 3, False)]),
        ("a\r\n\r\n b", [(1, 1, True), (3, 2, True)]),
    ],
)
def test_places(text: str, expected: list[tuple[int, int, bool]]) -> None:
    tokens = tokenize(Source("Corefile", text))
    assert [(token.line, token.column, token.first) for token in tokens] == expected


def test_octets_that_are_no_utf_8() -> None:
    assert words("a\udcffb") == ["a\ufffdb"]


@given(SOUP | st.text(max_size=60))
def test_every_word_stands_where_it_says(text: str) -> None:
    source = Source("Corefile", text)
    for token in tokenize(source):
        assert source.line(token.line)[token.column - 1 :].startswith(_start(token))
        assert token.length > 0


def _start(token: Token) -> str:
    """What the source must show at the place: the quote, or the word up to a dropped \\r."""
    return '"' if token.quoted else token.text[0]


@given(SOUP)
def test_quotes_keep_a_text_whole(text: str) -> None:
    plain = text.replace("\\", "").replace("\ufeff", "")
    quoted = '"' + plain.replace('"', '\\"') + '"'
    assert words(quoted) == [plain]
