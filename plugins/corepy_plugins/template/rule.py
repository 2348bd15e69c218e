"""One `template` of the Corefile: which questions it takes, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from corepy.lib.expression import Program
from corepy.lib.fallthrough import Fallthrough
from corepy.lib.gotemplate import NOTHING, Anything, Template
from corepy.lib.regex import Pattern
from corepy.request import Request
from corepy.zone import Zones
from corepy_plugins.template.data import Data, kinds_of

SECTIONS: Final = ("answer", "additional", "authority")
"""In the order in which CoreDNS fills them in."""

ANY: Final = 255

_LISTS: Final = (list, tuple, range)

Step = Callable[[Data], bool]
"""Sets a variable (then it is true) or tests a condition; may raise `EvaluationError`."""


@dataclass(slots=True)
class Rule:
    """What the directive says.

    * `qclass`, `qtype`: numbers, 255 for any;
    * `patterns`: one of them must match the name;
    * `steps`: `var` and `expr`, in their order;
    * `option`: the extended error in wire form, to be sent with EDNS.
    """

    qclass: int
    qtype: int
    zones: Zones
    patterns: list[Pattern] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    volatile: bool = False
    answer: list[Template] = field(default_factory=list)
    additional: list[Template] = field(default_factory=list)
    authority: list[Template] = field(default_factory=list)
    rcode: int = 0
    option: bytes | None = None
    fallthrough: Fallthrough = field(default_factory=Fallthrough)

    def concerns(self, request: Request) -> str | None:
        """The zone, if the question's name, class and type are those of this template."""
        zone = self.zones.match(request.qname)
        if zone is None:
            return None
        if ANY not in (self.qclass, request.qclass) and request.qclass != self.qclass:
            return None
        if ANY not in (self.qtype, request.qtype) and request.qtype != self.qtype:
            return None
        return zone

    def take(self, request: Request, zone: str) -> Data | None:
        """The data for the templates; None if no expression matches or a condition is false.

        Raises `EvaluationError` for a variable or condition without a value.
        """
        name = request.qname_text
        for pattern in self.patterns:
            found = pattern.search(name)
            if found is not None:
                # Where the question says ANY, those of the template, as in CoreDNS.
                rdclass = request.qclass if request.qclass != ANY else self.qclass
                rdtype = request.qtype if request.qtype != ANY else self.qtype
                data = Data(request, name, zone, pattern, found, kinds_of(rdclass, rdtype))
                return data if self._holds(data) else None
        return None

    def _holds(self, data: Data) -> bool:
        if self.volatile:
            data.request.never_repeat()
        for step in self.steps:  # noqa: SIM110 - plainer so
            if not step(data):
                return False
        return True

    def templates(self, section: str) -> Sequence[Template]:
        """Those of a section."""
        found: Sequence[Template] = getattr(self, section)
        return found


def assignment(name: str, program: Program) -> Step:
    """Sets `.Var.NAME`."""

    def assign(data: Data) -> bool:
        data.variables[name] = _plain(program.run(data))
        return True

    return assign


def condition(program: Program) -> Step:
    """Is true if the expression is."""
    return lambda data: program.run(data) is True


def _plain(value: Any) -> Any:
    """A value of an expression as templates know them."""
    if value is None:
        return NOTHING
    if isinstance(value, dict):
        return Anything({key: _plain(item) for key, item in value.items()})
    return [_plain(item) for item in value] if isinstance(value, _LISTS) else value
