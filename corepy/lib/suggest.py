"""The word somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The closest known word, when one is close enough to be worth saying."""
    import difflib  # noqa: PLC0415 - only mistakes pay for it

    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.66)
    return folded[near[0]] if near else None


def hint(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'x'?`, or nothing."""
    near = suggest(word, known)
    return f"did you mean '{near}'?" if near else None
