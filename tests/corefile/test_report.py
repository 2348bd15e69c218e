"""How mistakes are shown."""

from __future__ import annotations

import json

import pytest

from corepy.corefile import Notice, Source, Span, load
from corepy.corefile.faults import BareError, NamelessError, SetupError
from corepy.corefile.report import as_json, headline, render, render_notice
from corepy.errors import ConfigError, ConfigErrors

LINE = Source("Corefile", ". {\n\tcache\tabc  {\n headscale_url https://h S3CRET tail\n}")


def span(line: int, column: int, length: int) -> Span:
    return Span("Corefile", line, column, length, LINE)


def test_the_whole_picture() -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(". {\n wohami\n}\na..b {\n}\n", "Corefile", known=lambda _: False, environ={},
             names=["whoami"])  # fmt: skip
    assert render(caught.value) == (
        "Corefile:2 - Error during parsing: Unknown directive 'wohami'\n"
        "  --> Corefile:2:2\n"
        "  |  wohami\n"
        "  |  ^^^^^^\n"
        "  hint: did you mean 'whoami'?\n"
        "\n"
        "error inspecting server blocks: zone is not a valid domain name: a..b\n"
        "  --> Corefile:4:1\n"
        "  | a..b {\n"
        "  | ^^^^"
    )


def test_the_caret_stands_right_behind_tabs() -> None:
    shown = render(ConfigError("no", span(2, 8, 3))).splitlines()
    assert shown[2:] == ["  | \tcache\tabc  {", "  | \t     \t^^^"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConfigError("no", span(2, 2, 1)), "Corefile:2 - Error during parsing: no"),
        (ConfigError("Syntax error: no", span(2, 2, 1)), "Corefile:2 - Syntax error: no"),
        (ConfigError("x:7 - Error during parsing: no", span(2, 2, 1)),
         "x:7 - Error during parsing: no"),
        (ConfigError("no"), "no"),
        (BareError("no", span(2, 2, 1)), "no"),
        (SetupError("cache", ConfigError("no", span(2, 2, 1))),
         "plugin/cache: Corefile:2 - Error during parsing: no"),
        (SetupError("cache", BareError("no", span(2, 2, 1))), "plugin/cache: no"),
        (SetupError("on", NamelessError("no", span(2, 2, 1))),
         "Corefile:2 - Error during parsing: no"),
        (SetupError("health", NamelessError("no", span(2, 2, 1), bare=True)), "no"),
    ],
)  # fmt: skip
def test_headlines(error: ConfigError, expected: str) -> None:
    assert headline(error) == expected


@pytest.mark.parametrize("column", [2, 16, 26, 33])
def test_the_key_behind_headscale_url_is_never_shown(column: int) -> None:
    shown = render(ConfigError("bad 'S3CRET' tail", span(3, column, 6), "not S3CRET"))
    assert "S3CRET" not in shown
    assert "headscale_url https://h *** ***" in shown
    assert "S3CRET" not in as_json(ConfigError("bad S3CRET", span(3, column, 6), "S3CRET"))


def test_masks_of_the_caller() -> None:
    mask = {span(2, 8, 3)}
    shown = render(ConfigError("bad 'abc'", span(2, 2, 5)), mask)
    assert "abc" not in shown
    assert "\tcache\t***  {" in shown
    assert "***" not in render(ConfigError("bad", span(1, 1, 1)), mask)


def test_json() -> None:
    errors = ConfigErrors(
        [SetupError("x", ConfigError("no", span(2, 8, 3), "yes")), ConfigError("odd")]
    )
    assert json.loads(as_json(errors)) == [
        {"file": "Corefile", "line": 2, "column": 8, "message": "plugin/x: no", "hint": "yes"},
        {"file": None, "line": None, "column": None, "message": "odd", "hint": None},
    ]


def test_notices() -> None:
    assert render_notice(Notice("odd", span(1, 1, 1), "so")) == (
        "odd\n  --> Corefile:1:1\n  | . {\n  | ^\n  hint: so"
    )
