"""An answer while it is changed."""

from __future__ import annotations

from collections.abc import Sequence

from corepy import wire
from corepy.record import Record
from corepy.response import Edns, Response
from corepy_plugins.rewrite.query import Option


class Cell:
    """A place in the answer; the record in it may be exchanged while others hold the place."""

    __slots__ = ("record",)

    def __init__(self, record: Record) -> None:
        self.record = record


class Draft:
    """What rules may change. `options` are those of the answer's own OPT record, if it has one."""

    __slots__ = (
        "additional",
        "answer",
        "authority",
        "fresh_until",
        "options",
        "rcode",
        "truncated",
    )

    def __init__(self, response: Response, options: list[Option] | None) -> None:
        self.rcode = response.rcode
        self.authority = _cells(response.authority)
        self.answer = _cells(response.answer)
        self.additional = _cells(response.additional)
        self.options = options
        self.truncated = bool(response.flags & wire.TC)
        self.fresh_until = response.fresh_until

    @property
    def count(self) -> int:
        """How many records there are, the OPT record excepted."""
        return len(self.authority) + len(self.answer) + len(self.additional)

    def response(self, original: Response, edns: Edns | None) -> Response:
        """The finished answer."""
        return original.replace(
            rcode=self.rcode,
            answer=[cell.record for cell in self.answer],
            authority=[cell.record for cell in self.authority],
            additional=[cell.record for cell in self.additional],
            flags=original.flags & ~wire.TC | (wire.TC if self.truncated else 0),
            edns=edns,
            fresh_until=self.fresh_until,
        )


def _cells(records: Sequence[Record]) -> list[Cell]:
    return [Cell(record) for record in records]
