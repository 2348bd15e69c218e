"""Master files: what is read out of them, and what is refused."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from corepy import names
from corepy.lib.zonedata import Sources, Unchanged, ZoneData, ZoneError, load
from corepy.lib.zonedata.files import MOST_FILES

SOA = "@ 60 SOA ns host 5 7200 1800 86400 60\n"
HEAD = "$TTL 60\n" + SOA


async def read(folder: Path, text: str, serial: int | None = None) -> ZoneData:
    path = folder / "db"
    path.write_bytes(text.encode("latin-1"))
    return await load(path, "z.test.", serial=serial)


async def shown(folder: Path, text: str) -> list[str]:
    """The records apart from the first SOA, each without its class and the zone's name."""
    zone = await read(folder, text)
    return [
        record.to_text().replace(" IN ", " ").replace("z.test.", "Z")
        for record in list(zone.records())[1:]
    ]


READ: list[tuple[str, str, list[str]]] = [
    ("plain", "www A 192.0.2.1\n", ["www.Z 60 A 192.0.2.1"]),
    ("everything before the type", "a 5 IN A 192.0.2.1\nb IN 6 A 192.0.2.2\nc IN A 192.0.2.3\n",
     ["a.Z 5 A 192.0.2.1", "b.Z 6 A 192.0.2.2", "c.Z 60 A 192.0.2.3"]),
    ("lower-case words", "a 5 in a 192.0.2.1\n$ttl 7\nb aaaa ::1\n",
     ["a.Z 5 A 192.0.2.1", "b.Z 7 AAAA ::1"]),
    ("units", "a 1h A 192.0.2.1\nb 1W2d3H4m5s A 192.0.2.2\nc 10s5 A 192.0.2.3\n",
     ["a.Z 3600 A 192.0.2.1", "b.Z 788645 A 192.0.2.2", "c.Z 15 A 192.0.2.3"]),
    ("the owner before", "a A 192.0.2.1\n  AAAA ::1\n\t5 TXT x\n IN 6 MX 1 a\n",
     ["a.Z 60 A 192.0.2.1", "a.Z 60 AAAA ::1", 'a.Z 5 TXT "x"', "a.Z 6 MX 1 a.Z"]),
    ("types as owners", "A IN A 192.0.2.1\nIN A 192.0.2.2\n",
     ["a.Z 60 A 192.0.2.1", "in.Z 60 A 192.0.2.2"]),
    ("comments and blank lines", "\n ; one\n\t\na A 192.0.2.1;two\n;three\nb A 192.0.2.2 ; four",
     ["a.Z 60 A 192.0.2.1", "b.Z 60 A 192.0.2.2"]),
    ("parentheses", "a ( A\n 192.0.2.1 ) ; c\nb TXT ( one ; c\n two )\n",
     ["a.Z 60 A 192.0.2.1", 'b.Z 60 TXT "one" "two"']),
    ("carriage returns", "a A 192.0.2.1\r\n  TXT x\r\n", ["a.Z 60 A 192.0.2.1", 'a.Z 60 TXT "x"']),
    ("origins", "$ORIGIN Sub\na PTR B\n$ORIGIN .\nb.z.test CNAME C.z.test\n",
     ["b.Z 60 CNAME c.Z", "a.sub.Z 60 PTR B.Sub.Z"]),
    ("letters", "A NS NS\nB MX 1 M\nC PTR P\nD.e SRV 1 2 3 S\nE HTTPS 1 T\n",
     ["a.Z 60 NS ns.Z", "b.Z 60 MX 1 m.Z", "c.Z 60 PTR P.Z", "e.Z 60 HTTPS 1 t.Z",
      "D.e.Z 60 SRV 1 2 3 S.Z"]),
    ("escapes", "a\\.b A 192.0.2.1\n\\097\\@ A 192.0.2.2\n",
     ["a\\.b.Z 60 A 192.0.2.1", "a\\@.Z 60 A 192.0.2.2"]),
    ("strings", 'a TXT one "two ;x" "" "\\065\\"\\\\"\nb TXT "' + "x" * 300 + '"\n',
     ['a.Z 60 TXT "one" "two ;x" "" "A\\"\\\\"',
      f'b.Z 60 TXT "{"x" * 255}" "{"x" * 45}"']),
    ("strings over lines", 'a TXT "one\ntwo"\n', ['a.Z 60 TXT "one\\010two"']),
    ("octets", 'a TXT "\xe9"\n', ['a.Z 60 TXT "\\233"']),
    ("unknown types", "a TYPE65280 \\# 2 abcd\nb A \\# 4 c0000201\nc type1 \\# 4 c0000202\n",
     ["a.Z 60 TYPE65280 \\# 2 abcd", "b.Z 60 A 192.0.2.1", "c.Z 60 A 192.0.2.2"]),
    ("other types", 'a CAA 0 issue "x"\nb LOC 1 N 1 E 1m\nc NAPTR 1 2 "u" "" "" .\nd HINFO PC\n',
     ['a.Z 60 CAA 0 issue "x"', "b.Z 60 LOC 1 0 0.000 N 1 0 0.000 E 1.00m",
      'c.Z 60 NAPTR 1 2 "u" "" "" .', 'd.Z 60 HINFO "PC" ""']),
    ("digests", "a DS 1 13 2 " + "ab" * 32 + "\nb TLSA 3 1 1 " + "a b" * 32 + "\n",
     [f"a.Z 60 DS 1 13 2 {'ab' * 32}", f"b.Z 60 TLSA 3 1 1 {'ab' * 32}"]),
    ("generated", "$GENERATE 1-3/2 h${1,2,d} TXT ${0,0,X}-$ ; c\n$GENERATE 7-7 $ 5 A 192.0.2.$\n",
     ["7.Z 5 A 192.0.2.7", 'h02.Z 3600 TXT "1-1"', 'h04.Z 3600 TXT "3-3"']),
    ("outside", "a.other. A 192.0.2.1\n", ["a.other. 60 A 192.0.2.1"]),
    ("the origin, the root", "@ A 192.0.2.1\n. A 192.0.2.2\n",
     [". 60 A 192.0.2.2", "Z 60 A 192.0.2.1"]),
    ("name servers first", "a A 192.0.2.1\n@ NS a\n", ["Z 60 NS a.Z", "a.Z 60 A 192.0.2.1"]),
    ("twice", "a A 192.0.2.1\nb A 192.0.2.2\na A 192.0.2.1\na A 192.0.2.3\n",
     ["a.Z 60 A 192.0.2.1"] * 2 + ["a.Z 60 A 192.0.2.3", "b.Z 60 A 192.0.2.2"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "records"), [row[1:] for row in READ], ids=[r[0] for r in READ])
async def test_records(tmp_path: Path, text: str, records: list[str]) -> None:
    assert await shown(tmp_path, HEAD + text) == records


@pytest.mark.parametrize(
    ("text", "ttls"),
    [
        # A record's own TTL becomes the default, unless $TTL has set one.
        ("@ 9 SOA a b 1 2 3 4 5\nw A 192.0.2.1\nx 7 A 192.0.2.2\ny A 192.0.2.3\n", [9, 7, 7]),
        (
            "$TTL 5\n@ 9 SOA a b 1 2 3 4 5\nw A 192.0.2.1\nx 7 A 192.0.2.2\ny A 192.0.2.3\n",
            [5, 7, 5],
        ),
        ("@ IN SOA a b 1 2 3 4 5\nw IN A 192.0.2.1\n", [0]),
    ],
)
async def test_ttls(tmp_path: Path, text: str, ttls: list[int]) -> None:
    zone = await read(tmp_path, text)
    assert [record.ttl for record in list(zone.records())[1:]] == ttls


async def test_the_last_soa_counts(tmp_path: Path) -> None:
    zone = await read(tmp_path, HEAD + "@ 60 SOA ns host 6 1h 30m 1d 1m\n")
    assert zone.soa is not None
    assert zone.soa.to_text().endswith("ns.z.test. host.z.test. 6 3600 1800 86400 60")
    assert zone.serial == 6


REFUSED = [
    ("a A 192.0.2.01\n", 'bad A A: "192.0.2.01" at line: 3:5'),
    ("a A 192.0.2.1 x\n", 'garbage after rdata: "x" at line: 3:15'),
    ('a A "192.0.2.1"\n', "no quotes expected"),
    ('"a" A 192.0.2.1\n', "syntax error at beginning"),
    ("a AAAA 192.0.2.1\n", "bad AAAA AAAA"),
    ("a MX 65536 b\n", "bad number"),
    ("a MX 1\n", "unexpected newline"),
    ("a A\n", 'unexpected newline: "A" at line: 3:3'),
    ("a NAPTR 1 2 u x y .\n", "bad NAPTR Flags"),
    ("a CAA x\n", "dns: "),
    ("a UNKNOWN x\n", 'not a TTL: "UNKNOWN"'),
    ("a 5 6 A 192.0.2.1\n", 'unknown RR type: "6"'),
    ("a IN CH TXT x\n", "expecting RR type or TTL"),
    ("a TYPE70000 x\n", "unknown RR type"),
    ("a 4294967296 A 192.0.2.1\n", "not a TTL"),
    ("a\n", "expecting RR type, TTL or class"),
    ("a..b A 192.0.2.1\n", "label empty"),
    ("x" * 64 + " A 192.0.2.1\n", "longer than 63"),
    (".".join(["x" * 63] * 4) + " A 192.0.2.1\n", "longer than 255"),
    ("a CNAME b..c\n", "label empty"),
    ("a\\300 A 192.0.2.1\n", "escape above 255"),
    ("a A ( 192.0.2.1\n", "unbalanced brace"),
    ("a A ) 192.0.2.1\n", 'extra closing brace: "" at line: 3:5'),
    ('a TXT "x\n', "unbalanced quote"),
    ("$FOO x\n", 'not a TTL: "x"'),
    ("$TTL x\n", "expecting $TTL value"),
    ("$TTL 1 2\n", "garbage after rdata"),
    ("$ORIGIN\n", "expecting $ORIGIN value"),
    ("$ORIGIN a..b\n", "bad origin name"),
    ("$INCLUDE\n", "expecting $INCLUDE value"),
    ("$INCLUDE none\n", "failed to open `none' as"),
    ("$INCLUDE .\n", "is a directory"),
    ("$GENERATE 1-2\n", "expecting $GENERATE value"),
    ("$GENERATE 1 a A 192.0.2.1\n", "bad start-stop"),
    ("$GENERATE 2-1 a A 192.0.2.1\n", "bad range"),
    ("$GENERATE 1-2/0 a A 192.0.2.1\n", "bad step"),
    ("$GENERATE 1-2147483647 a$ A 192.0.2.1\n", "bad range"),
    ("$GENERATE 1-2 a${ A 192.0.2.1\n", "bad modifier"),
    ("$GENERATE 1-2 a${0,1,q} A 192.0.2.1\n", "bad modifier"),
    ("$GENERATE 1-2 a${0,999} A 192.0.2.1\n", "bad width"),
    ("$GENERATE 1-2 a${-2} A 192.0.2.1\n", "bad offset"),
    ("$GENERATE 1-2 a$ A 192.0.2.x\n", 'in $GENERATE: {db}: dns: bad A A: "192.0.2.x"'),
    ("$GENERATE 1-2 $$GENERATE 1-2 a A 192.0.2.1\n", "nested $GENERATE"),
]


@pytest.mark.parametrize(("text", "fault"), REFUSED, ids=[row[0][:30] for row in REFUSED])
async def test_mistakes_are_named_with_their_place(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ZoneError) as caught:
        await read(tmp_path, HEAD + text)
    db = tmp_path / "db"
    assert str(caught.value).startswith(
        f'failed to parse file "{db}" for origin z.test. with error'
    )
    assert fault.format(db=db) in str(caught.value)


async def test_a_first_record_needs_a_ttl_and_an_owner(tmp_path: Path) -> None:
    with pytest.raises(ZoneError, match="missing TTL with no previous value"):
        await read(tmp_path, "@ SOA a b 1 2 3 4 5\n")
    with pytest.raises(ZoneError, match="no owner name"):
        await read(tmp_path, " 5 SOA a b 1 2 3 4 5\n")


async def test_a_known_serial_ends_reading(tmp_path: Path) -> None:
    with pytest.raises(Unchanged):
        await read(tmp_path, HEAD + "broken\n", serial=5)
    assert (await read(tmp_path, HEAD, serial=6)).serial == 5


async def test_files_include_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one").write_text("a A 192.0.2.1\n$TTL 9\n$INCLUDE two x\nb A 192.0.2.2\n")
    (tmp_path / "sub" / "two").write_text("c A 192.0.2.3\n")
    text = HEAD + "own A 192.0.2.9\n$INCLUDE sub/one\n TXT after\n"
    assert await shown(tmp_path, text) == [
        "a.Z 60 A 192.0.2.1",
        "b.Z 9 A 192.0.2.2",
        "own.Z 60 A 192.0.2.9",
        'own.Z 60 TXT "after"',
        "c.x.Z 9 A 192.0.2.3",
    ]


async def test_changes_of_included_files_are_seen(tmp_path: Path) -> None:
    (tmp_path / "db").write_text(HEAD + "$INCLUDE one\n")
    (tmp_path / "one").write_text("a A 192.0.2.1\n")
    sources = Sources()
    await load(tmp_path / "db", "z.test.", sources=sources)
    assert not sources.changed()
    (tmp_path / "one").write_text("a A 192.0.2.22\n")
    assert sources.changed()


@pytest.mark.parametrize("copies", [1, 100])
async def test_files_that_include_themselves_end_soon(tmp_path: Path, copies: int) -> None:
    started = time.monotonic()
    with pytest.raises(ZoneError, match=rf"too deeply nested|more than {MOST_FILES} files"):
        await read(tmp_path, HEAD + "$INCLUDE db\n" * copies)
    assert time.monotonic() - started < 1


async def test_devices_and_pipes_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", str(tmp_path / "pipe")):
        with pytest.raises(ZoneError, match="not a regular file"):
            async with asyncio.timeout(2):
                await read(tmp_path, f"{HEAD}$INCLUDE {path}\n")


async def test_generated_records_have_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corepy.lib.zonedata.reader.MOST_GENERATED", 500)
    with pytest.raises(ZoneError, match="too many generated records"):
        await read(tmp_path, HEAD + "$GENERATE 1-300 a$ A 192.0.2.1\n" * 2)


async def test_files_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corepy.lib.zonedata.files.MOST_OCTETS", len(HEAD) + 8)
    assert (await read(tmp_path, HEAD)).serial == 5
    with pytest.raises(OSError, match="too large"):
        await read(tmp_path, HEAD + "; comment\n")


@pytest.mark.parametrize(
    "text", ["(" * 100_000, '"' * 99_999, "a TXT " + "x " * 100_000, "\\" * 100_001, "a" * 200_000]
)
async def test_hostile_text_is_refused_at_once(tmp_path: Path, text: str) -> None:
    started = time.monotonic()
    with pytest.raises(ZoneError):
        await read(tmp_path, HEAD + text + "\n")
    assert time.monotonic() - started < 1


async def test_a_large_zone_is_read_in_small_steps(tmp_path: Path) -> None:
    """200000 records within seconds, and nobody waits for long meanwhile."""
    lines = "".join([f"host{i} IN A 10.0.{i >> 8 & 255}.{i & 255}\n" for i in range(200_000)])
    (tmp_path / "db").write_text(HEAD + lines)
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - before)

    watcher = asyncio.ensure_future(watch())
    started = time.monotonic()
    zone = await load(tmp_path / "db", "z.test.")
    assert time.monotonic() - started < 5
    watcher.cancel()
    assert longest < 0.5
    assert len(zone.nodes) == 200_000
    assert zone.of(names.from_text("host7.z.test."), 1)[0].to_text().endswith("10.0.0.7")
