"""What *log* takes in a Corefile."""

from __future__ import annotations

import pytest

from tests.support.builds import built, refusal, refused

PARSING = "plugin/log: Corefile:{} - Error during parsing: "


@pytest.mark.parametrize(
    ("text", "message", "word"),
    [
        (
            "log {\n class\n }",
            PARSING.format(3) + "Wrong argument count or unexpected line ending after 'class'",
            "class",
        ),
        ("log {\n class foo\n }", "plugin/log: invalid Class: foo", "foo"),
        ("log {\n class all Denial\n }", "plugin/log: invalid Class: Denial", "Denial"),
        ("log {\n clas all\n }", PARSING.format(3) + "unknown property 'clas'", "clas"),
        ("log\n log . {\n x\n }", PARSING.format(4) + "unknown property 'x'", "x"),
    ],
)
def test_refused(text: str, message: str, word: str) -> None:
    assert refused(f". {{\n {text}\n}}") == (message, word)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("log {\n class denail\n}", "did you mean 'denial'?"),
        ("log {\n class x\n}", "one of: all, success, denial, error"),
        ("log {\n clas all\n}", "did you mean 'class'?"),
    ],
)
def test_hint(text: str, hint: str) -> None:
    assert refusal(f". {{\n{text}\n}}").hint == hint


def test_a_format_in_the_place_of_a_name_is_odd() -> None:
    (notice,) = built('. {\n log "{name}"\n}').notices
    assert notice.message == "'{name}' is taken for a name, not for a format"
    assert notice.hint == "a format needs a name before it, such as '.'"


@pytest.mark.parametrize("text", ["log", 'log . "{name}"', "log a..b", "log a.test b.test"])
def test_nothing_is_odd(text: str) -> None:
    assert built(f". {{\n {text}\n}}").notices == []
