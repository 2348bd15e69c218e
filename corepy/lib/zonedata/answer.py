"""What a zone says to a question, before it becomes a response."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from corepy import wire
from corepy.record import Record
from corepy.response import FOREVER, Response

_FAILED = Response.failure(wire.SERVFAIL)


class Result(IntEnum):
    """How a look-up ended."""

    SUCCESS = 0
    """Records, or an empty non-terminal: a name without records that others are below of."""
    NAME_ERROR = 1
    DELEGATION = 2
    NO_DATA = 3
    SERVER_FAILURE = 4


class Answer:
    """Three sections and the way they came about. Never changed once somebody has it.

    * `target`: an alias leads to this name (wire form), which the server is to be asked for; then
      `answer` is what stands before its records;
    * `wildcard`: the name of the wildcard that the records were made from, wire form;
    * `fresh_until`: as in `Response`.
    """

    __slots__ = (
        "_response",
        "additional",
        "answer",
        "authority",
        "fresh_until",
        "result",
        "target",
        "wildcard",
    )

    def __init__(
        self,
        result: Result,
        answer: Sequence[Record] = (),
        authority: Sequence[Record] = (),
        additional: Sequence[Record] = (),
        *,
        target: bytes | None = None,
        wildcard: bytes | None = None,
        fresh_until: float = FOREVER,
    ) -> None:
        self.result = result
        self.answer = answer
        self.authority = authority
        self.additional = additional
        self.target = target
        self.wildcard = wildcard
        self.fresh_until = fresh_until
        self._response: Response | None = None

    @property
    def empty(self) -> bool:
        """There is nothing at this name, so the next plugin may be asked instead."""
        return not self.answer and self.result <= Result.NAME_ERROR

    @property
    def response(self) -> Response:
        """The response to give, made on first use."""
        response = self._response
        if response is None:
            response = self._response = self._respond()
        return response

    def _respond(self) -> Response:
        flags, rcode = wire.AA, wire.NOERROR
        if self.result == Result.NAME_ERROR:
            rcode = wire.NXDOMAIN
        elif self.result == Result.DELEGATION:
            # With an alias before it the answer still speaks with authority for the name asked.
            flags = wire.AA if self.answer else 0
        elif self.result == Result.SERVER_FAILURE:
            if not self.answer:
                return _FAILED
            rcode = wire.SERVFAIL
        return Response(
            rcode,
            self.answer,
            self.authority,
            self.additional,
            flags=flags,
            fresh_until=self.fresh_until,
        )

    def __repr__(self) -> str:
        counts = f"{len(self.answer)}/{len(self.authority)}/{len(self.additional)}"
        return f"<Answer {self.result.name} {counts}>"
