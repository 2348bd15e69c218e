"""Go's regular expressions: what matches, what is refused with which words."""

from __future__ import annotations

import importlib.util
import re
import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy.lib import regex, regex_linear
from corepy.lib.regex_linear import Linear
from corepy.lib.regex_syntax import translate

MATCHES = [
    (r"", "abc", ""),
    (r"b+", "abbc", "bb"),
    (r"b+?", "abbc", "b"),
    (r"(?U)b+", "abbc", "b"),
    (r"(?U)b+?", "abbc", "bb"),
    (r"^a$", "a\n", None),
    (r"(?m)^b$", "a\nb\nc", "b"),
    (r"a\z", "a\n", None),
    (r"\Ab", "ab", None),
    (r"a.b", "a\nb", None),
    (r"(?s)a.b", "a\nb", "a\nb"),
    (r"(?i)ab(?-i)C", "ABC", "ABC"),
    (r"(?i)ab(?-i)c", "ABC", None),
    (r"a(?i)b|c", "C", "C"),
    (r"(a(?i)b)c", "aBC", None),
    (r"(?i:K)", "\N{KELVIN SIGN}", "\N{KELVIN SIGN}"),
    (r"\d", "\N{ARABIC-INDIC DIGIT ONE}", None),
    (r"\w+", "\N{LATIN SMALL LETTER E WITH ACUTE}x_", "x_"),
    (r"\s", "\v", None),
    (r"\bx", "\N{LATIN SMALL LETTER E WITH ACUTE}x", "x"),
    (r"\B", "", ""),
    (r"[[:alpha:]]+", "12ab", "ab"),
    (r"[[:^digit:]]+", "12ab", "ab"),
    (r"[^\d]+", "12ab", "ab"),
    (r"[^a\D]+", "ab12", "12"),
    (r"(?i)\W", "kK", None),
    (r"[]a]+", "x]a", "]a"),
    (r"[a-]+", "-a", "-a"),
    (r"[&&~~||]+", "x&", "&"),
    (r"\pL+", "1\N{GREEK SMALL LETTER ALPHA}b", "\N{GREEK SMALL LETTER ALPHA}b"),
    (r"\P{^Lu}", "aB", "B"),
    (r"\p{Any}", "x", "x"),
    (r"\P{Any}", "x", None),
    (r"\Qa.b\E+", "xa.bb", "a.bb"),
    (r"\Q*", "a*", "*"),
    (r"a{2}", "aaa", "aa"),
    (r"a{2,}", "aaa", "aaa"),
    (r"a{,2}", "a{,2}", "a{,2}"),
    (r"a{01}", "a{01}", "a{01}"),
    (r"\x41\x{42}\103", "ABC", "ABC"),
    (r"\a\f\n\r\t\v", "\a\f\n\r\t\v", "\a\f\n\r\t\v"),
    (r"\_\.", "_.", "_."),
    (r"^*b", "b", "b"),
    (r"a*(?i){2}", "aa", "aa"),
    (
        r".*no next plugin.*",
        "plugin/hosts: no next plugin found",
        "plugin/hosts: no next plugin found",
    ),
]


@pytest.mark.parametrize(("source", "text", "found"), MATCHES)
def test_search(source: str, text: str, found: str | None) -> None:
    match = regex.compile(source).search(text)
    assert (match and match.group()) == found


REFUSALS = [
    (r"(", "missing closing ): `(`"),
    (r"a(b", "missing closing ): `a(b`"),
    (r"a)", "unexpected ): `a)`"),
    (r"[a", "missing closing ]: `[a`"),
    (r"x[]", "missing closing ]: `[]`"),
    (r"[b-a]", "invalid character class range: `b-a`"),
    (r"[[:foo:]]", "invalid character class range: `[:foo:]`"),
    (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
    (r"\p{Foo", r"invalid character class range: `\p{Foo`"),
    (r"*a", "missing argument to repetition operator: `*`"),
    (r"a|*", "missing argument to repetition operator: `*`"),
    (r"(+?)", "missing argument to repetition operator: `+?`"),
    (r"a**", "invalid nested repetition operator: `**`"),
    (r"a+?{2}", "invalid nested repetition operator: `+?{2}`"),
    (r"a{1001}", "invalid repeat count: `{1001}`"),
    (r"a{3,2}", "invalid repeat count: `{3,2}`"),
    (r"(a{100}){11}", "invalid repeat count: `{11}`"),
    (r"(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
    (r"(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
    (r"(?i-)", "invalid or unsupported Perl syntax: `(?i-)`"),
    (r"(?<n", "invalid named capture: `(?<n`"),
    (r"(?P<a-b>c)", "invalid named capture: `(?P<a-b>`"),
    (r"(a)\1", r"invalid escape sequence: `\1`"),
    (r"\q", r"invalid escape sequence: `\q`"),
    (r"\C", r"invalid escape sequence: `\C`"),
    (r"\Z", r"invalid escape sequence: `\Z`"),
    (r"\x4", r"invalid escape sequence: `\x4`"),
    (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
    ("a\\", "trailing backslash at end of expression: ``"),
    ("(" * 1001 + ")" * 1001, "expression nests too deeply: `" + "(" * 1001 + ")" * 1001 + "`"),
]


@pytest.mark.parametrize(("source", "message"), REFUSALS)
def test_refusal(source: str, message: str) -> None:
    with pytest.raises(regex.RegexError) as caught:
        regex.compile(source)
    assert str(caught.value) == f"error parsing regexp: {message}"


def test_length() -> None:
    regex.compile("a" * regex.MAX_LENGTH)
    with pytest.raises(regex.RegexError, match="regex pattern too long: 10001 > 10000"):
        regex.compile("a" * 10001)
    with pytest.raises(regex.RegexError, match="too long: 10002 >"):
        regex.compile("\N{LATIN SMALL LETTER E WITH ACUTE}" * 5001)


def test_names_of_groups() -> None:
    pattern = regex.compile(r"(?P<first>a)(b)(?<2nd>c)(?:d)")
    assert pattern.names == ("", "first", "", "2nd")
    match = pattern.search("xabcd")
    assert match is not None
    assert match.groups() == ("a", "b", "c")
    assert (match.start(3), match.end()) == (3, 5)


def fake_re2(compiled: Any) -> ModuleType:
    module = ModuleType("re2")
    module.Options = type("Options", (), {"log_errors": True})  # type: ignore[attr-defined]
    module.error = re.error  # type: ignore[attr-defined]
    module.compile = lambda source, options: compiled  # type: ignore[attr-defined]
    return module


def test_prefers_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", fake_re2(re.compile("from re2")))
    assert regex.compile("a").search("from re2")


def test_does_without_re2_where_it_reads_other_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", fake_re2(re.compile("(from re2)")))
    assert regex.compile("a").search("from re2") is None


def test_refuses_the_same_with_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", fake_re2(re.compile("from re2")))
    with pytest.raises(regex.RegexError, match="missing closing"):
        regex.compile("(")


# ---- without RE2


@pytest.mark.parametrize(("source", "text", "found"), MATCHES)
def test_linear_search(source: str, text: str, found: str | None) -> None:
    match = linear(source).search(text)
    assert (match and match.group()) == found


def linear(source: str) -> Linear:
    tree, names = translate(source)
    return Linear(tree, len(names) - 1)


def told(match: regex.Match | None) -> object:
    if match is None:
        return None
    numbers = range(len(match.groups()) + 1)
    return [(match.start(number), match.end(number), match.group(number)) for number in numbers]


ITEMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "(?i:B)", "^", "$", r"\b", r"\w", "", "ab"])
SIGNS = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{1,3}?", "{0}"])
EXPRESSIONS = st.recursive(
    ITEMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, SIGNS).map(lambda two: f"({two[0]}){two[1]}"),
        st.tuples(inner, SIGNS).map(lambda two: f"(?:{two[0]}){two[1]}"),
    ),
    max_leaves=8,
)


@settings(max_examples=1000, deadline=None)
@given(EXPRESSIONS, st.text("abB. ", max_size=8))
def test_engines_agree(source: str, text: str) -> None:
    """In all they tell: Go's choice among the matches, and the groups."""
    re2 = pytest.importorskip("re2")
    assert told(linear(source).search(text)) == told(re2.compile(source).search(text))


@settings(max_examples=500, deadline=None)
@given(EXPRESSIONS, st.text("abB. ", max_size=8))
def test_python_finds_the_same_match_where_it_is_used(source: str, text: str) -> None:
    tree = translate(source).tree
    if tree.ways > regex.MOST_WAYS:
        return
    own, python = linear(source).search(text), re.compile(tree.text).search(text)
    assert (own and (own.start(), own.end())) == (python and (python.start(), python.end()))


USED = [
    (r"(.*)\.example\.org", re.Pattern),
    (r"^([a-z]+)-([a-z]+)\.(?:org|net)\.$", re.Pattern),
    (r"^[a-z]{1,63}\.[a-z]{1,63}\.$", re.Pattern),
    (r"a?" * 6, re.Pattern),
    (r"a?" * 40, Linear),
    (r"(a|ab)*c", Linear),
    (r"^(a+)+$", Linear),
    (r"^(?:[a-z]+\.)+$", Linear),
    (r"(.*)-(.*)\.(.*)", Linear),
    (r"(a{1,9}){9}", Linear),
]


@pytest.mark.parametrize(("source", "engine"), USED)
def test_what_matches_without_re2(
    source: str, engine: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own engine as long as it cannot be made to try for long."""
    monkeypatch.setitem(sys.modules, "re2", None)
    assert isinstance(regex.compile(source)._engine, engine)


@pytest.mark.parametrize("source", [r"(?:\w{900}|\pL{900}|a)+x", "(" * 300 + "a*" + ")*" * 300])
def test_what_is_too_large_without_re2(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("re2"):
        assert regex.compile(source).search("a" * 1000 + "x")
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(regex.RegexError, match=r"too large: .* need corepy-dns\[re2\]"):
        regex.compile(source)


def test_a_linear_search_takes_each_step_once_at_each_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = 0
    reader = regex_linear._reader("a")

    def read(text: str, at: int) -> Any:
        nonlocal calls
        calls += 1
        return reader(text, at)

    readers = {"a": read, "c": regex_linear._reader("c")}
    monkeypatch.setattr(regex_linear, "_reader", readers.__getitem__)
    assert linear("((?:a?){5}a*)+c").search("a" * 100) is None
    assert calls <= 7 * 101
