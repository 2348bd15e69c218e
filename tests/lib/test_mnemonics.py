"""Names of types and classes."""

from __future__ import annotations

import pytest

from corepy.lib.mnemonics import class_text, type_text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "None"), (1, "A"), (23, "NSAP-PTR"), (65, "HTTPS"), (255, "ANY"), (65280, "TYPE65280")],
)
def test_type(number: int, text: str) -> None:
    assert type_text(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1, "IN"), (3, "CH"), (254, "NONE"), (255, "CLASS255"), (42, "CLASS42")]
)
def test_class(number: int, text: str) -> None:
    assert class_text(number) == text
