"""What *secondary* takes from a Corefile and what it refuses."""

from __future__ import annotations

import pytest

from tests.support.builds import refused


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (
            "secondary a.test {\n transfer from\n }",
            (
                "plugin/secondary: Corefile:3 - Error during parsing: "
                "Wrong argument count or unexpected line ending after 'from'"
            ),
        ),
        (
            "secondary a.test {\n transfer to 127.0.0.1\n }",
            "plugin/secondary: Corefile:3 - Error during parsing: unknown property to",
        ),
        (
            "secondary a.test",
            (
                "plugin/secondary: Corefile:2 - Error during parsing: "
                "secondary zones require a transfer from property"
            ),
        ),
        (
            "secondary a.test {\n transfer from 127.0.0.1:1\n unknown\n }",
            "plugin/secondary: Corefile:4 - Error during parsing: unknown property 'unknown'",
        ),
        (
            "secondary a.test {\n transfer from *\n }",
            "plugin/secondary: can't use '*' in transfer from",
        ),
        (
            "secondary a.test {\n transfer from here\n }",
            "plugin/secondary: must specify an IP address: `here'",
        ),
        (
            "secondary a.test {\n transfer from 127.0.0.1\n catalog not..valid\n }",
            'plugin/secondary: invalid catalog member zone "not..valid"',
        ),
    ],
)
def test_mistakes_are_named_as_coredns_names_them(block: str, fault: str) -> None:
    assert refused(f". {{\n {block}\n}}")[0].startswith(fault)
