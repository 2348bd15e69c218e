"""What a template sees: the fields and methods of `.`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Final

from corepy.lib import gotemplate, labels, mnemonics
from corepy.lib.gotemplate import Anything, Fields, Method, Struct
from corepy.lib.regex import Match, Pattern
from corepy.request import Request
from corepy_plugins.template.message import Message, Question

_ANY: Final = 255  # a name of both, which `class_text` keeps for the type


class Data(Struct):
    """One question that a template took. `.Group` and the like are made when they are asked for."""

    __slots__ = (
        "_found",
        "_groups",
        "_matches",
        "_message",
        "_pattern",
        "class_text",
        "name",
        "request",
        "type_text",
        "variables",
        "zone",
    )

    type_name = "*template.templateData"

    def __init__(
        self,
        request: Request,
        name: str,
        zone: str,
        pattern: Pattern,
        found: Match,
        kinds: tuple[str, str],
    ) -> None:
        self.request = request
        self.name = name
        self.zone = zone
        self.class_text, self.type_text = kinds
        self.variables = Anything()
        self._pattern = pattern
        self._found = found
        self._groups: dict[str, str] | None = None
        self._matches: list[str] | None = None
        self._message: Message | None = None

    @property
    def matches(self) -> list[str]:
        """The whole match and its groups."""
        if self._matches is None:
            found = self._found
            self._matches = [group or "" for group in (found.group(), *found.groups())]
        return self._matches

    @property
    def groups(self) -> dict[str, str]:
        """The groups by number and by name."""
        if self._groups is None:
            matches = self.matches
            self._groups = {str(index): text for index, text in enumerate(matches)}
            for name, text in zip(self._pattern.names, matches, strict=False):
                if name:
                    self._groups[name] = text
        return self._groups

    @property
    def pattern(self) -> str:
        """The expression that matched."""
        return self._pattern.source

    @property
    def message(self) -> Message:
        """The query, whose sections are read once only."""
        if self._message is None:
            self._message = Message(self.request)
        return self._message

    def meta(self, label: str) -> str:
        """The value that metadata has under a label."""
        self.request.never_repeat()
        return labels.value(self.request, label) or ""

    fields: ClassVar[Fields] = {
        "Zone": lambda data: data.zone,
        "Name": lambda data: data.name,
        "Regex": lambda data: data.pattern,
        "Match": lambda data: data.matches,
        "Group": lambda data: data.groups,
        "Class": lambda data: data.class_text,
        "Type": lambda data: data.type_text,
        "Message": lambda data: data.message,
        "Question": lambda data: Question(data.request),
        "Remote": lambda data: data.request.client.host,
        "Var": lambda data: data.variables,
    }
    methods: ClassVar[Mapping[str, Method]] = {"Meta": gotemplate.method(meta, "string")}


@lru_cache(256)
def kinds_of(rdclass: int, rdtype: int) -> tuple[str, str]:
    """Class and type as text; those without a name are an empty text, as in CoreDNS."""
    type_text = mnemonics.type_text(rdtype)
    class_text = "ANY" if rdclass == _ANY else mnemonics.class_text(rdclass)
    return (
        class_text if mnemonics.class_number(class_text) is not None else "",
        type_text if mnemonics.type_number(type_text) is not None else "",
    )
