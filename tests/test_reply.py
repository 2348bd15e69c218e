"""From a response to octets: sizes, compression and EDNS as CoreDNS has them.

The numbers in the tables were taken from CoreDNS 1.14.7 with the same records.
"""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy import names, wire
from corepy.record import Record
from corepy.reply import bad_version, finish, refusal
from corepy.response import Edns, Response, WireResponse
from tests.support.queries import option, query, request_of

OWNER = names.from_text("mid.big.test")
MID = [Record.parse(OWNER, "TXT", 60, f'"{number} {"a" * 108}"') for number in range(8)]
NS = Record.parse(names.from_text("big.test"), "NS", 300, "ns.big.test.")
ANSWER = Response(answer=MID, authority=[NS])


def counts(reply: bytes) -> tuple[int, int, int]:
    return reply[7], reply[9], reply[11]


def flags(reply: bytes) -> int:
    return reply[2] << 8 | reply[3]


# ---- what fits


def test_a_reply_that_fits_is_not_compressed() -> None:
    reply = finish(request_of(name="mid.big.test"), Response(answer=MID[:1], authority=[NS]))
    assert reply == b"".join(
        [
            b"\x12\x34\x85\0\0\1\0\1\0\1\0\0",
            query("mid.big.test")[12:],
            MID[0].owner + MID[0].tail,
            NS.owner + NS.tail,
        ]
    )


@pytest.mark.parametrize(
    ("size", "expected", "authority", "cut"),
    [
        (None, 3, 0, True),
        (100, 3, 0, True),
        (512, 3, 0, True),
        (600, 4, 0, True),
        (800, 6, 0, True),
        (1000, 7, 0, True),
        (1232, 8, 1, False),
        (4096, 8, 1, False),
    ],
)
def test_a_reply_is_cut_behind_the_last_record_that_fits(
    size: int | None, expected: int, authority: int, cut: bool
) -> None:
    reply = finish(request_of(name="mid.big.test", edns=size), ANSWER)
    assert counts(reply) == (expected, authority, 0 if size is None else 1)
    assert bool(flags(reply) & wire.TC) is cut
    assert len(reply) <= max(size or 512, 512)
    message = dns.message.from_wire(reply)
    assert len(message.answer[0]) == expected


def signed(signature: int, other: int) -> Response:
    """Two signatures of so many octets, and other data of so many."""
    root = names.from_text(".")
    rdata = b"\0\1\x0d\2" + bytes(14) + root + bytes(signature)
    rrsig = Record.make(root, wire.RRSIG, 60, rdata)
    return Response(answer=[rrsig, rrsig, Record.make(root, 65280, 60, bytes(other))])


@pytest.mark.parametrize(("signature", "slack"), [(64, 2), (65, 1), (66, 0)])
@pytest.mark.parametrize("relayed", [False, True])
def test_signatures_count_as_long_as_they_are_as_base64(
    signature: int, slack: int, relayed: bool
) -> None:
    """CoreDNS reckons with four digits for three octets, also for the last one or two."""
    request = request_of(name=".", qtype=wire.TXT, edns=600)
    fixed = 12 + 5 + 11 + 2 * (11 + 19 + signature) + 11
    for other, cut in ((600 - fixed - 2 * slack, False), (600 - fixed - 2 * slack + 1, True)):
        response = signed(signature, other)
        if relayed:
            big = request_of(name=".", qtype=wire.TXT, edns=4096)
            response = WireResponse(finish(big, response))
        reply = finish(request, response)
        assert bool(flags(reply) & wire.TC) is cut
        assert counts(reply)[0] == 3 - cut


def test_over_tcp_nothing_is_cut() -> None:
    reply = finish(request_of(name="mid.big.test", edns=512, proto="tcp"), ANSWER)
    assert counts(reply) == (8, 1, 1)
    assert not flags(reply) & wire.TC
    assert len(reply) == 12 + 18 + sum(record.size for record in (*MID, NS)) + 11


def test_over_tcp_too_a_reply_ends_at_65535_octets() -> None:
    many = [Record.parse(OWNER, "TXT", 60, f'"{number} {"a" * 200}"') for number in range(400)]
    reply = finish(request_of(name="mid.big.test", proto="tcp"), Response(answer=many))
    assert 65535 - 256 < len(reply) <= 65535
    assert flags(reply) & wire.TC


@pytest.mark.parametrize(("peer", "limit"), [("192.0.2.1", 1480), ("2001:db8::1", 1220)])
def test_a_udp_reply_that_would_be_fragmented_is_compressed(peer: str, limit: int) -> None:
    def size(text: int) -> tuple[int, int]:
        record = Record.parse(OWNER, "TXT", 60, " ".join(["a" * 200] * 5 + ["b" * text]))
        response = Response(answer=[record])
        plain = 12 + 18 + record.size + 11
        request = request_of(name="mid.big.test", edns=4096, peer=(peer, 1))
        return plain, len(finish(request, response))

    for text in range(1, 256):
        plain, sent = size(text)
        # An owner that is the question's name becomes a pointer of two octets.
        assert sent == (plain if plain <= limit else plain - 12)


def test_a_reply_whose_form_depends_on_the_family_is_not_repeated() -> None:
    record = Record.parse(OWNER, "TXT", 60, " ".join(["a" * 200] * 6))
    request = request_of(name="mid.big.test", edns=4096)
    finish(request, Response(answer=[record]))
    assert not request.repeatable


# ---- compression


def test_names_are_compressed_as_far_as_they_may_be() -> None:
    apex = names.from_text("big.test")
    records = [
        Record.parse(apex, "SOA", 60, "ns.big.test. host.big.test. 1 2 3 4 5"),
        Record.parse(apex, "MX", 60, "10 Mail.big.test."),
        Record.parse(apex, "SRV", 60, "1 2 3 mail.big.test."),
        Record.parse(apex, "PTR", 60, "srv.mail.big.test."),
        Record.parse(apex, "NAPTR", 60, '1 2 "s" "SIP" "" sip.big.test.'),
        Record.parse(apex, "TXT", 60, '"x"'),
        Record.parse(apex, "AFSDB", 60, "1 afs.big.test."),
    ]
    filler = [Record.parse(apex, "TXT", 60, f'"{"f" * 250}"')] * 2
    reply = finish(request_of(name="big.test", edns=1232), Response(answer=records + filler))
    assert len(reply) < 12 + 14 + sum(r.size for r in records + filler) + 11 or len(reply) <= 1232
    small = finish(request_of(name="big.test"), Response(answer=records + filler))
    read = WireResponse(small)
    kept = read.answer
    assert kept == (records + filler)[: len(kept)]
    assert len(kept) == 8
    # SRV and NAPTR targets are written out, though a later name may point to a SRV target.
    assert b"\4mail\3big\4test\0" in small
    assert b"\3sip\3big\4test\0" in small
    assert b"\3afs\3big\4test\0" in small


@pytest.mark.parametrize(
    ("rdtype", "before"), [("DNAME", ""), ("SRV", "1 2 3 "), ("HTTPS", "1 "), ("AFSDB", "1 ")]
)
def test_later_names_point_to_those_in_data_that_is_not_compressed(
    rdtype: str, before: str
) -> None:
    apex = names.from_text("big.test")
    records = [
        Record.parse(apex, "TXT", 60, f'"{"f" * 250}" "{"f" * 150}"'),
        Record.parse(apex, rdtype, 60, f"{before}target.elsewhere.example."),
        Record.parse(apex, "MX", 60, "1 target.elsewhere.example."),
    ]
    reply = finish(request_of(name="big.test"), Response(answer=records))
    assert reply.count(b"\6target") == 1
    assert list(WireResponse(reply).answer) == records


def test_service_data_cut_short_is_sent_as_it_is() -> None:
    apex = names.from_text("big.test")
    records = [
        Record.make(apex, 65, 60, b"\0\1\x3fx"),
        Record.parse(apex, "TXT", 60, f'"{"f" * 250}" "{"f" * 195}"'),
    ]
    reply = finish(request_of(name="big.test"), Response(answer=records))
    assert list(WireResponse(reply).answer) == records


def test_letters_of_names_are_kept() -> None:
    owner = names.from_text("BIG.test")
    records = [Record.parse(owner, "NS", 60, f"n{number}.Big.TEST.") for number in range(40)]
    reply = finish(request_of(name="big.test"), Response(answer=records))
    read = WireResponse(reply)
    assert 0 < len(read.answer) < 40
    assert list(read.answer) == records[: len(read.answer)]


KINDS = [
    ("MX", "1 {0}"), ("NS", "{0}"), ("SRV", "1 2 3 {0}"), ("PTR", "{0}"), ("CNAME", "{0}"),
    ("SOA", "{0} {1} 1 2 3 4 5"), ("RP", "{0} {1}"), ("TXT", '"text"'), ("A", "192.0.2.1"),
    ("NAPTR", '1 2 "s" "" "" {0}'), ("DNAME", "{0}"), ("AFSDB", "1 {0}"),
]  # fmt: skip
LABEL = st.sampled_from(["a", "B", "mail", "x" * 30, "y" * 63])
NAME = st.lists(LABEL, max_size=2).map(lambda labels: ".".join([*labels, "Big.test."]))


@st.composite
def records(draw: st.DrawFn) -> Record:
    kind, text = draw(st.sampled_from(KINDS))
    text = text.format(draw(NAME), draw(NAME))
    return Record.parse(names.from_text(draw(NAME)), kind, 60, text)


@given(
    st.lists(records(), max_size=25),
    st.lists(records(), max_size=4),
    st.lists(records(), max_size=4),
    st.sampled_from([None, 0, 512, 700, 1000, 1232, 2000, 4096]),
    st.booleans(),
)
@settings(deadline=None, max_examples=120)
def test_what_is_written_is_what_dnspython_and_we_read(
    answer: list[Record],
    authority: list[Record],
    additional: list[Record],
    size: int | None,
    tcp: bool,
) -> None:
    request = request_of(name="Big.test", edns=size, proto="tcp" if tcp else "udp")
    reply = finish(request, Response(0, answer, authority, additional))
    assert len(reply) <= request.size
    dns.message.from_wire(reply)
    read = WireResponse(reply)
    sections = (answer, authority, additional)
    kept = (read.answer, read.authority, read.additional)
    whole = all(len(k) == len(s) for k, s in zip(kept, sections, strict=True))
    assert bool(flags(reply) & wire.TC) is not whole
    everything = [record for section in sections for record in section]
    flat = [record for section in kept for record in section]
    assert flat == everything[: len(flat)]


# ---- header


@pytest.mark.parametrize(
    ("asked", "own", "expected"),
    [
        (wire.RD, wire.AA, wire.QR | wire.AA | wire.RD),
        (0, wire.AA, wire.QR | wire.AA),
        (wire.RD | wire.CD | wire.AD | wire.Z, 0, wire.QR | wire.RD | wire.CD),
        (wire.AA | wire.TC | wire.RA, 0, wire.QR),
        (4 << 11 | wire.RD | wire.CD, 0, wire.QR | 4 << 11),
        (wire.RD, wire.RA | wire.AD, wire.QR | wire.RD | wire.RA | wire.AD),
        # QR says that these are all the flags there are.
        (wire.RD | wire.CD, wire.QR | wire.RA, wire.QR | wire.RA),
    ],
)
def test_flags(asked: int, own: int, expected: int) -> None:
    reply = finish(request_of(flags=asked), Response(3, flags=own))
    assert flags(reply) == expected | 3


def test_the_question_comes_back_as_it_was_written() -> None:
    octets = query("wWw.ExAmPlE.org", wire.AAAA, ident=0xABCD)
    reply = refusal(request_of(octets), wire.REFUSED)
    assert reply[:2] == b"\xab\xcd"
    assert reply[12:] == octets[12:]
    assert flags(reply) == wire.QR | wire.RD | wire.REFUSED


# ---- EDNS


def opt_of(reply: bytes) -> tuple[int, int, int, bytes] | None:
    """UDP size, extended rcode and version, flags, options."""
    message = dns.message.from_wire(reply)
    if message.edns < 0:
        return None
    response = WireResponse(reply)
    assert response.edns is not None
    at = reply.rindex(b"\0\0\x29")
    return (
        response.edns.size,
        reply[at + 5],
        reply[at + 7] << 8 | reply[at + 8],
        response.edns.options,
    )


def test_no_edns_no_opt() -> None:
    assert opt_of(refusal(request_of(), wire.REFUSED)) is None


@pytest.mark.parametrize("size", [0, 256, 512, 1232, 4096, 65535])
@pytest.mark.parametrize("do", [False, True])
def test_size_and_do_come_back(size: int, do: bool) -> None:
    reply = finish(request_of(edns=size, do=do), Response())
    assert opt_of(reply) == (size, 0, 0x8000 if do else 0, b"")


@pytest.mark.parametrize(
    ("options", "back"),
    [
        (option(3), option(3)),
        (option(10, b"\1\2\3\4\5\6\7\x08"), option(10, b"\1\2\3\4\5\6\7\x08")),
        (option(8, b"\0\1\x18\0\xc0\0\2"), b""),
        (option(65001, b"\xab\xcd"), b""),
        (option(12, bytes(4)), option(12, bytes(4))),
        (option(11), option(11)),
        (option(9), option(9)),
        (
            option(3) + option(65001, b"\1") + option(10, b"12345678"),
            option(3) + option(10, b"12345678"),
        ),
    ],
)
def test_options_that_travel_end_to_end_come_back(options: bytes, back: bytes) -> None:
    for proto in ("udp", "tcp"):
        reply = finish(request_of(edns=1232, options=options, proto=proto), Response())
        assert opt_of(reply) == (1232, 0, 0, back)


def test_a_plugins_own_edns_keeps_its_options_and_takes_the_clients_size() -> None:
    own = Edns(4096, do=True, options=b"").with_option(15, b"\0\x14")
    reply = finish(request_of(edns=1232, options=option(3)), Response(edns=own))
    assert opt_of(reply) == (1232, 0, 0x8000, option(15, b"\0\x14"))


def test_a_plugins_own_edns_reaches_a_client_without_any() -> None:
    reply = finish(request_of(), Response(edns=Edns(4096, options=option(15, b"\0\x14"))))
    assert opt_of(reply) == (4096, 0, 0, option(15, b"\0\x14"))


def test_an_extended_rcode_is_split() -> None:
    reply = finish(request_of(edns=1232), Response(23))
    assert dns.message.from_wire(reply).rcode() == 23
    assert finish(request_of(), Response(23)) == b""


@pytest.mark.parametrize("version", [1, 2, 255])
def test_bad_version(version: int) -> None:
    reply = bad_version(request_of(edns=1232, do=True, version=version, flags=wire.RD | wire.CD))
    message = dns.message.from_wire(reply)
    assert message.rcode() == 16
    assert (message.edns, message.payload, message.ednsflags & 0x8000) == (0, 0, 0)
    assert message.flags & ~15 == dns.flags.QR | dns.flags.RD | dns.flags.CD
    assert reply[12:24] == query()[12:]


# ---- other servers' messages


def upstream(answer: int = 1, *, edns: bool = True, name: str = "mid.big.test.") -> bytes:
    message = dns.message.make_response(dns.message.make_query(name, "TXT", want_dnssec=edns))
    message.flags |= dns.flags.RA
    texts = [f'"{number} {"a" * 104}"' for number in range(answer)]
    message.answer = [dns.rrset.from_text(name, 60, "IN", "TXT", *texts)]
    return message.to_wire(max_size=65535)


def test_a_relayed_message_is_passed_on_as_it_is() -> None:
    octets = upstream()
    request = request_of(name="mid.big.test", edns=1232)
    reply = finish(request, WireResponse(octets))
    assert reply[:2] == b"\x12\x34"
    assert flags(reply) == wire.QR | wire.RD | wire.RA
    assert reply[12:] == octets[12:-11] + query(edns=1232)[-11:]
    assert request.owner_seen  # pointers lead into the question


def test_a_relayed_message_loses_an_opt_record_the_client_did_not_ask_for() -> None:
    reply = finish(request_of(name="mid.big.test"), WireResponse(upstream(edns=False)))
    assert counts(reply) == (1, 0, 0)


def test_a_relayed_message_that_is_too_long_is_cut() -> None:
    reply = finish(request_of(name="mid.big.test"), WireResponse(upstream(8)))
    assert counts(reply)[0] == 3
    assert flags(reply) & wire.TC


def test_a_message_for_another_spelling_is_written_anew() -> None:
    reply = finish(request_of(name="MID.big.test"), WireResponse(upstream()))
    assert reply[12:30] == query("MID.big.test")[12:]
    read = WireResponse(reply)
    assert read.answer[0].owner == OWNER


@given(st.integers(0, 12), st.booleans(), st.sampled_from([None, 512, 900, 1232, 4096]))
@settings(deadline=None, max_examples=40)
def test_relayed_or_rebuilt_the_records_are_the_same(
    count: int, edns: bool, size: int | None
) -> None:
    octets = upstream(max(count, 1), edns=edns)
    for name in ("mid.big.test", "mId.bIg.tEsT"):
        read = WireResponse(finish(request_of(name=name, edns=size), WireResponse(octets)))
        wanted = WireResponse(octets).answer
        assert list(read.answer) == list(wanted)[: len(read.answer)]
        assert bool(read.flags & wire.TC) is (len(read.answer) < len(wanted))
