"""What a `view` may say, and where what it may not say is marked."""

from __future__ import annotations

import pytest

from tests.support.builds import built, refusal, refused


@pytest.mark.parametrize(
    "text",
    [
        ". {\n view a\n whoami\n}\n",
        ". {\n view a {\n }\n whoami\n}\n",
        ". {\n view a {\n expr 'text'\n expr 1 + 1\n }\n whoami\n}\n",
        ". {\n view a {\n expr true\n }\n whoami\n}\n" * 2,
        ". {\n whoami\n}\n. {\n view a {\n expr true\n }\n whoami\n}\n",
        '. {\n view a {\n expr "any([1], # > 0)"\n }\n whoami\n}\n',
    ],
)
def test_accepted(text: str) -> None:
    built(text)


@pytest.mark.parametrize(
    ("view", "message", "marked"),
    [
        ("view", "Wrong argument count or unexpected line ending after 'view'", "view"),
        ("view a b", "Wrong argument count or unexpected line ending after 'b'", "b"),
        ("view a {\n other\n }", "unknown property 'other'", "other"),
        ("view a {\n expr true\n nonsense x\n }", "unknown property 'nonsense'", "nonsense"),
    ],
)
def test_refused(view: str, message: str, marked: str) -> None:
    line = 1 + view.count("\n", 0, view.find(marked)) + 1 if "{" in view else 2
    found = refused(f". {{\n {view}\n whoami\n}}\n")
    assert found == (f"plugin/view: Corefile:{line} - Error during parsing: {message}", marked)


def test_only_once() -> None:
    message = "this plugin can only be used once per Server Block"
    assert refusal(". {\n view a\n view b\n whoami\n}\n").message == message


@pytest.mark.parametrize(
    ("expression", "message", "column", "line"),
    [
        ("nosuch()", "unknown name nosuch (1:1)", 7, 3),
        ("name() ==  1", "invalid operation: == (mismatched types string and int) (1:8)", 14, 3),
        ("name( ==", 'unexpected token Operator("==") (1:7)', 13, 3),
        ("name() + 'a b' + x", "unknown name x (1:18)", 24, 3),
        ('"name() +  nosuch()"', "unknown name nosuch (1:11)", 18, 3),
        ("true and", "unexpected token EOF (1:8)", 14, 3),
        ("", "unexpected token EOF", 2, 3),
        ("name()   +    x", "unknown name x (1:10)", 21, 3),
        ("name() matches '('", "error parsing regexp: missing closing ): `(` (1:8)", 14, 3),
        ("upper()", "not enough arguments to call upper (1:1)", 7, 3),
    ],
)
def test_an_expression_is_marked_where_it_is_wrong(
    expression: str, message: str, column: int, line: int
) -> None:
    error = refusal(f". {{\n view a {{\n expr {expression}\n }}\n whoami\n}}\n")
    assert error.span
    assert (error.message, error.span.column, error.span.line) == (message, column, line)


def test_a_name_is_suggested() -> None:
    error = refusal(". {\n view a {\n expr cleint_ip() == 'x'\n }\n whoami\n}\n")
    assert error.hint == "did you mean 'client_ip'?"
