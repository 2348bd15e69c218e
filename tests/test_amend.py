"""A request that is asked in another form, and the reply that goes by that form."""

from __future__ import annotations

import pytest

from corepy import names, wire
from corepy.lib.replacer import Exchange, Format
from corepy.record import Record
from corepy.reply import finish
from corepy.request import Request
from corepy.response import Edns, Response, WireResponse
from tests.support.queries import opt, option, query, request_of

TEXT = Record.make(names.from_text("a.test."), wire.TXT, 60, b"\xff" + b"x" * 255)
LARGE = Response(0, [TEXT] * 3)


def amended(after: bytes, before: bytes | None = None) -> tuple[Request, Request]:
    request = request_of(query() if before is None else before)
    return request, request.amend(after)


@pytest.mark.parametrize(
    ("before", "after", "flags"),
    [
        (wire.RD, 0, wire.AA),
        (0, wire.RD, wire.AA | wire.RD),
        (wire.RD | wire.CD, wire.CD, wire.AA | wire.CD),
        (0, wire.AA | wire.RA | wire.AD, wire.AA),
    ],
)
def test_header_bits(before: int, after: int, flags: int) -> None:
    request, _ = amended(query(flags=after), query(flags=before))
    reply = finish(request, Response())
    assert reply[2] << 8 | reply[3] == wire.QR | flags
    # The log agrees.
    assert logged(request) == logged(request_of(query(flags=after)))


def logged(request: Request) -> str:
    return Format("{>rflags}").settle(Exchange(request, Response()))


@pytest.mark.parametrize(
    ("before", "after", "size"),
    [(4096, 600, 600), (600, 4096, 4096), (None, 1232, 1232), (4096, None, None)],
)
def test_edns(before: int | None, after: int | None, size: int | None) -> None:
    request, _ = amended(query(edns=after), query(edns=before))
    reply = finish(request, LARGE)
    found = WireResponse(reply)
    assert (found.edns.size if found.edns else None) == size
    assert bool(found.flags & wire.TC) is ((size or 512) < 850)
    assert len(reply) <= max(512, size or 0)


def test_options_go_by_the_amended_form() -> None:
    cookie = option(10, b"12345678")
    request, _ = amended(query(edns=1232, options=cookie), query(edns=1232))
    assert finish(request, Response()).endswith(opt(1232, options=cookie))
    own = Response(edns=Edns(4096, True))
    assert finish(request, own).endswith(opt(1232, do=True))


def test_a_relayed_message_is_cut_by_it() -> None:
    octets = finish(request_of(query(edns=4096)), LARGE)
    for size, counted in ((4096, 3), (600, 2)):
        request, _ = amended(query(edns=size), query(edns=4096))
        assert finish(request, WireResponse(octets))[7] == counted


def test_id_and_question_stay_the_clients() -> None:
    request = request_of(query("Www.A.test.", ident=0x4321))
    rewritten = request.replace(owner=names.from_text("b.test."))
    rewritten.amend(query("b.test.", flags=0, ident=0x1111))
    reply = finish(request, Response())
    assert reply[:4] == b"\x43\x21\x84\x00"
    assert reply[12:] == request.question


def test_the_last_form_counts() -> None:
    request = request_of(query(edns=4096))
    first = request.amend(query(edns=1000))
    second = first.amend(query(edns=600, flags=0))
    assert request.amended is first.amended is second
    assert second.amended is None
    assert finish(request, Response()).endswith(opt(600))


def test_amendments_are_taken_back_one_by_one() -> None:
    request = request_of(query(edns=4096))
    first = request.amend(query(edns=1000))
    inner = first.replace()
    inner.amend(query(edns=600)).amend(query(edns=600, flags=0))
    inner.forget_amended(None)
    assert request.amended is first
    assert first.amended is inner.amended is None


def test_look_ups_are_not_the_clients_question() -> None:
    request = request_of(query(edns=4096))
    lookup = request.replace(qtype=wire.A)
    lookup.depth += 1
    lookup.amend(query(qtype=wire.A, flags=0))
    assert request.amended is None
    assert lookup.amended is not None


def test_what_is_no_query_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="not a query"):
        request_of().amend(b"\0" * 12)
