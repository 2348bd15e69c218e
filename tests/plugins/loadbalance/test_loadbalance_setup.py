"""What *loadbalance* takes in a Corefile."""

from __future__ import annotations

import pytest

from tests.support.builds import built, refusal, refused

PARSING = "plugin/loadbalance: Corefile:{} - Error during parsing: "


@pytest.mark.parametrize(
    ("text", "message", "word"),
    [
        ("loadbalance random", "plugin/loadbalance: unknown policy: random", "random"),
        (
            "loadbalance round_robin x",
            PARSING.format(2) + "unknown property for round_robin",
            "x",
        ),
        ("loadbalance weighted", PARSING.format(2) + "missing weight file argument", "weighted"),
        ("loadbalance weighted a b", PARSING.format(2) + "unexpected argument(s)", "b"),
        (
            "loadbalance weighted a {\n reload\n }",
            PARSING.format(3) + "reload duration value is missing",
            "reload",
        ),
        (
            "loadbalance weighted a {\n reload 1s 2s\n }",
            PARSING.format(3) + "unexpected argument",
            "2s",
        ),
        (
            "loadbalance weighted a {\n reload 1\n }",
            PARSING.format(3) + "invalid reload duration '1'",
            "1",
        ),
        (
            "loadbalance weighted a {\n reload -1s\n }",
            PARSING.format(3) + "invalid reload duration '-1s'",
            "-1s",
        ),
        (
            "loadbalance weighted a {\n prefer 10.0.0.0/8\n }",
            PARSING.format(3) + "unknown property 'prefer'",
            "prefer",
        ),
        (
            "loadbalance {\n reload 1s\n }",
            PARSING.format(3) + "unknown property 'reload'",
            "reload",
        ),
        (
            "loadbalance {\n prefer 10.0.0.0/8 10.0.0.1\n }",
            PARSING.format(3) + 'invalid CIDR "10.0.0.1": invalid CIDR address: 10.0.0.1',
            "10.0.0.1",
        ),
    ],
)
def test_refused(text: str, message: str, word: str) -> None:
    assert refused(f". {{\n {text}\n}}") == (message, word)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("loadbalance wieghted", "did you mean 'weighted'?"),
        ("loadbalance random", "one of: round_robin, weighted"),
        ("loadbalance {\n perfer\n}", "did you mean 'prefer'?"),
        (
            "loadbalance weighted a {\n prefer ::/0\n}",
            "networks are preferred with round_robin only",
        ),
        (
            "loadbalance {\n prefer x\n}",
            "an address with the length of the prefix, such as 10.0.0.0/8",
        ),
    ],
)
def test_hint(text: str, hint: str) -> None:
    assert refusal(f". {{\n{text}\n}}").hint == hint


@pytest.mark.parametrize(
    "text",
    [
        "loadbalance",
        "loadbalance round_robin",
        "loadbalance {\n prefer\n}",
        "loadbalance round_robin {\n prefer 10.1.2.3/8 ::/0\n prefer fd00::/8\n}",
        "loadbalance weighted missing",
        "loadbalance weighted missing {\n reload 0\n}",
        "loadbalance\nloadbalance weighted missing",
    ],
)
def test_accepted(text: str) -> None:
    assert built(f". {{\n{text}\nwhoami\n}}").notices == []
