"""Fixtures for the tests of an instance's life."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from corepy_plugins.k8s_cross import instance, poll
from tests.plugins.k8s_cross.example import DATA
from tests.plugins.k8s_cross.world import FAST, LOG, Lines


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backoff and looks at files in hundredths of a second."""
    for name in ("LOOK", "_QUICK", "_LONGEST_BACKOFF", "_DENIED"):
        monkeypatch.setattr(poll, name, FAST)
    monkeypatch.setattr(poll, "_SLACK", 0.001)
    monkeypatch.setattr(instance, "_FETCHES_PER_INTERVAL", 1)


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Everything the plugin logs, DEBUG included."""
    lines: list[str] = []
    collector, level = Lines(lines), LOG.level
    LOG.addHandler(collector)
    LOG.setLevel(logging.DEBUG)
    yield lines
    LOG.setLevel(level)
    LOG.removeHandler(collector)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the fixture, as a Corefile's."""
    shutil.copy(DATA / "fixture.json", tmp_path)
    return tmp_path
