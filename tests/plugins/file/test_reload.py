"""Files that change while the server runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from corepy.testing import Dns, Start

INTERVAL = "20ms"


def zone(serial: int, last: int) -> str:
    return f"@ 60 SOA ns host {serial} 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.{last}\n"


def text(path: Path, *options: str) -> str:
    lines = "\n".join((f"reload {INTERVAL}", *options))
    return f"a.test {{\n file {path} {{\n {lines}\n }}\n}}\n"


def put(path: Path, content: str) -> None:
    """Replace a file in one step, so that none is read half-written."""
    new = path.with_suffix(".new")
    new.write_text(content)
    new.replace(path)


async def settles(dns: Dns, last: int) -> None:
    """Wait until the address ends in `last`."""
    async with asyncio.timeout(5):
        while await dns.ask("www.a.test") != f"www.a.test. 60 IN A 192.0.2.{last}":
            await asyncio.sleep(0.01)


async def logged(dns: Dns, part: str) -> None:
    """Wait for a line."""
    async with asyncio.timeout(5):
        while not any(part in line for line in dns.log):
            await asyncio.sleep(0.01)


async def test_another_serial_is_taken_and_the_same_one_is_not(
    corefile: Start, tmp_path: Path
) -> None:
    db = tmp_path / "db"
    db.write_text(zone(5, 1))
    async with corefile(text(db)) as dns:
        await settles(dns, 1)
        put(db, zone(5, 2))
        await asyncio.sleep(0.15)
        await settles(dns, 1)
        put(db, zone(4, 3))
        await settles(dns, 3)
        line = (
            f'[INFO] plugin/file: Successfully reloaded zone "a.test." in "{db}" with 4 SOA serial'
        )
        assert dns.log == [line]


async def test_by_modification_time_the_serial_does_not_matter(
    corefile: Start, tmp_path: Path
) -> None:
    db = tmp_path / "db"
    db.write_text(zone(5, 1))
    async with corefile(text(db, "reload_by_mtime")) as dns:
        await settles(dns, 1)
        put(db, zone(5, 2))
        await settles(dns, 2)


async def test_bad_and_missing_files_keep_what_there_was(corefile: Start, tmp_path: Path) -> None:
    db = tmp_path / "db"
    db.write_text(zone(1, 1))
    async with corefile(text(db)) as dns:
        put(db, "this is not a zone file\n")
        await logged(
            dns, f'[ERROR] plugin/file: Parsing zone "a.test.": failed to parse file "{db}"'
        )
        await settles(dns, 1)
        db.unlink()
        await logged(dns, f'Failed to open zone "a.test." in "{db}": open {db}: no such file')
        await asyncio.sleep(0.1)
        assert len(dns.log) == 2  # one line for each reason, not for each look
        put(db, zone(2, 2))
        await settles(dns, 2)


async def test_a_file_may_come_late(corefile: Start, tmp_path: Path) -> None:
    db = tmp_path / "db"
    async with corefile(text(db)) as dns:
        assert await dns.ask("www.a.test") == "SERVFAIL"
        put(db, zone(0, 1))
        await settles(dns, 1)


async def test_included_files_are_looked_at_too(corefile: Start, tmp_path: Path) -> None:
    db, soa = tmp_path / "db", tmp_path / "soa"
    more = tmp_path / "more"
    db.write_text("$INCLUDE soa\n$INCLUDE more\n")
    soa.write_text("@ 60 SOA ns host 1 2 3 4 5\n")
    more.write_text("www 60 A 192.0.2.1\n")
    async with corefile(text(db)) as dns:
        await settles(dns, 1)
        put(more, "www 60 A 192.0.2.2\n")
        put(soa, "@ 60 SOA ns host 2 2 3 4 5\n")
        await settles(dns, 2)


async def test_repeated_answers_are_forgotten(corefile: Start, tmp_path: Path) -> None:
    db = tmp_path / "db"
    db.write_text(zone(1, 1))
    async with corefile(text(db)) as dns:
        assert await dns.ask("new.a.test") == await dns.ask("new.a.test") == "NXDOMAIN"
        put(db, zone(2, 1) + "new 60 A 192.0.2.9\n")
        await logged(dns, "Successfully reloaded")
        assert await dns.ask("new.a.test") == "new.a.test. 60 IN A 192.0.2.9"
