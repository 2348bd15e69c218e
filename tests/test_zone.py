"""Which of several zones a name belongs to."""

from __future__ import annotations

from corepy import names
from corepy.zone import Zones


def match(zones: Zones, name: str) -> str | None:
    return zones.match(names.from_text(name))


def test_the_longest_zone_wins_whatever_the_order() -> None:
    for texts in (["test.", "a.test.", "b.a.test."], ["b.a.test.", "test.", "a.test."]):
        zones = Zones(texts)
        assert match(zones, "x.test") == "test."
        assert match(zones, "a.test") == "a.test."
        assert match(zones, "x.y.b.a.test") == "b.a.test."
        assert match(zones, "other") is None


def test_labels_count_not_letters() -> None:
    assert match(Zones(["a.test."]), "xa.test") is None
    assert match(Zones(["a.test."]), "test") is None


def test_the_root_holds_everything() -> None:
    assert match(Zones(["."]), "a.test") == "."
    assert match(Zones(["."]), ".") == "."
    assert match(Zones([]), ".") is None


def test_case_and_the_final_dot_do_not_matter() -> None:
    zones = Zones(["A.Test", "a.test"])
    assert list(zones) == ["a.test", "a.test"] or list(zones) == ["a.test"]
    assert match(zones, "x.a.test") == "a.test"


def test_zones_are_a_collection() -> None:
    zones = Zones(["b.", "a.", "b."])
    assert (list(zones), len(zones)) == (["b.", "a."], 2)
    assert names.from_text("x.a") in zones
    assert names.from_text("c") not in zones
