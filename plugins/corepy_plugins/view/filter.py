"""Whether a server block takes a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from corepy import Peer, Plugin, Request
from corepy.lib.expression import Program

_OF_CLIENT: Final = frozenset(("client_ip", "incidr"))
_REMEMBERED: Final = 4096


class _Client(NamedTuple):
    """Stands in for a request where nothing but the client's address is looked at."""

    client: Peer


class View(Plugin):
    """Takes what all expressions are true for; one that fails, or is no truth value, is not.

    What is asked of the client's address alone is asked once of each client.
    """

    repeatable = True
    eager = True

    def __init__(self, name: str, programs: Sequence[Program]) -> None:
        self.name = name
        self._programs = tuple([program for program in programs if not _of_client(program)])
        self._volatile = any(program.volatile for program in programs)
        of_client = tuple([program for program in programs if _of_client(program)])

        def welcome(host: str) -> bool:
            client = _Client(Peer(host, 0))
            return all(program.holds(client) for program in of_client)

        self._welcome = lru_cache(_REMEMBERED)(welcome) if of_client else None

    def admits(self, request: Request) -> bool:
        """Ask the expressions, until one is not true."""
        if self._volatile:
            request.never_repeat()
        for program in self._programs:
            if not program.holds(request):
                return False
        return self._welcome is None or request.vary(self._welcome)

    def metadata(self, request: Request) -> dict[str, Callable[[], str]]:  # noqa: ARG002
        """`view/name`."""
        return {"view/name": lambda: self.name}


def _of_client(program: Program) -> bool:
    return "client_ip" in program.names and program.names <= _OF_CLIENT and not program.volatile
