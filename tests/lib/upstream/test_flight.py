import pytest

from corepy.errors import UpstreamError
from corepy.lib.upstream.faults import Mismatch
from corepy.lib.upstream.flight import Flight, truncated
from corepy.response import WireResponse
from tests.support import upstream as fake

QUERY = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1"
END = len(QUERY)
OPT = b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"


def flight() -> Flight:
    return Flight(QUERY[2:], END, 0.0)


def with_opt(octets: bytes) -> bytes:
    return octets[:11] + b"\1" + octets[12:] + OPT


@pytest.mark.parametrize(
    "reply",
    [
        fake.answer(QUERY),
        fake.other_case(QUERY),
        fake.nodata(QUERY),
        fake.rcode(3)(QUERY),
        fake.big(QUERY),
        fake.truncated(QUERY),
        with_opt(fake.answer(QUERY)),
        fake.answer(QUERY) + b"junk behind",
        fake.reply(QUERY, records=b"\3www\0\0\1\0\1\0\0\0\5\0\4\1\2\3\4", count=1),
    ],
)
def test_good_replies_are_what_a_full_reading_makes_of_them(reply: bytes) -> None:
    read, full = flight().read(reply), WireResponse(reply)
    assert read is not None
    for part in ("wire", "end", "counts", "rcode", "flags", "answer", "spans", "stop"):
        assert getattr(read, part) == getattr(full, part), part
    assert (read.edns is None) == (full.edns is None)


@pytest.mark.parametrize(
    ("make", "left"),
    [
        (fake.wrong_question, Mismatch),
        (fake.wrong_type, Mismatch),
        (fake.not_a_reply, Mismatch),
        (fake.other_opcode, Mismatch),
        (fake.header_only, Mismatch),
        (fake.cut_short, WireResponse),
    ],
)
def test_bad_replies_are_not_taken_but_remembered(make: fake.Step, left: type) -> None:
    one = flight()
    assert callable(make)
    assert one.read(make(QUERY)) is None
    assert isinstance(one.spoiled, left)


def test_cut_at_any_octet_there_is_never_a_record_too_few() -> None:
    whole = fake.reply(QUERY, records=fake.a_record() + fake.a_record("192.0.2.2"), count=2)
    for size in range(12, len(whole)):
        assert flight().read(whole[:size]) is None


async def test_a_broken_reply_ends_as_a_cut_one_and_a_wrong_one_as_an_error() -> None:
    one, two, three = flight(), flight(), flight()
    one.read(fake.cut_short(QUERY))
    two.read(fake.wrong_question(QUERY))
    for each in (one, two, three):
        each.give_up(UpstreamError("late"))
    response = await one
    assert response.wire[2] & 2
    assert response.counts == (0, 0, 0)
    with pytest.raises(Mismatch):
        await two
    with pytest.raises(UpstreamError, match="late"):
        await three


async def test_everybody_gets_the_one_answer() -> None:
    one = flight()
    others = [one.join() for _ in range(3)]
    response = WireResponse(fake.answer(QUERY))
    one.land(response)
    assert [await one] + [await other for other in others] == [response] * 4


def test_truncated_keeps_header_and_question_only() -> None:
    cut = truncated(fake.big(QUERY), END)
    assert cut.wire[12:] == QUERY[12:]
    assert (cut.flags & 0x0200, cut.rcode, cut.counts) == (0x0200, 0, (0, 0, 0))
