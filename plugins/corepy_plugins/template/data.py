"""What a template sees: the fields and methods of `.`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from corepy.lib import gotemplate, labels, mnemonics
from corepy.lib.gotemplate import Fields, Method, Struct
from corepy.lib.regex import Match, Pattern
from corepy.request import Request
from corepy_plugins.template.message import Message, Question


class Data(Struct):
    """One question that a template took. `.Group` and the like are made when they are asked for."""

    __slots__ = (
        "_found",
        "_groups",
        "_pattern",
        "class_text",
        "request",
        "type_text",
        "variables",
        "zone",
    )

    type_name = "*template.templateData"

    def __init__(
        self,
        request: Request,
        zone: str,
        pattern: Pattern,
        found: Match,
        kinds: tuple[str, str],
    ) -> None:
        self.request = request
        self.zone = zone
        self.class_text, self.type_text = kinds
        self.variables: dict[str, Any] = {}
        self._pattern = pattern
        self._found = found
        self._groups: dict[str, str] | None = None

    @property
    def matches(self) -> list[str]:
        """The whole match and its groups."""
        return [group or "" for group in (self._found.group(), *self._found.groups())]

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

    def meta(self, label: str) -> str:
        """The value that metadata has under a label."""
        self.request.never_repeat()
        return labels.value(self.request, label) or ""

    fields: ClassVar[Fields] = {
        "Zone": lambda data: data.zone,
        "Name": lambda data: data.request.qname_text,
        "Regex": lambda data: data.pattern,
        "Match": lambda data: data.matches,
        "Group": lambda data: data.groups,
        "Class": lambda data: data.class_text,
        "Type": lambda data: data.type_text,
        "Message": lambda data: Message(data.request),
        "Question": lambda data: Question(data.request),
        "Remote": lambda data: data.request.client.host,
        "Var": lambda data: data.variables,
    }
    methods: ClassVar[Mapping[str, Method]] = {"Meta": gotemplate.method(meta, "string")}


def kinds_of(request: Request, qclass: int, qtype: int) -> tuple[str, str]:
    """Class and type as text; where the question says ANY, those of the template (CoreDNS)."""
    rdclass = request.qclass if request.qclass != 255 else qclass
    rdtype = request.qtype if request.qtype != 255 else qtype
    class_text, type_text = mnemonics.class_text(rdclass), mnemonics.type_text(rdtype)
    # Those without a name are an empty text there.
    return (
        class_text if mnemonics.class_number(class_text) is not None else "",
        type_text if mnemonics.type_number(type_text) is not None else "",
    )
