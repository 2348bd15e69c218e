"""Texts to trees. The expected errors were read off CoreDNS 1.14.7."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy.corefile.line import Directive, Property
from corepy.corefile.parser import parse
from corepy.corefile.report import headline
from corepy.corefile.token import Source
from corepy.corefile.tree import Tree

KNOWN = ("whoami", "log", "errors", "any", "forward")
ENVIRON = {"E": "val", "N": "log", "B": "{", "X": ""}


def tree(text: str) -> Tree:
    return parse(
        Source("Corefile", text), known=KNOWN.__contains__, environ=ENVIRON, names=iter(KNOWN)
    )


def shape(directive: Directive) -> object:
    words = [directive.name.text, *directive.values()]
    if not directive.has_block:
        return words
    return words, [within(prop) for prop in directive.body]


def within(prop: Property) -> object:
    words = [prop.name.text, *prop.values()]
    return (words, [within(one) for one in prop.body]) if prop.brace else words


def blocks(text: str) -> list[tuple[list[str], list[object]]]:
    found = tree(text)
    assert [headline(error) for error in found.errors] == []
    return [
        ([key.text for key in block.keys], [shape(one) for one in block.directives])
        for block in found.blocks
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# only a comment\n", []),
        (". {\n whoami\n}\n", [(["."], [["whoami"]])]),
        (".\n{\n whoami\n}\n", [(["."], [["whoami"]])]),
        (". { whoami\n}", [(["."], [["whoami"]])]),
        (". {\n}\n", [(["."], [])]),
        ("a.test b.test,\nc.test {\n}", [(["a.test", "b.test", "c.test"], [])]),
        ("a.test ,b.test {\n}", [(["a.test", ",b.test"], [])]),
        ('"" a.test "" {\n}', [(["a.test"], [])]),
        ("{$X} a {\n}", [(["a"], [])]),
        ("a.test\nwhoami\nlog x\n", [(["a.test"], [["whoami"], ["log", "x"]])]),
        ("a.test\n", [(["a.test"], [])]),
        ("whoami\n}\n", [(["whoami"], [])]),
        ("a\nlog\n}\nb\nany", [(["a"], [["log"]]), (["b"], [["any"]])]),
        ("{\n whoami\n}\n", [([], [["whoami"]])]),
        ("{$X}\n}\n", [([], [])]),
        (". {\n}\n}\n", [(["."], []), (["}"], [])]),
        (". {\n log {\n  class all\n }\n any\n}",
         [(["."], [(["log"], [["class", "all"]]), ["any"]])]),
        (". {\n log {\n }\n}", [(["."], [(["log"], [])])]),
        (". {\n log {\n  a b {\n   c d\n   e\n  }\n  f\n }\n any\n}",
         [(["."], [(["log"], [(["a", "b"], [["c", "d"], ["e"]]), ["f"]]), ["any"]])]),
        (". {\n log {\n  a {\n   b {\n    c\n   }\n  }\n }\n}",
         [(["."], [(["log"], [(["a"], [(["b"], [["c"]])])])])]),
        (". {\n log {\n  a { b c }\n  d { }\n }\n any\n}",
         [(["."], [(["log"], [(["a"], [["b", "c", "}"]]), (["d"], [])]), ["any"]])]),
        (". {\n log {\n  {\n   a\n  }\n }\n}", [(["."], [(["log"], [(["{"], [["a"]])])])]),
        ("(s) {\n a {\n  b\n }\n}\n. {\n log {\n  import s\n }\n}",
         [(["."], [(["log"], [(["a"], [["b"]])])])]),
        (". {\n log { }\n}", [(["."], [(["log"], [])])]),
        (". {\n log { class all }\n}", [(["."], [(["log"], [["class", "all", "}"]])])]),
        (". {\n log { class\n x }\n any\n}",
         [(["."], [(["log"], [["class"], ["x", "}"]]), ["any"]])]),
        (". {\n log\n {\n  class all\n }\n}", [(["."], [(["log"], [["class", "all"]])])]),
        (". {\n log {\n  class all\n }\n", [(["."], [(["log"], [["class", "all"]])])]),
        (". {\n log a\n log b\n}", [(["."], [["log", "a"], ["log", "b"]])]),
        ('. {\n log "a\nb" c\n}', [(["."], [["log", "a\nb", "c"]])]),
        (". {\n {$N} {$E}\n}", [(["."], [["log", "val"]])]),
        ("x{%E%}:5 {\n}", [(["xval:5"], [])]),
        ('"." "{"\n "whoami"\n"}"', [(["."], [["whoami"]])]),
        ("(s) {\n log a\n}\n. {\n import s\n import s\n}", [(["."], [["log", "a"]] * 2)]),
        ("(s) { log a\n}\n. {\n import s\n any\n}", [(["."], [["log", "a"], ["any"]])]),
        ("(o) { class all }\n. {\n log {\n import o\n import o\n}\n}",
         [(["."], [(["log"], [["class", "all"]] * 2)])]),
        ("(a) {\n import b\n any\n}\n(b) {\n log\n}\n. {\n import a\n}",
         [(["."], [["log"], ["any"]])]),
        ("(s) {\n a.test {\n any\n }\n}\nimport s\n", [(["a.test"], [["any"]])]),
        ("(k) {\n a.test\n}\nimport k\nany\n", [(["a.test"], [["any"]])]),
    ],
)  # fmt: skip
def test_trees(text: str, expected: object) -> None:
    assert blocks(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (". {\n whoami\n", "Corefile:2 - Syntax error: Unexpected token 'whoami', expecting '}'"),
        (". {", "Corefile:1 - Syntax error: Unexpected token '{', expecting '}'"),
        (". {\n log {\n class\n", "Corefile:3 - Error during parsing: Unexpected EOF"),
        ("a.test,\n", "Corefile:1 - Error during parsing: Unexpected EOF"),
        (". {\n whoami }\n",
         "Corefile:2 - Error during parsing: Unexpected '}' because no matching opening brace"),
        (". {\n log {\n } }\n",
         "Corefile:3 - Error during parsing: Unexpected '}' because no matching opening brace"),
        ("a.test, {\n}\n", ("Corefile:1 - Error during parsing: "
         "Expected another address but had '{' - check for extra comma")),
        (". {\n nope\n}\n", "Corefile:2 - Error during parsing: Unknown directive 'nope'"),
        (". {\n Log\n}\n", "Corefile:2 - Error during parsing: Unknown directive 'Log'"),
        (". {\n {$X}\n}\n", "Corefile:2 - Error during parsing: Unknown directive ''"),
        ("(s)\nwhoami\n", "Corefile:2 - Syntax error: Unexpected token 'whoami', expecting '{'"),
        ("(s) {\n log\n", "Corefile:2 - Syntax error: Unexpected token 'log', expecting '}'"),
        ("(s) {\n}\n(s) {\n}\n",
         "Corefile:3 - Error during parsing: redeclaration of previously declared snippet s"),
        ("(s) {\n import s\n}\n",
         "Corefile:3 - Error during parsing: maximum snippet import depth (10000) exceeded"),
        ("(a) {\n import b\n}\n(b) {\n import a\n}\n. {\n import a\n}\n",
         "Corefile:5 - Error during parsing: maximum snippet import depth (10000) exceeded"),
        ("import\n", ("Corefile:1 - Error during parsing: "
         "Wrong argument count or unexpected line ending after 'import'")),
        ('. {\n import ""\n}', ("Corefile:2 - Error during parsing: "
         "Import requires a non-empty filepath")),
        ("(s) {\n}\n. {\n import s x\n}", ("Corefile:4 - Error during parsing: "
         "Import takes only one argument (glob pattern or file)")),
        (". {\n log {\n } extra\n}", "Corefile:3 - Syntax error: Unexpected token 'extra'"),
        (". {\n log {\n a {\n b\n }\n", "Corefile:5 - Error during parsing: Unexpected EOF"),
        (". {\n log {\n a {\n b\n } c\n }\n}", "Corefile:5 - Syntax error: Unexpected token 'c'"),
    ],
)  # fmt: skip
def test_errors(text: str, expected: str) -> None:
    assert [headline(error) for error in tree(text).errors] == [expected]


def test_all_mistakes_are_reported() -> None:
    errors = tree(
        "a.test {\n wohami\n import nowhere\n}\n"
        "b.test {\n any }\n"
        "c.test {\n lgo\n log {\n x {\n }\n }\n}\n"
    ).errors
    assert [(error.span.line, error.span.column) for error in errors if error.span] == [
        (2, 2), (3, 9), (6, 6), (8, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (". {\n wohami\n}", "did you mean 'whoami'?"),
        (". {\n log{\n }\n}", "put a space before '{'"),
        (". {\n any}\n}", "put a space before '}'"),
        ("a.test\nlog\nb.test\n",
         "is this a zone? More than one server block needs braces around each"),
        (". {\n log\nb.test {\n}\n}",
         "is this a zone, and the '}' of the block before it missing?"),
        (". {\n zzz\n}", None),
    ],
)  # fmt: skip
def test_hints(text: str, hint: str | None) -> None:
    assert tree(text).errors[0].hint == hint


def test_suggestions_come_for_every_unknown_directive() -> None:
    hints = [error.hint for error in tree(". {\n wohami\n lgo\n}").errors]
    assert hints == ["did you mean 'whoami'?", "did you mean 'log'?"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (". {\n log\n {\n }\n}", 3),
        (". {\n log {\n }\n", 3),
        ("{\n log\n}", 1),
    ],
)
def test_notices(text: str, line: int) -> None:
    notices = tree(text).notices
    assert [notice.span.line for notice in notices if notice.span] == [line]


def test_secrets_are_not_quoted() -> None:
    errors = tree(". {\n log {\n headscale_url https://h KEY {\n").errors
    assert [error.message for error in errors] == ["Unexpected EOF"]
    found = tree(". {\n headscale_url https://h KEY").errors
    assert found[-1].message == "Syntax error: Unexpected token '***', expecting '}'"


LINES = st.sampled_from(
    [". {", "a.test,", "(s) {", "}", "{", "whoami", "log {", "log { class all }", "import s",
     "import (s", "} }", "a {", "a { b }", "nope x", '"open', "{$E} {$B}", "any # c",
     "headscale_url a b {", ""]
)  # fmt: skip


@given(st.lists(LINES, max_size=12).map("\n".join) | st.text(max_size=40))
def test_any_text_has_a_tree(text: str) -> None:
    for error in tree(text).errors:
        assert error.span
        assert headline(error)


BRACE = "Unexpected token '{', expecting argument"


@pytest.mark.parametrize("line", ["errors", "forward . 127.0.0.1"])
def test_a_brace_that_coredns_refuses_on_a_line_of_its_own(line: str) -> None:
    (error,) = tree(f". {{\n {line}\n {{\n }}\n}}\n").errors
    assert (
        headline(error)
        == f"plugin/{line.split(maxsplit=1)[0]}: Corefile:3 - Error during parsing: {BRACE}"
    )
    assert error.span is not None
    assert (error.span.line, error.span.column) == (3, 2)
    assert tree(f". {{\n {line} {{\n }}\n}}\n").errors == []
