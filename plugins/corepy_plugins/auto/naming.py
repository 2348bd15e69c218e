"""From the name of a file to the name of its zone."""

from __future__ import annotations

import re
from typing import Final

from corepy.lib import regex

# Go's Regexp.Expand: $name, ${name}; as in CoreDNS a bare brace has the dollar sign implied.
_REFERENCE: Final = re.compile(r"\$\$|\$?\{(\w+)\}|\$(\w+)", re.ASCII)


class Naming:
    """Which files are zones (`pattern`, found anywhere in the name), and what they are called.

    In `template`, `{1}` stands for the first group of the pattern, `{name}` for a named one.
    """

    def __init__(self, pattern: regex.Pattern, template: str) -> None:
        self._pattern = pattern
        self._template = template

    def origin(self, file: str) -> str | None:
        """The zone in a file of this name: lower case, final dot; None if it is none."""
        found = self._pattern.search(file)
        if found is None:
            return None

        def value(reference: re.Match[str]) -> str:
            name = reference[1] or reference[2]
            return "$" if name is None else self._group(found, name)

        name = _REFERENCE.sub(value, self._template).lower()
        return (name if name.endswith(".") else f"{name}.") if name else None

    def _group(self, found: regex.Match, name: str) -> str:
        groups = (found.group(), *found.groups())
        if name.isdigit():
            index = int(name)
        else:
            index = self._pattern.names.index(name) if name in self._pattern.names else len(groups)
        return (groups[index] or "") if index < len(groups) else ""


USUAL: Final = Naming(regex.compile(r"db\.(.*)"), "{1}")
"""`db.example.org` holds `example.org`."""
