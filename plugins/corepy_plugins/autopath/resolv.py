"""The search path in a file like resolv.conf(5)."""

from __future__ import annotations

from pathlib import Path

from corepy import names
from corepy.errors import WireError


def search_path(path: str) -> tuple[bytes, ...]:
    """The domains of a file in lower-case wire form, the root behind them. Raises `OSError`."""
    return parse(Path(path).read_text(encoding="utf-8", errors="replace"))


def parse(text: str) -> tuple[bytes, ...]:
    """The same for the content: of all `search` and `domain` lines the last one counts.

    Without a domain there is no path at all. A domain that is no name ends the path, because
    nothing can be asked below it.
    """
    domains: list[str] = []
    for line in text.split("\n"):
        words = line.split()
        if words[:1] == ["search"]:
            domains = words[1:]
        elif words[:1] == ["domain"]:
            domains = words[1:2]
    found: list[bytes] = []
    for domain in domains:
        try:
            found.append(names.from_text(domain).lower())
        except WireError:
            continue
    return (*found, b"\0") if found else ()
