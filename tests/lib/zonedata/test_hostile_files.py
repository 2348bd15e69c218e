"""Zone files that nobody meant well: they are read or refused, and soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy import names
from corepy.lib.zonedata import ZoneData, ZoneError, find
from corepy.lib.zonedata.reader import Reader

ORIGIN = names.from_text("z.test")
SOA = "@ 60 SOA ns host 5 7200 1800 86400 60\n"
FILES = {
    "self": "$INCLUDE self\n",
    "ping": "a A 192.0.2.1\n$INCLUDE pong x\n",
    "pong": "$INCLUDE ping y\nb A 192.0.2.2\n",
    "wide": "$INCLUDE plain\n" * 50,
    "plain": "c A 192.0.2.3\n",
}
SECONDS = 5.0
"""One file of the length used here takes milliseconds; this is for a busy machine."""


def read(text: str) -> ZoneData:
    """The zone in `text`, with the files above to include. Raises `ZoneError`."""
    zone = ZoneData(ORIGIN)
    steps = Reader(zone).read(Path("db"))
    answer: str | None = None
    missing: OSError | None = None
    while True:
        try:
            wanted = steps.send(answer) if missing is None else steps.throw(missing)
        except StopIteration:
            return zone
        answer = missing = None
        if wanted is not None:
            answer = text if wanted == Path("db") else FILES.get(wanted.name)
            missing = FileNotFoundError(2, "no such file") if answer is None else None


def survives(text: str) -> None:
    """Read it and ask what came of it."""
    started = time.monotonic()
    try:
        zone = read(text)
    except ZoneError as error:
        assert str(error)  # noqa: PT017 - that it says something is all there is to it
    else:
        for record in list(zone.records())[:50]:
            record.to_text()
            find(zone, record.owner.lower(), record.rdtype, do=True)
    assert time.monotonic() - started < SECONDS


WORDS = st.sampled_from(
    """@ a * *.a a.b. . .. \\ \\. \\999 \\065 \\# ( ) ; " "" "x ' $ $$ $TTL $ORIGIN $INCLUDE
    $GENERATE 1-3 1-65536 0-4294967295/1 3-1 1-2/0 ${0,3,d} ${-1} ${0,255,x} ${ self ping wide none
    IN CH HS ANY CLASS1 CLASS65536 TYPE1 TYPE65535 TYPE99999 A AAAA NS CNAME DNAME MX TXT SRV CAA
    SOA NAPTR HTTPS SVCB DS RRSIG NSEC NSEC3 DNSKEY TLSA SSHFP LOC HINFO PTR OPT AXFR 0 1 60 1w2d
    4294967296 -1 99999999999999999999 192.0.2.1 192.0.2.256 ::1 ::g 0x10 AAAA== alpn=h2
    key65535="x" mandatory=alpn 20240101000000""".split()  # noqa: SIM905 - words are read more easily so
)
SPACES = st.sampled_from([" ", "\t", "\n", "\r\n", "\n ", "  ", "", "(\n", ")\n"])
LETTERS = st.text(st.characters(max_codepoint=255), max_size=12)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Words of master files and letters of all kinds in any order."""
    pieces = draw(st.lists(st.tuples(WORDS | LETTERS, SPACES), max_size=30))
    start = draw(st.sampled_from(["", SOA, "$TTL 60\n" + SOA]))
    return start + "".join(word + space for word, space in pieces)


@settings(max_examples=400, deadline=None)
@given(files())
def test_any_words(text: str) -> None:
    survives(text)


GOOD = SOA + (
    "$ORIGIN sub\nwww 60 IN A 192.0.2.1\n  AAAA 2001:db8::1\nm MX 10 www\n"
    't TXT "one" two\n$GENERATE 1-9/2 h${0,3} A 192.0.2.$\ns SRV 1 2 3 www\n'
    'c CAA 0 issue "ca.test"\nh HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1\n* CNAME www\n'
    "d DNAME z.test.\n$INCLUDE plain\nl LOC 52 22 23 N 4 53 32 E -2m 0m 10000m 10m\n"
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_good_file_with_changes(data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        end = min(len(text), at + data.draw(st.integers(0, 6)))
        text = text[:at] + data.draw(WORDS | LETTERS) + text[end:]
    survives(text)


def test_the_good_file_is_good() -> None:
    assert len(list(read(GOOD).records())) > 12


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000,
        "(\n" * 50_000,
        "a TXT " + '"' * 50_001,
        "a TXT " + "x" * 200_000,
        "a TXT " + "\\" * 100_001,
        "a TXT " + '"" ' * 50_000,
        "a" * 200_000,
        "a." * 100_000 + " A 192.0.2.1",
        "$TTL " + "1" * 100_000,
        "$GENERATE 1-65536 " + "$" * 50_000 + " A 192.0.2.1",
        "$GENERATE 1-65536 a" + "${0,255}" * 1000 + " A 192.0.2.1",
        "$GENERATE " + "1" * 100_000 + "-2 a A 192.0.2.1",
        "$GENERATE 1-65536 $GENERATE 1-65536 a A 192.0.2.1",
        "$INCLUDE self",
        "$INCLUDE ping",
        "$INCLUDE " + "x" * 100_000,
        "a TYPE65280 \\# 70000 " + "00" * 70_000,
        "a HTTPS 1 . " + "key1=x " * 20_000,
        "a APL " + "1:192.0.2.0/24 " * 20_000,
        "a NSEC b " + "A " * 50_000,
        "a LOC " + "1 " * 50_000,
        " " * 200_000 + "x",
        "1" * 100_000 + "s A 192.0.2.1",
    ],
    ids=lambda text: text[:24],
)
def test_much_of_one_thing(text: str) -> None:
    survives(SOA + text + "\n")


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 1 << 33),
    st.integers(0, 1 << 33),
    st.integers(0, 1 << 33),
    st.integers(-(1 << 33), 1 << 33),
    st.integers(0, 999),
    st.sampled_from("doxXn"),
)
def test_generated_numbers(
    start: int, count: int, step: int, offset: int, width: int, base: str
) -> None:
    end = start + count % 100
    survives(f"{SOA}$GENERATE {start}-{end}/{step} h${{{offset},{width},{base}}} A 192.0.2.1\n")
