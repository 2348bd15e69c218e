"""Answers as values, and other servers' messages as answers."""

from __future__ import annotations

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from corepy import names, wire
from corepy.errors import WireError
from corepy.record import Record
from corepy.reply import finish
from corepy.response import DROP, FOREVER, Edns, Response, WireResponse, coerce
from tests.support.queries import query, request_of

OWNER = names.from_text("a.test")
ONE = Record.parse(OWNER, "A", 60, "192.0.2.1")
TWO = Record.parse(OWNER, "A", 60, "192.0.2.2")


def message() -> dns.message.Message:
    made = dns.message.make_response(dns.message.make_query("a.test", "A", want_dnssec=True))
    made.flags |= dns.flags.RA
    made.answer = [dns.rrset.from_text("a.test.", 60, "IN", "A", "192.0.2.1", "192.0.2.2")]
    made.authority = [dns.rrset.from_text("test.", 30, "IN", "NS", "ns.test.")]
    made.additional = [dns.rrset.from_text("ns.test.", 20, "IN", "A", "192.0.2.3")]
    made.use_edns(
        0,
        dns.flags.DO,
        1400,
        options=[dns.edns.EDEOption(dns.edns.EDECode.NOT_AUTHORITATIVE, "no")],
    )
    return made


def test_defaults() -> None:
    response = Response()
    assert (response.rcode, response.flags, response.fresh_until) == (0, wire.AA, FOREVER)
    assert not response.implicit
    assert repr(response) == "<Response rcode=0 0/0/0>"
    assert DROP.fresh_until == 0


def test_a_failure_is_only_an_rcode_and_a_reason() -> None:
    response = Response.failure(wire.SERVFAIL, "no upstream")
    assert (response.rcode, response.flags, response.fresh_until) == (wire.SERVFAIL, 0, 0)
    assert (response.implicit, response.error) == (True, "no upstream")


def test_records() -> None:
    request = request_of(name="A.test", qtype=wire.A)
    response = Response.records(request, 60, "192.0.2.1", "192.0.2.2")
    assert response.answer == [
        ONE.with_owner(names.from_text("A.test")),
        TWO.with_owner(names.from_text("A.test")),
    ]


def test_replace_changes_a_copy() -> None:
    first = Response(3, [ONE], error="x", edns=Edns(), fresh_until=5.0)
    second = first.replace(answer=[TWO], flags=0, edns=None)
    assert (first.answer, second.answer) == ([ONE], [TWO])
    assert (second.rcode, second.flags, second.edns, second.error) == (3, 0, None, "x")
    assert second.fresh_until == 5.0
    third = first.replace(
        rcode=0, authority=[ONE], additional=[TWO], fresh_until=0, error=None, implicit=True
    )
    assert (third.rcode, third.authority, third.additional) == (0, [ONE], [TWO])
    assert (third.fresh_until, third.error, third.implicit) == (0, None, True)


def test_size_is_that_of_the_message_without_compression() -> None:
    response = Response(answer=[ONE, TWO], edns=Edns(4096).with_option(15, b"\0\1"))
    request = request_of(qtype=wire.A)
    assert response.size(len(request.question)) == len(finish(request, response))


def test_from_message() -> None:
    response = Response.from_message(message())
    assert list(response.answer) == [ONE, TWO]
    assert [record.to_text() for record in response.authority] == ["test. 30 IN NS ns.test."]
    assert response.flags == wire.RA
    assert response.edns is not None
    assert (response.edns.size, response.edns.do) == (1400, True)
    assert response.edns.options == b"\0\x0f\0\4\0\x14no"


def test_coerce() -> None:
    rrset = message().answer[0]
    response = Response()
    assert coerce(response) is response
    assert list(coerce(rrset).answer) == [ONE, TWO]
    assert list(coerce([rrset]).answer) == [ONE, TWO]
    assert list(coerce(message()).answer) == [ONE, TWO]
    for odd in (None, 5, ["x"]):
        with pytest.raises(TypeError, match="a plugin returned"):
            coerce(odd)


# ---- wire form


def test_a_message_in_wire_form_is_read_when_somebody_looks() -> None:
    octets = message().to_wire()
    response = Response.from_wire(octets)
    assert response.counts == (2, 1, 2)
    assert response.question == query(qtype=wire.A)[12:]
    assert response.flags == wire.QR | wire.RD | wire.RA
    assert response.edns is not None
    assert (response.edns.size, response.edns.do) == (1400, True)
    assert set(response.answer) == {ONE, TWO}  # dnspython writes them in any order
    assert response.authority[0].rdata == names.from_text("ns.test")
    assert [record.ttl for record in response.additional] == [20]
    assert len(response.ttl_offsets()) == 4
    assert all(octets[at : at + 3] == b"\0\0\0" for at in response.ttl_offsets())
    assert repr(response) == "<WireResponse rcode=0 2/1/1>"


def test_its_extended_rcode() -> None:
    made = message()
    made.set_rcode(dns.rcode.BADCOOKIE)
    assert WireResponse(made.to_wire()).rcode == 23


def test_a_changed_copy_is_an_ordinary_response() -> None:
    response = WireResponse(message().to_wire()).replace(answer=[ONE])
    assert type(response) is Response
    assert (response.answer, len(response.authority)) == ([ONE], 1)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_message_cut_short_is_refused(cut: int) -> None:
    octets = message().to_wire()
    with pytest.raises(WireError):
        WireResponse(octets[:-cut])


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes(11),
        bytes(12),
        b"\0\0\x80\0\0\2\0\0\0\0\0\0" + b"\0\0\1\0\1" * 2,
        b"\0\0\x80\0\0\1\0\0\0\0\0\0",
        b"\0\0\x80\0\0\1\0\0\0\0\0\0" + b"\xc0\x0c\0\1\0\1",
        b"\0\0\x80\0\0\1\xff\xff\xff\xff\xff\xff" + b"\0\0\1\0\1",
    ],
)
def test_what_is_no_message_is_refused(octets: bytes) -> None:
    with pytest.raises(WireError):
        WireResponse(octets)


def test_an_opt_record_with_broken_options_is_refused() -> None:
    octets = query(edns=512)[:-2] + b"\0\3\0\x0a\0"
    with pytest.raises(WireError):
        WireResponse(octets)


def test_assembled_is_the_same_as_read() -> None:
    made = message()
    made.use_edns(-1)
    octets = made.to_wire()
    read = WireResponse(octets)
    for relay in (True, False):
        assembled = WireResponse.assembled(
            octets, read.end, read.counts, 0, flags=read.flags, relay=relay
        )
        assert list(assembled.answer) == list(read.answer)
        assert assembled.spans == read.spans
        request = request_of(qtype=wire.A)
        reply = finish(request, assembled)
        assert WireResponse(reply).answer == read.answer
