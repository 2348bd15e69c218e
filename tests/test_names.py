"""Names between text and wire form, compared with dnspython."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy import names
from corepy.errors import WireError

LABELS = st.lists(st.binary(min_size=1, max_size=63), max_size=4).filter(
    lambda labels: sum(map(len, labels)) + len(labels) < 255
)


def wire_of(labels: list[bytes]) -> bytes:
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


@given(LABELS)
@settings(deadline=None, max_examples=200)
def test_round_trip(labels: list[bytes]) -> None:
    octets = wire_of(labels)
    text = names.to_text(octets)
    assert names.from_text(text) == octets
    assert names.from_text(text.removesuffix(".") or ".") == octets or text.endswith("\\.")
    assert dns.name.from_text(text).to_wire() == octets
    assert names.labels(octets) == labels


@given(st.text("ab.\\019 -_*@", max_size=14))
@settings(deadline=None, max_examples=300)
def test_text_is_read_as_dnspython_reads_it(text: str) -> None:
    try:
        expected = dns.name.from_text(text).to_wire() if text else b"\0"
    except dns.name.BadEscape:
        # dnspython wants three digits behind a backslash; so do we, a number over 255 is an error.
        with pytest.raises(WireError):
            names.from_text(text)
        return
    except (dns.name.EmptyLabel, dns.name.NameTooLong, dns.name.LabelTooLong):
        with pytest.raises(WireError):
            names.from_text(text)
        return
    if text != "@":
        assert names.from_text(text) == expected


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\0", "."),
        (b"\1a\0", "a."),
        (b"\3a.b\0", "a\\.b."),
        (b"\3a b\0", "a\\ b."),
        (b'\3a"b\0', 'a\\"b.'),
        (b"\3a;b\0", "a\\;b."),
        (b"\3a\\b\0", "a\\\\b."),
        (b"\3a@b\0", "a\\@b."),
        (b"\2\0\xff\0", "\\000\\255."),
        (b"\1*\4_tcp\0", "*._tcp."),
        (b"\2Ab\0", "Ab."),
    ],
)
def test_presentation_form(octets: bytes, text: str) -> None:
    assert names.to_text(octets) == text


@pytest.mark.parametrize(
    "text", ["..", "a..b", ".a", 64 * "a", ".".join(["a" * 63] * 4), "\\", "a\\", "\\25", "\\256"]
)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(WireError):
        names.from_text(text)


def test_octets_that_are_not_ascii_are_utf8() -> None:
    assert names.from_text("ä.test") == b"\2\xc3\xa4\4test\0"
    assert names.from_text("ä\\.test") == b"\7\xc3\xa4.test\0"


@pytest.mark.parametrize(
    ("name", "zone", "expected"),
    [
        ("a.test", "test", True),
        ("test", "test", True),
        ("atest", "test", False),
        ("test", "a.test", False),
        ("x.a.test", ".", True),
        (".", ".", True),
        (".", "test", False),
        # Ends in the same octets, but inside a label.
        ("\\004test.x", "test.x", False),
    ],
)
def test_below(name: str, zone: str, expected: bool) -> None:
    assert names.below(names.from_text(name), names.from_text(zone)) is expected


@given(LABELS, LABELS)
@settings(deadline=None, max_examples=150)
def test_below_is_what_dnspython_calls_a_subdomain(first: list[bytes], second: list[bytes]) -> None:
    for name, zone in ((first, second), (second, first), (first, first[1:]), (first, first[-1:])):
        lower = wire_of([label.lower() for label in name])
        above = wire_of([label.lower() for label in zone])
        expected = dns.name.Name([*name, b""]).is_subdomain(dns.name.Name([*zone, b""]))
        assert names.below(lower, above) is expected


def test_parent() -> None:
    assert names.parent(b"\1a\1b\0") == b"\1b\0"
    assert names.parent(b"\1b\0") == b"\0"
    assert names.parent(b"\0") == b"\0"
