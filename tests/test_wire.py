"""Which queries are let in, and what the others are told."""

from __future__ import annotations

import dns.message
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy import wire
from corepy.errors import WireError
from tests.support.queries import opt, option, query, unhex

HEAD = "1234 0100 0001 0000 0000 0000 "
NAME = "0161 0474657374 00 0010 0001"
RECORD = " c00c 0001 0001 0000003c 0004 c0000201"
PLAIN_OPT = " 00 0029 04d0 00000000 0000"


def refusal(octets: str) -> tuple[int, int, int]:
    """Flags without rcode, rcode and length of the refusal."""
    answer = wire.admit(unhex(octets))
    assert isinstance(answer, bytes)
    assert answer[:2] == unhex(octets)[:2]
    flags = answer[2] << 8 | answer[3]
    return flags & ~15, flags & 15, len(answer)


@pytest.mark.parametrize("octets", [b"", b"\x12", bytes(11), query()[:11]])
def test_less_than_a_header_is_met_with_silence(octets: bytes) -> None:
    assert wire.silent(octets)


@pytest.mark.parametrize("flags", [0x8000, 0x8180, 0xFFFF])
def test_a_response_is_met_with_silence(flags: int) -> None:
    assert wire.silent(query(flags=flags))
    assert not wire.silent(query())


@pytest.mark.parametrize("opcode", range(16))
def test_only_query_and_notify_are_implemented(opcode: int) -> None:
    answer = wire.admit(query(flags=opcode << 11 | wire.RD))
    if opcode in (0, 4):
        assert isinstance(answer, tuple)
    else:
        # Header only; id, opcode and RD kept.
        assert answer == b"\x12\x34" + (0x8000 | opcode << 11 | wire.RD | 4).to_bytes(
            2, "big"
        ) + bytes(8)


def test_the_opcode_is_judged_before_the_counts() -> None:
    assert refusal("1234 2900 0005 0005 0005 0005") == (wire.QR | 0x2900, wire.NOTIMP, 12)


@pytest.mark.parametrize(
    ("counts", "admitted"),
    [
        ("0001 0000 0000 0000", True),
        ("0001 0001 0000 0000", True),
        ("0001 0000 0001 0000", True),
        ("0001 0001 0001 0002", True),
        ("0000 0000 0000 0000", False),
        ("0002 0000 0000 0000", False),
        ("0001 0002 0000 0000", False),
        ("0001 0000 0002 0000", False),
        ("0001 0000 0000 0003", False),
        ("0101 0000 0000 0000", False),
        ("ffff ffff ffff ffff", False),
    ],
)
def test_counts(counts: str, admitted: bool) -> None:
    octets = f"1234 0100 {counts} {NAME}"
    if admitted:
        # Records that are announced but not there are read as none.
        honest = unhex(f"1234 0100 0001 0000 0000 0000 {NAME}")
        assert wire.admit(unhex(octets)) == (honest, 24, 0, "0000 0000 0000" in counts)
    else:
        assert refusal(octets) == (wire.QR | wire.RD, wire.FORMERR, 12)


def test_counts_are_those_of_the_records_that_are_there() -> None:
    record = " 00 0010 0001 00000000 0000"
    shape = wire.admit(unhex(f"1234 0100 0001 0001 0001 0002 {NAME} {record * 2}"))
    assert shape == (unhex(f"1234 0100 0001 0001 0001 0000 {NAME} {record * 2}"), 24, 0, False)
    assert wire.scan_records(shape[0], 24, 2)[1].end == len(shape[0])


@pytest.mark.parametrize(
    "octets",
    [
        HEAD + "3f61",
        HEAD + "c00c 0010 0001",
        HEAD + "4161 00 0010 0001",
        HEAD + "8161 00 0010 0001",
        HEAD + "0161 0474657374",
        HEAD + "0161 0474657374 00 00",
        HEAD + "0161 0474657374 00 0010 00",
        HEAD + "01 61" * 127 + "01 61 00 0010 0001",
    ],
    ids=["cut label", "pointer", "0x40", "0x80", "no root", "odd type", "odd class", "257"],
)
def test_a_broken_question_is_a_format_error_without_it(octets: str) -> None:
    assert refusal(octets) == (wire.QR | wire.RD, wire.FORMERR, 12)


def test_a_question_that_is_announced_and_missing_is_a_server_failure() -> None:
    assert refusal("1234 0130 0001 0000 0000 0001") == (wire.QR | wire.RD | wire.CD, 2, 12)
    assert refusal("1234 2130 0001 0000 0000 0000") == (wire.QR | 0x2000, 2, 12)
    assert refusal("1234 0130 0001 0002 0000 0000")[1] == wire.FORMERR


@pytest.mark.parametrize(("code", "size", "legal"), [
    (9, 0, True), (9, 3, False), (9, 4, True), (11, 0, True), (11, 1, False), (11, 2, True),
    (15, 1, False), (15, 2, True), (10, 1, True), (3, 5, True), (65001, 0, True),
    (8, 0, False), (8, 3, False),
])  # fmt: skip
def test_options_whose_length_is_impossible_are_format_errors(
    code: int, size: int, legal: bool
) -> None:
    answer = wire.admit(query(edns=1232, options=option(code, bytes(size))))
    assert isinstance(answer, tuple) == legal
    if isinstance(answer, bytes):
        assert answer[12:] == query()[12:]


@pytest.mark.parametrize(("missing", "type_and_class"), [("", (0, 0)), (" 0010", (16, 0))])
def test_a_question_cut_between_its_fields_is_completed(
    missing: str, type_and_class: tuple[int, int]
) -> None:
    shape = wire.admit(unhex(HEAD + "0161 0474657374 00" + missing))
    assert isinstance(shape, tuple)
    octets, end, at, plain = shape
    assert (end, at, plain) == (24, 0, False)
    assert (octets[end - 4] << 8 | octets[end - 3], octets[end - 1]) == type_and_class


def test_the_longest_name_is_admitted() -> None:
    labels = [63 * "a", 63 * "b", 63 * "c", 61 * "d"]
    assert isinstance(wire.admit(query(".".join(labels))), tuple)
    assert isinstance(wire.admit(query("a." * 127)), tuple)


@pytest.mark.parametrize("junk", ["ff", "ffffff", "00" * 40])
def test_octets_behind_the_message_are_read_past(junk: str) -> None:
    shape = wire.admit(unhex(HEAD + NAME + junk))
    assert isinstance(shape, tuple)
    assert shape[1:] == (24, 0, False)


def test_an_opt_record_is_found_and_is_plain_without_options() -> None:
    assert wire.admit(query(edns=1232)) == (query(edns=1232), 24, 24, True)
    assert wire.admit(query(edns=1232, do=True)) == (query(edns=1232, do=True), 24, 24, True)
    octets = query(edns=1232, options=option(10, b"12345678"))
    assert wire.admit(octets) == (octets, 24, 24, False)


@pytest.mark.parametrize(
    ("data", "tidied"),
    [
        ("0001 18 00 c00002", "0001 18 00 c00002"),
        ("0001 18 00 c0000201", "0001 18 00 c00002"),
        ("0001 18 08 c0", "0001 18 08 c00000"),
        ("0001 14 00 c000ff", "0001 14 00 c000f0"),
        ("0001 00 00 c0", "0001 00 00"),
        ("0000 00 00 c0", "0000 00 00"),
        ("0002 31 00 20010db8ffffff", "0002 31 00 20010db8ffff80"),
    ],
)
def test_a_client_subnet_is_that_of_its_prefix(data: str, tidied: str) -> None:
    """As CoreDNS reads and writes it, so nobody's address goes further than it should."""

    def asked(subnet: str) -> bytes:
        options = option(3) + option(8, bytes.fromhex(subnet)) + option(65001, b"x")
        return query(edns=1232, options=options)

    shape = wire.admit(asked(data))
    assert isinstance(shape, tuple)
    assert shape == (asked(tidied), *wire.admit(asked(tidied))[1:])


def test_of_two_opt_records_the_last_one_counts() -> None:
    octets = unhex("1234 0100 0001 0000 0000 0002" + NAME) + opt(512) + opt(1232)
    assert wire.admit(octets) == (octets, 24, 35, False)


def test_an_opt_record_counts_in_the_additional_section_only() -> None:
    octets = unhex("1234 0100 0001 0001 0000 0000" + NAME) + opt(512)
    assert wire.admit(octets) == (octets, 24, 0, False)


def test_records_in_front_of_the_opt_record_are_stepped_over() -> None:
    octets = unhex("1234 0100 0001 0001 0001 0001" + NAME + RECORD + RECORD) + opt(512)
    assert wire.admit(octets) == (octets, 24, 24 + 32, False)


@pytest.mark.parametrize(
    "rest",
    [
        "00",
        "00 0029 04d0 00000000 00",
        "00 0029 04d0 00000000 0001",
        "00 0029 04d0 00000000 0003 000a00",
        "00 0029 04d0 00000000 0005 000a000200",
        "00 0029 04d0 00000000 0009 000a0008 3132333435",
        "4161 0029 04d0 00000000 0000",
        "c0",
        "3f 61",
    ],
)
def test_a_broken_record_is_a_format_error_with_the_question(rest: str) -> None:
    octets = "1234 0100 0001 0000 0000 0001" + NAME + rest
    assert refusal(octets) == (wire.QR | wire.RD, wire.FORMERR, 24)


def test_a_refusal_clears_aa_and_z_and_the_opcode_of_format_errors() -> None:
    assert refusal("1234 ff7f 0001 0000 0000 0000".replace("ff7f", "2770") + "3f61") == (
        wire.QR | 0x0330,  # TC, RD, AD and CD as they came
        wire.FORMERR,
        12,
    )


@given(st.binary(max_size=100), st.binary(min_size=12, max_size=12))
@settings(deadline=None, max_examples=200)
def test_whatever_comes_is_judged_without_an_exception(rest: bytes, head: bytes) -> None:
    octets = head + rest
    if wire.silent(octets):
        return
    shape = wire.admit(octets)
    if isinstance(shape, bytes):
        assert shape[2] >= 0x80
        assert len(shape) <= max(12, len(octets))
    else:
        whole, end, at, _ = shape
        assert whole.startswith(octets)
        assert 12 < end <= len(whole)
        assert at == 0 or whole[at : at + 3] == b"\0\0\x29"


def test_scan_records_wants_all_of_them() -> None:
    octets = unhex(HEAD + NAME + RECORD + RECORD)
    spans = wire.scan_records(octets, 24, 2)
    assert [(span.start, span.fixed, span.end, span.rdtype) for span in spans] == [
        (24, 26, 40, 1),
        (40, 42, 56, 1),
    ]
    with pytest.raises(WireError):
        wire.scan_records(octets, 24, 3)
    for cut in range(25, len(octets)):
        with pytest.raises(WireError):
            wire.scan_records(octets[:cut], 24, 2)


def test_what_is_admitted_dnspython_reads_too() -> None:
    octets = query("www.Example.org", wire.AAAA, edns=1232, do=True, options=option(3))
    shape = wire.admit(octets)
    assert isinstance(shape, tuple)
    message = dns.message.from_wire(octets)
    assert message.question[0].name.to_wire() == octets[12 : shape[1] - 4]
    assert message.payload == 1232
