"""Processors by affinity and by control group."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corepy.lib.cpus import usable


@pytest.fixture(autouse=True)
def _six(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        ({}, 6),
        ({"a/b": "max 100000"}, 6),
        ({"a/b": "200000 100000"}, 2),
        ({"a/b": "150000 100000"}, 2),
        ({"a/b": "10000 100000"}, 1),
        ({"a/b": "900000 100000"}, 6),
        ({"a/b": "400000 100000", "a": "300000 100000"}, 3),
        ({"a/b": "max 100000", ".": "100000 100000"}, 1),
        ({"a/b": "nonsense"}, 6),
        ({"other": "100000 100000"}, 6),
    ],
)
def test_the_least_limit_counts(limits: dict[str, str], number: int, tmp_path: Path) -> None:
    groups, own = tmp_path / "groups", tmp_path / "own"
    for name, limit in limits.items():
        (groups / name).mkdir(parents=True, exist_ok=True)
        (groups / name / "cpu.max").write_text(limit + "\n")
    own.write_text("1:cpu:/a\n0::/a/b\n")
    assert usable(groups, own) == number


@pytest.mark.parametrize("text", [None, "", "1:cpu:/a\n"])
def test_without_a_group_of_version_2(text: str | None, tmp_path: Path) -> None:
    own = tmp_path / "own"
    if text is not None:
        own.write_text(text)
    assert usable(tmp_path, own) == 6
