"""From the answer to what was asked in the end to the answer to what was asked first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from corepy.errors import WireError
from corepy.lib import rewritten
from corepy.reply import echoed
from corepy.request import Request
from corepy.response import Edns, Response
from corepy.wire import SERVFAIL
from corepy_plugins.rewrite.alias import Alias
from corepy_plugins.rewrite.draft import Cell, Draft
from corepy_plugins.rewrite.edns import Revert
from corepy_plugins.rewrite.query import join, split, with_options
from corepy_plugins.rewrite.rule import MessageUndo, RecordUndo, Undo

_ROUNDS: Final = 64
"""More than any chain of rules needs to settle, or to go on forever."""


def written(derived: Request, response: Response) -> Response:
    """An answer that only consists of an rcode, as CoreDNS's *rewrite* writes it itself."""
    edns = None
    if derived.opt:
        edns = Edns(derived.edns_size, derived.do, echoed(derived.options))
        if not derived.plain:
            rewritten.share_options(derived, shared=True)
    return response.replace(implicit=False, edns=edns)


def renewed(response: Response, undos: Sequence[Undo]) -> Response:
    """The answer where only records have to be changed, as in most."""
    answer, authority, additional = response.answer, response.authority, response.additional
    edns = response.edns
    if not undos or not (answer or authority or additional or edns):
        return response
    try:
        for undo in cast("Sequence[RecordUndo]", undos):
            edns = edns and undo.opt(edns)
            change = undo.record
            answer = [change(record) for record in answer]
            authority = authority and [change(record) for record in authority]
            additional = additional and [change(record) for record in additional]
    except WireError as error:
        return _fault(error)
    return response.replace(answer=answer, authority=authority, additional=additional, edns=edns)


async def undone(
    request: Request, derived: Request, response: Response, undos: Sequence[Undo]
) -> Response:
    """The answer to `derived` as the answer to `request`."""
    try:
        return await _redrafted(request, derived, response, undos)
    except WireError as error:
        return _fault(error)


def _fault(error: WireError) -> Response:
    return Response.failure(SERVFAIL, f"invalid name after rewrite: {error}")


async def _redrafted(
    request: Request, derived: Request, response: Response, undos: Sequence[Undo]
) -> Response:
    own = response.edns
    draft = Draft(response, None if own is None else split(own.options))
    about_message = [undo for undo in undos if isinstance(undo, MessageUndo)]
    if about_message:
        # CoreDNS does so once per record, the OPT record counted, and once if there is none.
        for _ in range(min(draft.count + (own is not None), _ROUNDS) or 1):
            for change in about_message:
                change.message(draft)
        _restore_options(request, derived, about_message)
    await _records(draft, undos, derived)
    edns = own and Edns(own.size, own.do, join(draft.options or []))
    for undo in undos:
        if edns is not None and isinstance(undo, RecordUndo):
            edns = undo.opt(edns)
    return draft.response(response, edns)


async def _records(draft: Draft, undos: Sequence[Undo], derived: Request) -> None:
    for section in ("authority", "answer", "additional"):
        cells: Sequence[Cell] = getattr(draft, section)
        for cell in cells:
            for undo in undos:
                if isinstance(undo, RecordUndo):
                    cell.record = undo.record(cell.record)
                elif isinstance(undo, Alias):
                    await undo.follow(draft, cell, derived)


def _restore_options(request: Request, derived: Request, undos: Sequence[Undo]) -> None:
    """Have the reply's OPT record made from the options that were there before the rules."""
    reverts = [undo for undo in undos if isinstance(undo, Revert)]
    if reverts:
        options = split(derived.options)
        for undo in reverts:
            undo.revert(options)
        with_options(request, join(options))
        rewritten.share_options(derived, shared=False)
