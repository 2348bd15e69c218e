"""Words somebody probably meant."""

from __future__ import annotations

from corepy.lib.suggest import hint, suggest


def test_suggest() -> None:
    assert suggest("wohami", ["log", "whoami"]) == "whoami"
    assert suggest("CACHE", ["cache"]) == "cache"
    assert suggest("zzz", ["cache"]) is None


def test_hint() -> None:
    assert hint("lgo", ["log"]) == "did you mean 'log'?"
    assert hint("zzz", ["log"]) is None
