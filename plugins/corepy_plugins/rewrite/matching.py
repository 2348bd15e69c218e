"""The five ways to match a name: exact, prefix, suffix, substring, regex.

All work on presentation form, as CoreDNS's do: a suffix need not begin at a label.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from corepy.lib import regex

MODES: Final = ("exact", "prefix", "suffix", "substring", "regex")

Match = Callable[[str], bool]
Change = Callable[[str], "str | None"]
"""Text to its replacement, None without a match."""


def normalize(text: str) -> str:
    """A name from the Corefile: lower case, with the final dot."""
    dots = text.endswith(".") and (len(text) - len(text[:-1].rstrip("\\"))) % 2
    return text.lower() if dots else text.lower() + "."


def matcher(mode: str, text: str) -> Match:
    """Whether a name matches; `text` is as it stands in the Corefile.

    Raises `RegexError` for a bad expression.
    """
    if mode == "regex":
        search = regex.compile(text).search
        return lambda name: search(name) is not None
    wanted = normalize(text)
    if mode == "exact":
        return lambda name: name == wanted
    if mode == "prefix":
        return lambda name: name.startswith(wanted)
    if mode == "suffix":
        return lambda name: name.endswith(wanted)
    return lambda name: wanted in name


def changer(mode: str, old: str, new: str) -> Change:
    """What a name becomes when `old` in it is `new`; not for regular expressions."""
    if mode == "exact":
        return lambda name: new if name == old else None
    if mode == "prefix":
        return lambda name: new + name[len(old) :] if name.startswith(old) else None
    if mode == "suffix":
        return lambda name: name[: len(name) - len(old)] + new if name.endswith(old) else None
    return lambda name: name.replace(old, new) if old in name else None


def expander(pattern: regex.Pattern, template: str) -> Change:
    """`template` with `{0}`, `{1}` ... filled in from what the expression matched."""
    plain = "{" not in template

    def change(name: str) -> str | None:
        found = pattern.search(name)
        if found is None:
            return None
        if plain:
            return template
        text = template
        for index, group in enumerate((found.group(), *found.groups())):
            text = text.replace(f"{{{index}}}", group or "")
        return text

    return change
