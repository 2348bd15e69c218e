"""What is read from a catalog zone."""

from __future__ import annotations

import pytest

from corepy import CorepyError, Record, names
from corepy_plugins.secondary.catalog import Member, read

BASE = [
    ("cat.test.", "SOA", "invalid. invalid. 1 1 1 1 1"),
    ("cat.test.", "NS", "invalid."),
    ("version.cat.test.", "TXT", '"2"'),
]


def _records(*more: tuple[str, str, str], base: list[tuple[str, str, str]] = BASE) -> list[Record]:
    return [Record.parse(names.from_text(o), t, 60, d) for o, t, d in [*base, *more]]


def test_members_come_by_id_with_their_heirs() -> None:
    members = read(
        "cat.test.",
        _records(
            ("m2.zones.cat.test.", "PTR", "B.test."),
            ("m1.zones.cat.test.", "PTR", "a.test."),
            ("coo.m1.zones.cat.test.", "PTR", "other.test."),
            ("group.m1.zones.cat.test.", "TXT", '"x"'),
        ),
    )
    assert members == [Member(b"m1", "a.test.", "other.test."), Member(b"m2", "b.test.")]


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        (_records(base=BASE[1:]), "no SOA"),
        (_records(base=[BASE[0], BASE[2]]), "no NS"),
        (_records(base=BASE[:2]), "exactly one version"),
        (_records(("version.cat.test.", "TXT", '"3"')), "exactly one version"),
        (_records(("version.cat.test.", "TXT", '"7"'), base=BASE[:2]), 'version "7"'),
        (
            _records(
                ("m.zones.cat.test.", "PTR", "a.test."), ("m.zones.cat.test.", "PTR", "b.test.")
            ),
            "exactly one PTR",
        ),
        (
            _records(
                ("m.zones.cat.test.", "PTR", "a.test."), ("n.zones.cat.test.", "PTR", "a.test.")
            ),
            "listed twice",
        ),
    ],
)
def test_a_bad_catalog_is_refused(records: list[Record], fault: str) -> None:
    with pytest.raises(CorepyError, match=fault):
        read("cat.test.", records)
