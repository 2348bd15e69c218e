"""Kinds and classes of responses, for both forms of a response."""

from __future__ import annotations

import dataclasses

import pytest

from corepy import wire
from corepy.lib.classify import Class, Kind, classify, typify
from corepy.record import Record
from corepy.request import Request
from corepy.response import Response, WireResponse
from tests.support.queries import request_of

NAME = b"\1a\4test\0"
NOW = 1_500_000_000


def record(rdtype: int, rdata: bytes = b"\0") -> Record:
    return Record.make(NAME, rdtype, 60, rdata)


def signature(inception: int, expiration: int) -> Record:
    rdata = b"\0\1\x08\2" + bytes(4)
    for moment in (expiration, inception):
        rdata += (moment % (1 << 32)).to_bytes(4, "big")
    return record(wire.RRSIG, rdata + b"\0\1" + NAME + b"sig")


def request(qtype: int = wire.A, flags: int = wire.RD) -> Request:
    return request_of(qtype=qtype, flags=flags)


A, SOA, NS, CNAME = (record(kind) for kind in (wire.A, wire.SOA, wire.NS, wire.CNAME))


def in_wire_form(asked: Request, response: Response) -> WireResponse:
    sections = (response.answer, response.authority, response.additional)
    octets = asked.wire[:2] + (0x8000 | response.rcode).to_bytes(2, "big") + b"\0\1"
    octets += b"".join(len(section).to_bytes(2, "big") for section in sections)
    octets += asked.question
    octets += b"".join(one.owner + one.tail for section in sections for one in section)
    return WireResponse(octets)


@dataclasses.dataclass
class Case:
    kind: Kind
    response: Response
    qtype: int = wire.A
    flags: int = wire.RD
    do: bool = False


CASES = [
    Case(Kind.NOERROR, Response(0, [A])),
    Case(Kind.NOERROR, Response(0, [CNAME], [SOA])),
    Case(Kind.NOERROR, Response(0)),
    Case(Kind.NODATA, Response(0, [], [NS, SOA])),
    Case(Kind.DELEGATION, Response(0, [], [NS], [A])),
    Case(Kind.NOERROR, Response(0, [], [], [NS, SOA])),
    Case(Kind.NXDOMAIN, Response(3, [], [SOA])),
    Case(Kind.NXDOMAIN, Response(3)),
    Case(Kind.OTHERERROR, Response(3, [CNAME], [SOA])),
    Case(Kind.SERVERERROR, Response(2)),
    Case(Kind.SERVERERROR, Response(4, [A], [SOA])),
    Case(Kind.OTHERERROR, Response(5)),
    Case(Kind.OTHERERROR, Response(1)),
    Case(Kind.META, Response(0, [SOA]), wire.AXFR),
    Case(Kind.META, Response(5), wire.IXFR),
    Case(Kind.META, Response(0), wire.SOA, flags=0x2000),
    Case(Kind.NOERROR, Response(0, [A, signature(NOW - 9, NOW - 1)])),
    Case(Kind.OTHERERROR, Response(0, [A, signature(NOW - 9, NOW - 1)]), do=True),
    Case(Kind.OTHERERROR, Response(0, [A, signature(NOW + 1, NOW + 9)]), do=True),
    Case(Kind.OTHERERROR, Response(0, [], [SOA, signature(NOW + 1, NOW + 9)]), do=True),
    Case(Kind.OTHERERROR, Response(0, [A], [], [signature(NOW - 9, NOW - 1)]), do=True),
    Case(Kind.NOERROR, Response(0, [A, signature(NOW, NOW)]), do=True),
    Case(Kind.NODATA, Response(0, [], [SOA, signature(NOW - 9, NOW + 9)]), do=True),
]


@pytest.mark.parametrize("case", CASES)
def test_kind(case: Case) -> None:
    asked = request(case.qtype, case.flags)
    assert typify(asked, case.response, do=case.do, now=NOW) is case.kind
    octets = in_wire_form(asked, case.response)
    assert typify(asked, octets, do=case.do, now=NOW) is case.kind


def test_an_answer_in_wire_form_stays_unparsed() -> None:
    octets = in_wire_form(request(), Response(0, [A], [NS]))
    typify(request(), octets, do=True)
    assert octets._sections is None


def test_times_past_the_middle_of_the_era() -> None:
    answer = Response(0, [A, signature(NOW, (1 << 32) - 1)])
    assert typify(request(), answer, do=True, now=NOW) is Kind.NOERROR


def test_now_is_the_clock() -> None:
    assert typify(request(), Response(0, [A, signature(1, 2)]), do=True) is Kind.OTHERERROR


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        (Kind.NOERROR, Class.SUCCESS),
        (Kind.DELEGATION, Class.SUCCESS),
        (Kind.NXDOMAIN, Class.DENIAL),
        (Kind.NODATA, Class.DENIAL),
        (Kind.SERVERERROR, Class.ERROR),
        (Kind.META, Class.ERROR),
        (Kind.UPDATE, Class.ERROR),
        (Kind.OTHERERROR, Class.ERROR),
    ],
)
def test_class(kind: Kind, group: Class) -> None:
    assert classify(kind) is group
