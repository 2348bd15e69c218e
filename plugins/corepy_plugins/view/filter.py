"""Whether a server block takes a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from corepy import Plugin, Request
from corepy.lib.expression import Program


class View(Plugin):
    """Takes what all expressions are true for; one that fails, or is no truth value, is not."""

    repeatable = True
    eager = True

    def __init__(self, name: str, programs: Sequence[Program]) -> None:
        self.name = name
        self._programs = tuple(programs)
        self._volatile = any(program.volatile for program in programs)

    def admits(self, request: Request) -> bool:
        """Ask the expressions in their order, until one is not true."""
        if self._volatile:
            request.never_repeat()
        for program in self._programs:  # noqa: SIM110 - a generator would cost more than most views
            if not program.holds(request):
                return False
        return True

    def metadata(self, request: Request) -> dict[str, Callable[[], str]]:  # noqa: ARG002
        """`view/name`."""
        return {"view/name": lambda: self.name}
