"""Lines of text to records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy import Record, names
from corepy_plugins.template.data import kinds_of
from corepy_plugins.template.record import RecordError, parse

OWNERS = ["a.test.", "A.b", "*.x.test.", "60", "IN", "a..b", "x" * 64, "a\\.b.test.", "@", "."]
TAILS = [
    "60 IN A 192.0.2.1",
    "IN 1h A 192.0.2.1",
    'TXT "a b" ; and a comment',
    "60 MX 10 mail",
    "60 IN A 192.0.2",
    "60 IN NOTHING x",
    "( 60\n IN ) A 192.0.2.1\nb. A 192.0.2.2",
    "",
    " ",
]


def _outcome(text: str) -> tuple[bytes, bytes] | str:
    try:
        record = parse(text)
    except RecordError as error:
        return str(error)
    return record.owner, record.tail


@given(st.sampled_from(OWNERS), st.sampled_from(TAILS))
def test_a_tail_that_is_known_is_read_as_one_that_is_not(owner: str, tail: str) -> None:
    """A tab in place of the space is the long way; only places in messages may tell."""
    assert _outcome(f"{owner} {tail}") == _outcome(f"{owner}\t{tail}")


@pytest.mark.parametrize("owner", ["one.test.", "two.test."])
def test_names_in_a_tail_are_absolute(owner: str) -> None:
    expected = Record.parse(names.from_text(owner), "MX", 60, "10 mail.")
    record = parse(f"{owner} 60 IN MX 10 mail")
    assert (record.owner, record.tail) == (expected.owner, expected.tail)


@pytest.mark.parametrize("owner", ["www.example.org.", "www.example.org", "other.example.org."])
def test_a_known_name_is_not_read_again(owner: str) -> None:
    known = b"\3www\7EXAMPLE\3org\0"
    record = parse(f"{owner} 60 IN A 192.0.2.1", "www.example.org.", known)
    assert record.owner == (known if owner == "www.example.org." else names.from_text(owner))


@pytest.mark.parametrize(("rdclass", "text"), [(1, "IN"), (3, "CH"), (255, "ANY"), (42, "")])
def test_classes_that_have_a_name(rdclass: int, text: str) -> None:
    assert kinds_of(rdclass, 1) == (text, "A")
