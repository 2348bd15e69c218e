"""The answer of a plugin, as a value.

A plugin returns a response, or the one `next` gave it, or a changed copy (`response.replace`).
Responses are never changed in place: one object may be the answer to many queries.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from corepy import wire
from corepy.errors import WireError
from corepy.record import Expander, Record, encoding_slack
from corepy.wire import QR, RecordSpan

if TYPE_CHECKING:
    import dns.message

    from corepy.request import Request

FOREVER = math.inf
_KEEP: Any = object()


class Edns:
    """The OPT record of a response (RFC 6891): UDP size in octets, DO bit, options in wire form."""

    __slots__ = ("do", "options", "size")

    def __init__(self, size: int = 4096, do: bool = False, options: bytes = b"") -> None:
        self.size = size
        self.do = do
        self.options = options

    def with_option(self, code: int, data: bytes) -> Edns:
        """The same with one more option."""
        option = code.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data
        return Edns(self.size, self.do, self.options + option)


class Response:
    """rcode, header flags, three sections of records and what is known about them.

    * `flags`: AA, TC, RA, AD ... of `corepy.wire`; RD, CD and opcode come from the query, unless
      QR is set, which says that these are all 16 bits as some other server sent them.
    * `fresh_until`: monotonic seconds until which the same answer may be given to the same
      question again: `FOREVER` (until the plugin calls `changed()`), a time, or 0 for never.
    * `error`: why it went wrong, for the *errors* plugin; nothing a client sees.
    * `implicit`: only an rcode was decided, the server makes the message. That is what an answer
      with SERVFAIL, REFUSED, FORMERR or NOTIMP usually is.
    """

    __slots__ = (
        "additional",
        "answer",
        "authority",
        "edns",
        "error",
        "flags",
        "fresh_until",
        "implicit",
        "rcode",
    )

    answer: Sequence[Record]
    authority: Sequence[Record]
    additional: Sequence[Record]

    def __init__(
        self,
        rcode: int = 0,
        answer: Sequence[Record] = (),
        authority: Sequence[Record] = (),
        additional: Sequence[Record] = (),
        *,
        flags: int = wire.AA,
        edns: Edns | None = None,
        fresh_until: float = FOREVER,
        error: str | None = None,
        implicit: bool = False,
    ) -> None:
        self.rcode = rcode
        self.answer = answer
        self.authority = authority
        self.additional = additional
        self.flags = flags
        self.edns = edns
        self.fresh_until = fresh_until
        self.error = error
        self.implicit = implicit

    @classmethod
    def failure(cls, rcode: int, error: str | None = None) -> Response:
        """Only an rcode, mostly SERVFAIL or REFUSED, and for the operator the reason."""
        return cls(rcode, flags=0, fresh_until=0.0, error=error, implicit=True)

    @classmethod
    def records(cls, request: Request, ttl: int, *texts: str) -> Response:
        """An authoritative answer of records of the type asked for, in master-file form."""
        owner = request.owner
        return cls(answer=[Record.parse(owner, request.qtype, ttl, text) for text in texts])

    @classmethod
    def from_message(cls, message: dns.message.Message) -> Response:
        """A response out of a dnspython message, flags and EDNS included."""
        edns = None
        if message.edns >= 0:
            options = b"".join(
                int(option.otype).to_bytes(2, "big") + len(data).to_bytes(2, "big") + data
                for option in message.options
                if (data := option.to_wire() or b"") is not None
            )
            edns = Edns(message.payload, bool(message.ednsflags & 0x8000), options)
        sections = [
            [record for rrset in section for record in Record.from_rrset(rrset)]
            for section in (message.answer, message.authority, message.additional)
        ]
        flags = int(message.flags) & ~(wire.QR | wire.RD | wire.CD | wire.OPCODE_MASK | 15)
        return cls(int(message.rcode()), *sections, flags=flags, edns=edns)

    @staticmethod
    def from_wire(octets: bytes) -> WireResponse:
        """What another server sent; `WireError` unless it is a whole message."""
        return WireResponse(octets)

    def replace(
        self,
        *,
        rcode: int = _KEEP,
        answer: Sequence[Record] = _KEEP,
        authority: Sequence[Record] = _KEEP,
        additional: Sequence[Record] = _KEEP,
        flags: int = _KEEP,
        edns: Edns | None = _KEEP,
        fresh_until: float = _KEEP,
        error: str | None = _KEEP,
        implicit: bool = _KEEP,
    ) -> Response:
        """A copy with other values."""
        return Response(
            self.rcode if rcode is _KEEP else rcode,
            self.answer if answer is _KEEP else answer,
            self.authority if authority is _KEEP else authority,
            self.additional if additional is _KEEP else additional,
            flags=self.flags if flags is _KEEP else flags,
            edns=self.edns if edns is _KEEP else edns,
            fresh_until=self.fresh_until if fresh_until is _KEEP else fresh_until,
            error=self.error if error is _KEEP else error,
            implicit=self.implicit if implicit is _KEEP else implicit,
        )

    def size(self, question: int) -> int:
        """Octets of the message without compression, as CoreDNS counts it in logs and metrics.

        `question` is the length of the question section. The OPT record counts if this response
        has one of its own, not if the server will add one.
        """
        total = 12 + question + (11 + len(self.edns.options) if self.edns else 0)
        for section in (self.answer, self.authority, self.additional):
            for record in section:
                total += len(record.owner) + len(record.tail) + encoding_slack(record.tail)
        return total

    def __repr__(self) -> str:
        counts = f"{len(self.answer)}/{len(self.authority)}/{len(self.additional)}"
        return f"<{type(self).__name__} rcode={self.rcode} {counts}>"


class WireResponse(Response):
    """A response that is a message of another server (or of the cache) in wire form.

    The extents of all records are checked at once; the records themselves are only built if
    somebody looks at a section. `stop` is the offset behind the last record, an OPT record at the
    end excepted, or 0 if the octets cannot be passed on as they stand.
    """

    __slots__ = ("_sections", "_size", "_spans", "counts", "end", "stop", "wire")

    def __init__(self, octets: bytes, *, fresh_until: float = 0.0) -> None:
        if len(octets) < 12 or octets[4:6] != b"\0\1":
            raise WireError("not a message with one question")
        end = wire.skip_question_name(octets) + 4
        if end == 4 or end > len(octets):
            raise WireError("question cut short")
        an, ns, ar = (octets[i] << 8 | octets[i + 1] for i in (6, 8, 10))
        self.wire = octets
        self.end = end
        self.counts = (an, ns, ar)
        self._spans: list[RecordSpan] | None = wire.scan_records(octets, end, an + ns + ar)
        self._sections: tuple[Sequence[Record], ...] | None = None
        self.flags = (octets[2] << 8 | octets[3]) & ~15 | QR
        self.rcode = octets[3] & 15
        self.edns = None
        self.fresh_until = fresh_until
        self.error = None
        self.implicit = False
        self.stop = self.spans[-1].end if self.spans else end
        self._size = -1
        for span in self.spans[an + ns :]:
            if span.rdtype == wire.OPT:
                self._read_opt(span)
                self.stop = span.start if self.stop and span is self.spans[-1] else 0

    @classmethod
    def assembled(
        cls,
        octets: bytes,
        end: int,
        counts: tuple[int, int, int],
        rcode: int,
        *,
        flags: int,
        fresh_until: float = 0.0,
        relay: bool = True,
    ) -> WireResponse:
        """A message without an OPT record whose parts are known, so nothing is read again.

        `end` is the offset behind the question, `octets` end with the last record, `flags` are as
        for any response. Without `relay` the records are written anew, as size limits ask for.
        """
        self = cls.__new__(cls)
        self.wire = octets
        self.end = end
        self.counts = counts
        self._spans = None
        self._sections = None
        self.stop = len(octets) if relay else 0
        self._size = -1
        self.flags = flags
        self.rcode = rcode
        self.edns = None
        self.fresh_until = fresh_until
        self.error = None
        self.implicit = False
        return self

    def _read_opt(self, span: RecordSpan) -> None:
        octets, at = self.wire, span.fixed
        wire.check_options(octets, at + 10, span.end)
        self.rcode |= octets[at + 4] << 4
        size = octets[at + 2] << 8 | octets[at + 3]
        self.edns = Edns(size, octets[at + 6] >= 0x80, octets[at + 10 : span.end])

    @property
    def question(self) -> bytes:
        """The question section in wire form."""
        return self.wire[12 : self.end]

    def size(self, question: int) -> int:
        """As for any response, without building records."""
        if self._size < 0:
            self._size = Expander(self.wire).size(self.spans, self.wire[12 : self.end - 4])
        own = 11 + len(self.edns.options) if self.edns else 0
        return 12 + question + own + self._size

    def ttl_offsets(self) -> list[int]:
        """Where the TTLs stand, OPT's excepted."""
        return [span.fixed + 4 for span in self.spans if span.rdtype != wire.OPT]

    # Properties, not `__getattr__`: a class that has that pays for it at every attribute.

    @property
    def spans(self) -> list[RecordSpan]:
        """Where the records are."""
        if self._spans is None:
            self._spans = wire.scan_records(self.wire, self.end, sum(self.counts))
        return self._spans

    @property
    def answer(self) -> Sequence[Record]:  # type: ignore[override]  # nothing assigns to it
        """The records of the answer section."""
        return (self._sections or self._read())[0]

    @property
    def authority(self) -> Sequence[Record]:  # type: ignore[override]
        """The records of the authority section."""
        return (self._sections or self._read())[1]

    @property
    def additional(self) -> Sequence[Record]:  # type: ignore[override]
        """The records of the additional section, OPT excepted."""
        return (self._sections or self._read())[2]

    def _read(self) -> tuple[Sequence[Record], ...]:
        an, ns, _ = self.counts
        expander, spans = Expander(self.wire), self.spans
        self._sections = (
            list(expander.records(spans[:an])),
            list(expander.records(spans[an : an + ns])),
            list(expander.records(span for span in spans[an + ns :] if span.rdtype != wire.OPT)),
        )
        return self._sections


DROP = Response(flags=0, fresh_until=0.0)
"""Say nothing to the client."""


def coerce(answer: object) -> Response:
    """What a plugin returned, as a response: also dnspython's messages and RRsets are welcome."""
    import dns.message  # noqa: PLC0415
    import dns.rrset  # noqa: PLC0415

    if isinstance(answer, Response):
        return answer
    if isinstance(answer, dns.message.Message):
        return Response.from_message(answer)
    if isinstance(answer, dns.rrset.RRset):
        answer = [answer]
    if isinstance(answer, Iterable):
        rrsets = list(answer)
        if all(isinstance(rrset, dns.rrset.RRset) for rrset in rrsets):
            return Response(
                answer=[record for rrset in rrsets for record in Record.from_rrset(rrset)]
            )
    raise TypeError(f"a plugin returned {type(answer).__name__}, not a response")
