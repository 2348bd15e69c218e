"""Aliases that are led elsewhere: the target of a CNAME is exchanged and looked up again."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from corepy import names, wire
from corepy.lib import rewritten
from corepy.lib.lookup import lookup
from corepy.record import Record
from corepy.request import Request
from corepy.response import DROP
from corepy_plugins.rewrite.draft import Cell, Draft
from corepy_plugins.rewrite.matching import Change
from corepy_plugins.rewrite.query import Query
from corepy_plugins.rewrite.rule import Undo

_log = logging.getLogger("corepy")


class Alias(Undo):
    """Applies to every query, since only the answer shows whether there is such an alias."""

    __slots__ = ("_change", "_undos")

    lasting = False

    def __init__(self, change: Change) -> None:
        self._change = change
        self._undos = (self,)

    def __call__(self, query: Query) -> Sequence[Undo]:
        """Change the answer later."""
        del query
        return self._undos

    async def follow(self, draft: Draft, cell: Cell, request: Request) -> None:
        """If `cell` holds such an alias, put the new target and what it leads to in the answer.

        `WireError` if the new target is no name.
        """
        record = cell.record
        if record.rdtype != wire.CNAME:
            return
        old = record.rdata
        text = self._change(names.to_text(old))
        if text is None:
            return
        new = names.from_text(text)
        rewritten.note(request.replace(owner=new))
        found = await lookup(request, new, request.qtype)
        if found is DROP:
            _log.error("upstream lookup returned nil")
            return
        draft.answer = [*_before(draft.answer, old, new), *map(Cell, found.answer)]
        draft.truncated = bool(found.flags & wire.TC)
        draft.fresh_until = min(draft.fresh_until, found.fresh_until)


def _before(answer: Sequence[Cell], old: bytes, new: bytes) -> list[Cell]:
    """The aliases up to the one with the target `old`, which gets the target `new`."""
    chain: list[Cell] = []
    for cell in answer:
        record = cell.record
        if record.rdtype != wire.CNAME:
            continue
        chain.append(cell)
        if record.rdata == old:
            size = len(new).to_bytes(2, "big")
            cell.record = Record(record.owner, record.tail[:8] + size + new)
            break
    return chain
