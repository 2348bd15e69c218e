"""Keys, addresses, what a line means, and the bounds of a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy import names
from corepy_plugins.hosts.table import (
    MOST_ADDRESSES,
    MOST_NAMES,
    Below,
    Table,
    key_of,
    pack,
    wire_of,
)


def table(text: str, zones: tuple[str, ...] = (".",), *, reverse: bool = True) -> Table:
    """A table of these lines."""
    filled = Table(Below(zones), reverse=reverse)
    filled.add(text.encode().lower())
    return filled


def v4(filled: Table, key: str) -> list[str]:
    """The IPv4 addresses of a key."""
    packed = filled.addresses(key.encode(), True)
    return [".".join(map(str, packed[at : at + 4])) for at in range(0, len(packed), 4)]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (".", b""),
        ("a.test.", b"a.test"),
        ("_x-y.1.test.", b"_x-y.1.test"),
        ("a\\.b.test.", b"a\\.b.test"),
        ("a\\032b.test.", b"a\\ b.test"),
        ("a\\@b\\;c.test.", b"a\\@b\\;c.test"),
        ("dollar$.test.", b"dollar$.test"),
        ("\\000\\255.test.", b"\\000\\255.test"),
        # A length octet may look like a dot, a blank or a quote.
        (f"{'a' * 46}.{'b' * 32}.{'c' * 34}.", b"%b.%b.%b" % (b"a" * 46, b"b" * 32, b"c" * 34)),
    ],
)
def test_keys_are_what_coredns_compares(name: str, key: bytes) -> None:
    """Escaped as miekg/dns prints names, without the final dot."""
    assert key_of(names.from_text(name)) == key


@given(st.lists(st.binary(min_size=1, max_size=12).map(bytes.lower), max_size=8))
def test_every_name_comes_back_from_its_key(labels: list[bytes]) -> None:
    """A key stands for one name only."""
    wire = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    assert wire_of(key_of(wire)) == wire


@pytest.mark.parametrize(
    "key", [b"a..b", b".a", b"x" * 64 + b".test", b"a." * 127 + b"bb", b"\\999"]
)
def test_keys_that_are_no_names(key: bytes) -> None:
    """They may stand in a file; nothing is answered with them."""
    assert wire_of(key) is None


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        (b"192.0.2.1", bytes((192, 0, 2, 1))),
        (b"192.0.2.1%eth0", bytes((192, 0, 2, 1))),
        (b"::ffff:192.0.2.1", bytes((192, 0, 2, 1))),
        (b"::192.0.2.1", bytes(12) + bytes((192, 0, 2, 1))),
        (b"fe80::1%lo", b"\xfe\x80" + bytes(13) + b"\1"),
        (b"::", bytes(16)),
        (b"010.0.0.1", None),
        (b"192.0.2", None),
        (b"300.0.0.1", None),
        (b"0x7f.0.0.1", None),
        (b"1:2:3:4:5:6:7::8", None),
        (b"not-an-ip", None),
        (b"192.0.2.1\0", None),
        (b"\xff:", None),
        (b"", None),
    ],
)
def test_addresses(text: bytes, packed: bytes | None) -> None:
    """What Go's ParseIP takes, and nothing else."""
    assert pack(text) == packed


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("192.0.2.1 a.test", ["192.0.2.1"]),
        ("192.0.2.1\tx.test\va.test", ["192.0.2.1"]),
        ("  192.0.2.1 a.test  ", ["192.0.2.1"]),
        ("192.0.2.1 a.test\r", ["192.0.2.1"]),
        ("192.0.2.1 A.Test.", ["192.0.2.1"]),
        ("192.0.2.1\u00a0a.test", ["192.0.2.1"]),
        ("192.0.2.1 ü.test\u2003a.test", ["192.0.2.1"]),
        ("192.0.2.1 a.test#b", ["192.0.2.1"]),
        ("192.0.2.1 a.test a.test", ["192.0.2.1", "192.0.2.1"]),
        ("192.0.2.1 a.test\n192.0.2.2 b.test\n192.0.2.1 a.test", ["192.0.2.1", "192.0.2.1"]),
        ("#192.0.2.1 a.test", []),
        ("192.0.2.1 b.test # a.test", []),
        ("192.0.2.1", []),
        ("a.test 192.0.2.1", []),
        ("bad 192.0.2.1 a.test", []),
        ("192.0.2.1 a.test\\.", []),
        ("::1 a.test", []),
    ],
)
def test_lines(line: str, found: list[str]) -> None:
    """An address, then names; comments and nonsense are passed over."""
    assert v4(table(line), "a.test") == found


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("x.w.test", ["192.0.2.1", "192.0.2.4"]),
        ("*.w.test", ["192.0.2.1", "192.0.2.4"]),
        ("exact.w.test", ["192.0.2.2"]),
        ("w.test", []),
        ("y.x.w.test", []),
        ("x.exact.w.test", []),
        ("a\\.b.w.test", ["192.0.2.1", "192.0.2.4"]),
        ("single", []),
        ("", []),
        ("*part.test", ["192.0.2.6"]),
        ("xpart.test", []),
        ("a.*.test", ["192.0.2.7"]),
        ("a.b.test", []),
    ],
)
def test_wildcards_cover_one_label(key: str, found: list[str]) -> None:
    """The exact name first; a lone star is nothing."""
    filled = table(
        "192.0.2.1 *.w.test\n192.0.2.2 exact.w.test\n192.0.2.4 *.W.test.\n192.0.2.5 *\n"
        "192.0.2.6 *part.test\n192.0.2.7 a.*.test"
    )
    assert v4(filled, key) == found


@pytest.mark.parametrize(
    ("zones", "name", "inside"),
    [
        ((".",), "a.test", True),
        (("test.",), "test", True),
        (("test.",), "a.test", True),
        (("test.",), "atest", False),
        (("test.", "org."), "a.org", True),
        (("a.test.",), "test", False),
        (("b.test.",), "a\\.b.test", False),
        (("b.test.",), "a\\\\.b.test", True),
        ((), "a.test", False),
    ],
)
def test_only_names_in_the_zones_are_taken(zones: tuple[str, ...], name: str, inside: bool) -> None:
    """Label by label, so an escaped dot is no boundary."""
    filled = table(f"192.0.2.1 {name}", zones)
    assert (v4(filled, name) == ["192.0.2.1"]) is inside
    assert filled.entries == 2 * inside


def test_owners_in_the_order_of_the_file() -> None:
    """All names of an address, wildcards excepted."""
    filled = table("192.0.2.1 a.test *.w.test b.test\n::ffff:192.0.2.1 c.test a.test")
    assert filled.owners(bytes((192, 0, 2, 1))) == [b"a.test", b"b.test", b"c.test", b"a.test"]
    assert filled.owners(bytes(4)) == ()


def test_without_reverse_there_are_no_owners() -> None:
    """And each name counts once."""
    filled = table("192.0.2.1 a.test b.test", reverse=False)
    assert filled.owners(bytes((192, 0, 2, 1))) == ()
    assert filled.entries == 2


def test_entries_count_as_in_coredns() -> None:
    """Each name forward, each but wildcards back."""
    assert table("192.0.2.1 a.test *.w.test\n::1 a.test a.test\n1.1.1 x").entries == 7


def test_what_no_message_could_carry_is_not_kept() -> None:
    """Counted all the same."""
    many = "".join(f"10.{i >> 8}.{i & 255}.1 a.test\n" for i in range(20_000))
    filled = table(many + "192.0.2.1" + " x.test" * (MOST_NAMES + 50))
    assert len(filled.addresses(b"a.test", True)) == MOST_ADDRESSES
    assert len(filled.owners(bytes((192, 0, 2, 1)))) == MOST_NAMES
    assert filled.entries == 40_000 + 2 * (MOST_NAMES + 50)


def test_dismantling_empties_piece_by_piece() -> None:
    """So that the event loop may run in between."""
    filled = table("".join(f"10.0.{i >> 8}.{i & 255} n{i}.test\n" for i in range(2000)))
    pieces = filled.dismantle()
    next(pieces)
    left = sum(bool(v4(filled, f"n{i}.test")) for i in range(2000))
    assert 1500 < left < 2000
    assert len(list(pieces)) > 100
    assert not any(v4(filled, f"n{i}.test") for i in range(2000))
