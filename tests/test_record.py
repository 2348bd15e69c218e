"""Records, and reading them out of messages, compared with dnspython."""

from __future__ import annotations

import io

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy import names, wire
from corepy.errors import WireError
from corepy.record import Expander, Record
from corepy.response import WireResponse

TEXTS = [
    ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"),
    ("NS", "ns.Example.org."),
    ("CNAME", "www.a.test."),
    ("SOA", "ns.a.test. host.a.test. 1 2 3 4 5"),
    ("PTR", "a.test."),
    ("MX", "10 mail.a.test."),
    ("TXT", '"one" "two"'),
    ("RP", "box.a.test. txt.a.test."),
    ("AFSDB", "1 afs.a.test."),
    ("SRV", "1 2 53 srv.a.test."),
    ("NAPTR", '1 2 "s" "SIP+D2U" "" _sip._udp.a.test.'),
    ("KX", "1 kx.a.test."),
    ("DNAME", "other.test."),
    ("DS", "1 8 2 " + "ab" * 32),
    ("RRSIG", "A 8 2 60 20300101000000 20200101000000 1 a.test. AAAA"),
    ("NSEC", "b.a.test. A TXT"),
    ("PX", "1 map822.test. mapx400.test."),
    ("CAA", '0 issue "ca.test"'),
    ("HTTPS", "1 svc.a.test. alpn=h2"),
    ("TYPE65400", "\\# 3 010203"),
]
OWNER = names.from_text("Www.a.test")


@pytest.mark.parametrize(("kind", "text"), TEXTS, ids=[kind for kind, _ in TEXTS])
def test_a_record_from_text_is_what_dnspython_writes(kind: str, text: str) -> None:
    record = Record.parse(OWNER, kind, 300, text)
    rrset = dns.rrset.from_text("Www.a.test.", 300, "IN", kind, text)
    out = io.BytesIO()
    rrset.to_wire(out)
    assert record.owner + record.tail == out.getvalue()
    assert record.size == len(out.getvalue())
    assert Record.from_rrset(rrset) == [record]
    assert (record.rdtype, record.rdclass, record.ttl) == (int(rrset.rdtype), 1, 300)
    assert record.to_text() == rrset.to_text()
    assert repr(record) == f"Record({rrset.to_text()!r})"


def test_changed_copies() -> None:
    record = Record.parse(OWNER, "A", 300, "192.0.2.1")
    assert record.with_ttl(5) == Record.parse(OWNER, "A", 5, "192.0.2.1")
    other = record.with_owner(b"\1b\0")
    assert other == Record.parse(b"\1b\0", "A", 300, "192.0.2.1")
    assert record.ttl == 300
    assert len({record, record.with_ttl(300), other}) == 2
    assert record != "a"


@pytest.mark.parametrize(
    ("kind", "text", "target"),
    [
        ("NS", "x.test.", "x.test."),
        ("CNAME", "x.test.", "x.test."),
        ("PTR", "x.test.", "x.test."),
        ("DNAME", "x.test.", "x.test."),
        ("MX", "1 x.test.", "x.test."),
        ("SRV", "1 2 3 x.test.", "x.test."),
        ("A", "192.0.2.1", None),
        ("SOA", "a. b. 1 2 3 4 5", None),
        ("RRSIG", "A 8 2 60 20300101000000 20200101000000 1 a.test. AAAA", None),
        ("NSEC", "b.a.test. A TXT", None),
    ],
)
def test_target(kind: str, text: str, target: str | None) -> None:
    found = Record.parse(OWNER, kind, 60, text).target()
    assert (None if found is None else names.to_text(found)) == target


# ---- reading messages

LABEL = st.sampled_from(["a", "B", "www", "mail", "x1", "long-label"])
NAME = st.lists(LABEL, min_size=0, max_size=4).map(lambda labels: ".".join([*labels, "Test."]))


@st.composite
def rrsets(draw: st.DrawFn) -> dns.rrset.RRset:
    kind, text = draw(st.sampled_from(TEXTS))
    for known in ("ns.Example.org.", "www.a.test.", "mail.a.test.", "b.a.test.", "other.test."):
        text = text.replace(known, draw(NAME))
    return dns.rrset.from_text(draw(NAME), draw(st.integers(0, 1 << 31)), "IN", kind, text)


@given(st.lists(rrsets(), max_size=12), st.booleans())
@settings(deadline=None, max_examples=120)
def test_a_message_that_dnspython_compressed_is_read_as_it_was(
    found: list[dns.rrset.RRset], edns: bool
) -> None:
    message = dns.message.make_response(dns.message.make_query("www.a.test", "A"))
    third = len(found) // 3
    message.answer = found[:third]
    message.authority = found[third : 2 * third]
    message.additional = found[2 * third :]
    if edns:
        message.use_edns(0, 0x8000, 1400)
    response = WireResponse(message.to_wire(max_size=65535))
    for section, expected in (
        (response.answer, message.answer),
        (response.authority, message.authority),
        (response.additional, message.additional),
    ):
        wanted = [record for rrset in expected for record in Record.from_rrset(rrset)]
        # Compression makes letters of names those of their first occurrence.
        assert [_lower(record) for record in section] == [_lower(record) for record in wanted]
    assert (response.edns is not None) is edns


def _lower(record: Record) -> str:
    return record.to_text().lower()


def chained(labels: int, count: int, *, spread: bool) -> bytes:
    """A reply with `count` NS records whose names are pointers into one name of many labels.

    The name stands in the data of a first, opaque record. Without `spread` all pointers lead to its
    beginning, with it each to another of its labels.
    """
    name = b"\1a" * labels + b"\0"
    head = b"\0\0\x80\0\0\1" + (count + 1).to_bytes(2, "big") + b"\0\0\0\0" + b"\0\0\1\0\1"
    opaque = b"\0\xff\0\0\1\0\0\0\0" + len(name).to_bytes(2, "big")
    start = len(head) + len(opaque)
    rows = []
    for number in range(count):
        first = start + (2 * (2 * number % labels) if spread else 0)
        second = start + (2 * ((2 * number + 1) % labels) if spread else 0)
        rows.append(
            (0xC000 | first).to_bytes(2, "big")
            + b"\0\2\0\1\0\0\0\0\0\2"
            + (0xC000 | second).to_bytes(2, "big")
        )
    return head + opaque + name + b"".join(rows)


def test_names_through_pointers_of_every_kind() -> None:
    response = WireResponse(chained(34, 60, spread=True))
    assert len(response.answer) == 61
    assert response.answer[1].owner == b"\1a" * 34 + b"\0"
    assert response.answer[1].rdata == b"\1a" * 33 + b"\0"


def test_too_much_decompressed_data_is_refused() -> None:
    response = WireResponse(chained(120, 4000, spread=False))
    with pytest.raises(WireError, match="too much"):
        assert response.answer


def test_too_many_different_pointers_are_refused() -> None:
    # One long name after another, and pointers to all their labels.
    name = b"\1a" * 126 + b"\0"
    body = name * 60
    head = b"\0\0\x80\0\0\1\x0f\xa1\0\0\0\0" + b"\0\0\1\0\1"
    opaque = b"\0\xff\0\0\1\0\0\0\0" + len(body).to_bytes(2, "big")
    start = len(head) + len(opaque)
    owners = [
        (0xC000 | start + number % 60 * len(name) + number // 60 * 2).to_bytes(2, "big")
        for number in range(4000)
    ]
    octets = head + opaque + body + b"".join(o + b"\0\1\0\1\0\0\0\0\0\0" for o in owners)
    response = WireResponse(octets)
    with pytest.raises(WireError, match="too many labels"):
        assert response.answer


def test_a_long_chain_of_pointers_is_refused() -> None:
    pointers = b"\0\0"  # the second octet is the root, the first only fills
    start = 12 + 5 + 11
    for number in range(3000):
        pointers += (0xC000 | start + 2 * number).to_bytes(2, "big")
    head = b"\0\0\x80\0\0\1\0\2\0\0\0\0" + b"\0\0\1\0\1"
    opaque = b"\0\xff\0\0\1\0\0\0\0" + len(pointers).to_bytes(2, "big") + pointers
    last = (0xC000 | start + 6000).to_bytes(2, "big") + b"\0\1\0\1\0\0\0\0\0\0"
    with pytest.raises(WireError, match="pointers"):
        assert WireResponse(head + opaque + last).answer


@pytest.mark.parametrize(
    "record",
    [
        b"\xc0\x11\0\1\0\1\0\0\0\0\0\0",  # an owner that points to itself
        b"\xc0\x30\0\1\0\1\0\0\0\0\0\0",  # and forward
        b"\0\0\2\0\1\0\0\0\0\0\1\1",  # a name cut short by the end of the message
        b"\0\0\x0f\0\1\0\0\0\0\0\2\0\1",  # a preference without a name
        b"\0\0\2\0\1\0\0\0\0\0\3\1a\xc0",  # half a pointer
        b"\0\0\x23\0\1\0\0\0\0\0\6\0\1\0\1\xff\0",  # NAPTR whose text is longer than the data
        b"\0\0\2\0\1\0\0\0\0\0\0",  # no data at all
    ],
)
def test_broken_names_are_refused(record: bytes) -> None:
    head = b"\0\0\x80\0\0\1\0\1\0\0\0\0" + b"\0\0\1\0\1"
    with pytest.raises(WireError):
        assert WireResponse(head + record).answer


def test_a_name_that_runs_into_the_next_record_is_refused() -> None:
    head = b"\0\0\x80\0\0\1\0\2\0\0\0\0" + b"\0\0\1\0\1"
    first = b"\0\0\2\0\1\0\0\0\0\0\1\1"
    with pytest.raises(WireError, match="shorter"):
        assert WireResponse(head + first + b"\0\0\1\0\1\0\0\0\0\0\0").answer


def test_data_that_does_not_fit_its_length_without_compression_is_refused() -> None:
    name = b"\1a" * 120 + b"\0"
    head = b"\0\0\x80\0\0\1\0\1\0\0\0\0" + name + b"\0\1\0\1"
    # RRSIG: 18 octets, the signer's name as a pointer, and a signature up to the last octet.
    data = bytes(18) + b"\xc0\x0c" + bytes(65500 - len(head) - 31)
    octets = head + b"\0\0\x2e\0\1\0\0\0\0" + len(data).to_bytes(2, "big") + data
    assert len(octets) <= 65535
    response = WireResponse(octets)
    assert len(response.answer) == 1  # 240 octets more still fit here
    longer = head + b"\0\0\x2e\0\1\0\0\0\0\xff\xf0" + data.ljust(0xFFF0, b"\0")
    with pytest.raises(WireError, match="too long"):
        assert WireResponse(longer).answer


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=300)
def test_random_records_are_read_or_refused(rest: bytes) -> None:
    head = b"\0\0\x80\0\0\1\0\1\0\1\0\1" + b"\1a\4test\0\0\1\0\1"
    try:
        response = WireResponse(head + rest)
        records = [*response.answer, *response.authority, *response.additional]
    except WireError:
        return
    assert len(records) <= 3
    assert all(record.tail[8] << 8 | record.tail[9] == len(record.tail) - 10 for record in records)


def test_the_expander_reads_names_once() -> None:
    octets = bytes(12) + b"\1a\4test\0" + b"\1b\xc0\x0c"
    expander = Expander(octets)
    assert expander.name(20) == (b"\1b\1a\4test\0", 24)
    assert expander.name(12) == (b"\1a\4test\0", 20)
    assert expander.name(20) == (b"\1b\1a\4test\0", 24)
    with pytest.raises(WireError):
        expander.name(24)


# ---- single names


def expand(octets: bytes, at: int) -> tuple[bytes, int]:
    return Expander(octets).name(at)


def test_a_name_follows_pointers_backwards() -> None:
    octets = bytes(12) + b"\1a\4test\0" + b"\1B\xc0\x0c" + b"\1c\xc0\x14"
    assert expand(octets, 12) == (b"\1a\4test\0", 20)
    assert expand(octets, 20) == (b"\1B\1a\4test\0", 24)
    assert expand(octets, 24) == (b"\1c\1B\1a\4test\0", 28)


@pytest.mark.parametrize(
    ("octets", "at"),
    [
        (b"\xc0\0", 0),
        (b"\xc0\2\xc0\0", 0),
        (b"\xc0\2\xc0\0", 2),
        (b"\1a\xc0\0", 0),
        (b"\1a", 0),
        (b"\5a", 0),
        (b"\xc0", 0),
        (b"\x40a\0", 0),
        (b"\x80a\0", 0),
        (b"", 0),
        (b"\0", 1),
        (
            b"\x3f"
            + 63 * b"a"
            + b"\x3f"
            + 63 * b"a"
            + b"\x3f"
            + 63 * b"a"
            + b"\x3f"
            + 63 * b"a"
            + b"\0",
            0,
        ),
    ],
)
def test_a_name_refuses(octets: bytes, at: int) -> None:
    with pytest.raises(WireError):
        expand(octets, at)


def test_a_name_follows_so_many_pointers_and_no_more() -> None:
    def chain(count: int) -> tuple[bytes, int]:
        octets = b"\0"
        at = 0
        for _ in range(count):
            octets += (0xC000 | at).to_bytes(2, "big")
            at = len(octets) - 2
        return octets, at

    assert expand(*chain(wire.MAX_POINTERS))[0] == b"\0"
    with pytest.raises(WireError):
        expand(*chain(wire.MAX_POINTERS + 1))


@given(st.lists(st.lists(st.binary(min_size=1, max_size=12), max_size=5), min_size=1, max_size=8))
@settings(deadline=None, max_examples=100)
def test_a_name_reads_what_dnspython_compresses(rows: list[list[bytes]]) -> None:
    file, table = io.BytesIO(), {}  # type: ignore[var-annotated]
    starts = []
    for labels in rows:
        starts.append(file.tell())
        dns.name.Name([*labels, b""]).to_wire(file, table)
    octets = file.getvalue()
    for labels, start, end in zip(rows, starts, [*starts[1:], len(octets)], strict=True):
        name, after = expand(octets, start)
        # dnspython compresses without regard to case, so only the lower form must be the same.
        assert [label.lower() for label in names.labels(name)] == [
            label.lower() for label in labels
        ]
        assert after == end
