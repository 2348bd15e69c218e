"""Variants keep what they do not change, in wire form where it was."""

from __future__ import annotations

import pytest

from corepy import names, wire
from corepy.lib.variant import answer_only, with_flags
from corepy.record import Record
from corepy.reply import finish
from corepy.response import Edns, Response, WireResponse
from tests.support.queries import option, request_of

OWNER = names.from_text("a.test.")
ONE, TWO = (Record.make(OWNER, wire.A, 60, bytes((192, 0, 2, last))) for last in (1, 2))
GIVEN = Response(3, (ONE,), (TWO,), (ONE, TWO), fresh_until=9.0)


def in_wire_form(response: Response) -> WireResponse:
    edns = None if response.edns is None else 1232
    request = request_of(name="a.test.", qtype=wire.A, edns=edns)
    return WireResponse(finish(request, response), fresh_until=response.fresh_until)


def blame(response: Response) -> None:
    response.error = "odd"


def facts(response: Response) -> tuple[object, ...]:
    return (
        response.rcode,
        list(response.answer),
        list(response.authority),
        list(response.additional),
        response.edns and (response.edns.size, response.edns.do, response.edns.options),
        response.fresh_until,
        response.error,
        response.implicit,
    )


@pytest.mark.parametrize("edns", [None, Edns(1232, True, option(10, b"x"))])
@pytest.mark.parametrize("relayed", [True, False])
def test_with_flags(edns: Edns | None, relayed: bool) -> None:
    given = GIVEN.replace(edns=edns)
    given = in_wire_form(given) if relayed else given
    blame(given)
    found = with_flags(given, 0x8400)
    assert found.flags == 0x8400
    assert facts(found) == facts(given)
    assert found.size(12) == given.size(12)
    assert type(found) is type(given)
    request = request_of(name="a.test.", qtype=wire.A, edns=1232)
    before, after = (finish(request, one) for one in (given, found))
    assert after[4:] == before[4:]
    assert after[2] & 4


@pytest.mark.parametrize("edns", [None, Edns(1232, True, option(10, b"x"))])
@pytest.mark.parametrize("relayed", [True, False])
@pytest.mark.parametrize("answers", [(), (ONE,), (ONE, TWO)])
def test_answer_only(edns: Edns | None, relayed: bool, answers: tuple[Record, ...]) -> None:
    given = GIVEN.replace(edns=edns, answer=answers)
    bare = given.replace(authority=(), additional=(), edns=None, error="odd")
    given = in_wire_form(given) if relayed else given
    blame(given)
    found = answer_only(given)
    assert facts(found) == facts(bare)
    assert found.size(12) == bare.size(12)
    assert isinstance(found, WireResponse) is relayed


@pytest.mark.parametrize("relayed", [True, False])
def test_nothing_to_leave_off(relayed: bool) -> None:
    given = Response(0, (ONE,))
    given = in_wire_form(given) if relayed else given
    assert answer_only(given) is given


def test_a_message_that_cannot_be_relayed_stays_one() -> None:
    """An OPT record that does not stand at the end has to go, whatever follows it."""
    octets = in_wire_form(Response(0, (ONE,), edns=Edns(1232))).wire
    octets = octets[:10] + b"\0\2" + octets[12:] + OWNER + TWO.tail
    given = WireResponse(octets)
    assert given.stop == 0
    assert with_flags(given, 0x8400).additional == [TWO]
    found = answer_only(given)
    assert isinstance(found, WireResponse)
    assert (found.stop, list(found.answer)) == (0, [ONE])
