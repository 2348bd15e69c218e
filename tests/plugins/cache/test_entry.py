"""Answers in pieces: what is put together again is what was taken apart."""

from __future__ import annotations

import dns.message
import pytest

from corepy import wire
from corepy.reply import finish
from corepy.response import WireResponse
from corepy_plugins.cache import kind
from corepy_plugins.cache.entry import Draft, Entry
from tests.support.caching import SOA, message, texts
from tests.support.queries import request_of

MANY = "\n".join(f"a.up.test. {60 + i} IN A 192.0.2.{i}" for i in range(60))
MESSAGES = {
    "one": ("a.up.test. 60 IN A 192.0.2.1", "", ""),
    "none": ("", "", ""),
    "all sections": (
        "a.up.test. 60 IN CNAME b.up.test.\nb.up.test. 9 IN MX 1 c.a.up.test.",
        SOA,
        "c.a.up.test. 7 IN A 192.0.2.9\nx.test. 8 IN SRV 1 2 3 a.up.test.",
    ),
    "many": (MANY, "", ""),
}


def entry_of(name: str, *, edns: bool = False, records: bool = False) -> tuple[Entry, WireResponse]:
    query = dns.message.make_query("a.up.test.", "A")
    answer, authority, additional = MESSAGES[name]
    whole = message(query, answer, authority=authority, additional=additional)
    if edns:
        whole.use_edns(0, payload=4096)
    response = WireResponse(whole.to_wire())
    draft = None if records else Draft.of_wire(response, b"\0\1\0\1")
    return Entry(response.question, response, draft, 60, 0.0, kind.ANSWER), response


def sections(response: WireResponse) -> list[list[str]]:
    found = (response.answer, response.authority, response.additional)
    return [[record.to_text() for record in section] for section in found]


@pytest.mark.parametrize("records", [False, True])
@pytest.mark.parametrize("edns", [False, True])
@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("asked", ["a.up.test.", "A.Up.tESt."])
def test_an_answer_is_the_message_with_another_ttl(
    name: str, edns: bool, records: bool, asked: str
) -> None:
    entry, response = entry_of(name, edns=edns, records=records)
    request = request_of(name=asked, qtype=wire.A)
    for _ in range(2):
        answer = entry.answer(request, 77, 1.0, authenticated=False)
        wanted = [[_with_ttl(text, 77) for text in section] for section in sections(response)]
        assert sections(answer) == wanted
        assert (answer.question, answer.fresh_until) == (request.question, 1.0)
        reply = dns.message.from_wire(finish(request, answer))
        assert reply.question[0].name.to_text() == asked
        if not reply.flags & dns.flags.TC:
            assert sorted(texts(reply.answer)) == sorted(wanted[0])


def _with_ttl(text: str, ttl: int) -> str:
    owner, _, rest = text.split(" ", 2)
    return f"{owner} {ttl} {rest}"


def test_the_lowest_ttl() -> None:
    assert [entry_of(name)[0].draft.least for name in MESSAGES] == [60, None, 7, 60]
    assert [entry_of(name, records=True)[0].draft.least for name in MESSAGES] == [60, None, 7, 60]


def test_owners_keep_the_letters_of_the_first_client() -> None:
    entry, _ = entry_of("one")
    other = request_of(name="A.UP.test.", qtype=wire.A)
    reply = finish(other, entry.answer(other, 5, 0.0, authenticated=False))
    assert texts(dns.message.from_wire(reply).answer) == ["a.up.test. 5 IN A 192.0.2.1"]


def test_a_long_answer_is_compressed_for_those_it_would_not_fit() -> None:
    entry, _ = entry_of("many", records=True)
    request = request_of(name="a.up.test.", qtype=wire.A, edns=4096)
    reply = finish(request, entry.answer(request, 5, 0.0, authenticated=False))
    assert reply.count(b"\xc0\x0c") == 60
    short = request_of(name="a.up.test.", qtype=wire.A)
    reply = finish(short, entry.answer(short, 5, 0.0, authenticated=False))
    assert len(reply) <= 512
    assert reply[2] & 2


def test_an_opt_record_before_the_last_is_not_cut_out() -> None:
    query = dns.message.make_query("a.up.test.", "A", use_edns=0)
    whole = message(query, additional="c.a.up.test. 7 IN A 192.0.2.9").to_wire()
    opt = whole[-11:]
    start = whole.index(b"\x01c")
    response = WireResponse(whole[:start] + opt + whole[start:-11])
    assert response.edns is not None
    assert Draft.of_wire(response, b"\0\1\0\1") is None


def test_names_that_cannot_be_written_out() -> None:
    entry, response = entry_of("all sections")
    octets = bytearray(response.wire)
    at = octets.index(b"\1b\xc0") + 2
    octets[at : at + 2] = b"\xff\xf0"
    broken = Draft.of_wire(WireResponse(bytes(octets)), b"\0\1\0\1")
    assert broken is not None
    entry = Entry(response.question, response, broken, 60, 0.0, kind.ANSWER)
    request = request_of(name="A.up.test.", qtype=wire.A)
    answer = entry.answer(request, 5, 0.0, authenticated=False)
    assert answer.question == request.question
    assert len(answer.wire) == len(octets)


@pytest.mark.parametrize(
    ("times", "hits"),
    [((1, 2, 3), 3), ((1, 11), 2), ((1, 11.5), 1), ((1, 2, 30, 31), 2)],
)
def test_a_pause_starts_the_count_of_hits_again(times: tuple[float, ...], hits: int) -> None:
    entry, _ = entry_of("one")
    for time in times:
        entry.touch(time, 10.0)
    assert entry.hits == hits


def test_one_refresh_at_a_time_and_a_pause_after_a_failure() -> None:
    entry, _ = entry_of("one")
    assert entry.begin(1.0, 0.0)
    assert not entry.begin(1.0, 0.0)
    entry.finish(2.0, 10.0, refreshed=False)
    assert [entry.begin(now, 10.0) for now in (2.0, 11.9, 12.0)] == [False, False, True]
    entry.finish(12.0, 10.0, refreshed=True)
    assert entry.begin(12.0, 10.0)
    entry.finish(12.0, 0.0, refreshed=False)
    assert entry.begin(12.0, 10.0)
