"""What the rules make of a query: the question to pass on, and what to undo in the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from corepy.lib import rewritten
from corepy.request import Request
from corepy.response import FOREVER, Response
from corepy_plugins.rewrite.query import Query, changed, join
from corepy_plugins.rewrite.rule import RecordUndo, Undo

_NONE: Final = object()
_ROOM: Final = 1 << 15
"""Octets of options that a query has room for, and a message of 65535 octets still for the rest."""


class Plan:
    """Good for every query with the same question and options, if rules have seen nothing else.

    `undos` are in the order to apply them in; `simple` if they are about records alone. Only what
    is `written` changes at all: where no rule had something to undo and none was the last, CoreDNS
    leaves the answer as it is, even its question. `fault` says why the query cannot go on; where it
    is the name, the question is the one that was asked, whatever rules made of it before.
    """

    __slots__ = (
        "_given",
        "_joined",
        "_lasting",
        "_options",
        "_owner",
        "_qclass",
        "_qtype",
        "_seen",
        "fault",
        "simple",
        "undos",
        "written",
    )

    def __init__(
        self, request: Request, query: Query, undos: Sequence[Undo], *, stopped: bool
    ) -> None:
        self.undos = undos
        self.written = bool(undos) or stopped
        self.simple = all(isinstance(undo, RecordUndo) for undo in undos)
        self.fault: str | None = None
        self._owner = query.owner
        self._qtype = None if query.qtype == request.qtype else query.qtype
        self._qclass = None if query.qclass == request.qclass else query.qclass
        self._options = query.options
        self._joined = b"" if self._options is None else join(self._options)
        self._lasting = all(undo.lasting for undo in undos)
        self._seen: object = _NONE
        self._given: Response | None = None
        if not query.legal:
            self.fault = f"invalid name after rewrite: {query.name}"
            self._owner = self._qtype = self._qclass = None
        elif len(self._joined) > _ROOM:
            self.fault = "too many EDNS options after rewrite"
            self._options = None

    def derive(self, request: Request) -> Request:
        """The request to pass on: the original one if there is no change."""
        if self._options is not None:
            request = changed(request, self._options, self._joined)
            rewritten.note(request)
        owner, qtype, qclass = self._owner, self._qtype, self._qclass
        if owner is None and qtype is None and qclass is None:
            return request
        derived = request.replace(owner=owner, qtype=qtype, qclass=qclass)
        rewritten.note(derived)
        if not self.written:
            request.show(derived)
        return derived

    def known(self, response: Response) -> Response | None:
        """What was made of this same response before."""
        return self._given if response is self._seen else None

    def remember(self, response: Response, given: Response) -> None:
        """Keep what was made of a response, if it is one that comes again and again."""
        if response.fresh_until == FOREVER and self._lasting:
            self._seen, self._given = response, given
