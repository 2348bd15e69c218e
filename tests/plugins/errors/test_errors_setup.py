"""What *errors* takes in a Corefile."""

from __future__ import annotations

import pytest

from tests.support.builds import built, refusal, refused

PARSING = "plugin/errors: Corefile:{} - Error during parsing: "
ODD = (
    "plugin/errors: Corefile:3 - Syntax error: "
    "Unexpected token '{0}', expecting 'Unknown field {0}'"
)


def inside(line: str) -> str:
    return f". {{\n errors {{\n {line}\n }}\n}}"


@pytest.mark.parametrize(
    ("line", "message", "word"),
    [
        ("verbose", ODD.format("verbose"), "verbose"),
        ("stacktrace now", ODD.format("now"), "now"),
        ("consolidate", "Wrong argument count or unexpected line ending after 'consolidate'", ""),
        ("consolidate 1s", "Wrong argument count or unexpected line ending after '1s'", ""),
        (
            "stacktrace consolidate 1s",
            "Wrong argument count or unexpected line ending after '1s'",
            "",
        ),
        (
            "consolidate 1s a info show_first x",
            "Wrong argument count or unexpected line ending after 'x'",
            "",
        ),
        ("consolidate 5 a", 'time: missing unit in duration "5"', "5"),
        ("consolidate soon a", 'time: invalid duration "soon"', "soon"),
        ("consolidate 1s (", "error parsing regexp: missing closing ): `(`", "("),
        (
            "consolidate 1s (?=a)",
            "error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
            "(?=a)",
        ),
        ("consolidate 1s a loud", "unknown option in consolidate: loud", "loud"),
        (
            "consolidate 1s a info error",
            "multiple log levels specified in consolidate",
            "error",
        ),
        (
            "consolidate 1s a show_first info",
            "log level must come before show_first in consolidate",
            "info",
        ),
    ],
)
def test_refused_property(line: str, message: str, word: str) -> None:
    shown, marked = refused(inside(line))
    assert shown == (message if message.startswith("plugin/") else PARSING.format(3) + message)
    assert marked == (word or line.rsplit(maxsplit=1)[-1])


def test_refused_length() -> None:
    shown, _ = refused(inside("consolidate 1s " + "a" * 10_001))
    assert shown == PARSING.format(3) + "regex pattern too long: 10001 > 10000"


@pytest.mark.parametrize(
    ("text", "message", "word"),
    [
        ("errors stderr", PARSING.format(2) + "invalid log file: stderr", "stderr"),
        (
            "errors stdout stdout",
            PARSING.format(2) + "Wrong argument count or unexpected line ending after 'stdout'",
            "stdout",
        ),
        (
            "errors\n errors",
            "plugin/errors: this plugin can only be used once per Server Block",
            "errors",
        ),
    ],
)
def test_refused(text: str, message: str, word: str) -> None:
    assert refused(f". {{\n {text}\n}}") == (message, word)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("stacktraces", "did you mean 'stacktrace'?"),
        ("consolidate 1s a warn", "did you mean 'warning'?"),
        (
            "consolidate 1s a x",
            "one of: debug, info, warning, error, show_first",
        ),
        ("consolidate 5 a", "write 5s for seconds"),
    ],
)
def test_hint(line: str, hint: str) -> None:
    assert refusal(inside(line)).hint == hint


@pytest.mark.parametrize(
    "line",
    [
        "",
        "stacktrace",
        "consolidate 0 a",
        "consolidate -1s a",
        "consolidate 1h30m a debug show_first",
        "consolidate 1s a show_first show_first",
        "stacktrace consolidate 1s a",
    ],
)
def test_accepted(line: str) -> None:
    assert built(inside(line)).notices == []


@pytest.mark.parametrize(("line", "on"), [("stacktrace", True), ("consolidate 1s a", False)])
def test_stacktrace(line: str, on: bool) -> None:
    (site,) = built(f". {{\n errors {{\n {line}\n }}\n whoami\n}}").instance.sites
    assert site.server.stacktrace is on


def test_a_block_on_one_line() -> None:
    (site,) = built(". {\n errors { stacktrace }\n whoami\n}").instance.sites
    assert site.server.stacktrace
