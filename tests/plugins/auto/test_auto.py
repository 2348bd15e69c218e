"""Zones that come and go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from dns.flags import AA

from corepy.testing import Dns, Start


def zone(serial: int, last: int) -> str:
    return f"@ 60 SOA ns host {serial} 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.{last}\n"


def put(path: Path, content: str) -> None:
    """Replace a file in one step, so that none is read half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.parent.parent / "new"
    new.write_text(content)
    new.replace(path)


def text(folder: Path, pattern: str = "", zones: str = "", rest: str = "") -> str:
    return f". {{\n auto {zones} {{\n directory {folder} {pattern}\n reload 20ms\n }}\n{rest}\n}}\n"


async def settles(dns: Dns, question: str, answer: str) -> None:
    async with asyncio.timeout(5):
        while await dns.ask(question) != answer:
            await asyncio.sleep(0.01)


def address(name: str, last: int) -> str:
    return f"{name} 60 IN A 192.0.2.{last}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "zones"
    put(folder / "db.a.test", zone(1, 1))
    put(folder / "sub" / "db.b.test", zone(1, 2))
    put(folder / "db.UP.test", zone(1, 3))
    put(folder / "db.bad.test", "@ 60 NS ns\n")
    put(folder / "my.db.c.test", zone(1, 4))
    put(folder / "other.d.test", zone(1, 5))
    put(folder / "db.e..test", zone(1, 6))
    (folder / "db.link.test").symlink_to(folder / "other.d.test")
    return folder


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("www.a.test", address("www.a.test.", 1)),
        ("www.b.test", address("www.b.test.", 2)),
        ("www.up.test", address("www.up.test.", 3)),
        ("up.test NS", "up.test. 60 IN NS ns.up.test."),
        ("www.c.test", address("www.c.test.", 4)),
        ("www.link.test", address("www.link.test.", 5)),
        ("www.d.test", "REFUSED"),
        ("www.bad.test", "REFUSED"),
        ("x.a.test", "NXDOMAIN"),
        ("a.test AXFR", "REFUSED"),
        ("a.test AXFR +tcp", "REFUSED"),
        ("test", "REFUSED"),
    ],
)
async def test_answers(corefile: Start, folder: Path, question: str, expected: str) -> None:
    async with corefile(text(folder)) as dns:
        assert await dns.ask(question) == expected


@pytest.mark.parametrize(
    ("zones", "question", "expected"),
    [
        ("a.test", "www.a.test", address("www.a.test.", 1)),
        ("a.test", "www.b.test", "SERVFAIL"),
        ("test", "www.d.test", "REFUSED"),
    ],
)
async def test_only_inside_its_zones(
    corefile: Start, folder: Path, zones: str, question: str, expected: str
) -> None:
    async with corefile(text(folder, zones=zones)) as dns:
        assert await dns.ask(question) == expected


async def test_questions_without_a_zone_go_on(corefile: Start, folder: Path) -> None:
    async with corefile(text(folder, rest="whoami")) as dns:
        assert (await dns.query("www.d.test")).additional
        assert await dns.ask("x.a.test") == "NXDOMAIN"


async def test_files_come_change_and_go(corefile: Start, folder: Path) -> None:
    async with corefile(text(folder)) as dns:
        put(folder / "db.new.test", zone(1, 7))
        await settles(dns, "www.new.test", address("www.new.test.", 7))
        put(folder / "db.new.test", zone(2, 8))
        await settles(dns, "www.new.test", address("www.new.test.", 8))
        put(folder / "db.bad.test", zone(1, 9))
        await settles(dns, "www.bad.test", address("www.bad.test.", 9))
        (folder / "db.new.test").unlink()
        await settles(dns, "www.new.test", "REFUSED")
        for line in (
            f"[INFO] plugin/auto: Inserting zone `new.test.' from: {folder}/db.new.test",
            (
                '[INFO] plugin/file: Successfully reloaded zone "new.test." '
                f'in "{folder}/db.new.test" with 2 SOA serial'
            ),
            "[INFO] plugin/auto: Deleting zone `new.test.'",
        ):
            assert dns.log.count(line) == 1
        complaints = [line for line in dns.log if "Parse zone `bad.test.'" in line]
        assert len(complaints) == 1


async def test_a_file_gone_bad_changes_nothing(corefile: Start, folder: Path) -> None:
    async with corefile(text(folder)) as dns:
        put(folder / "db.a.test", "@ 60 NS ns\n")
        async with asyncio.timeout(5):
            while not any('Parsing zone "a.test."' in line for line in dns.log):
                await asyncio.sleep(0.01)
        assert await dns.ask("www.a.test") == address("www.a.test.", 1)
        put(folder / "db.a.test", zone(2, 10))
        await settles(dns, "www.a.test", address("www.a.test.", 10))


async def test_two_files_for_one_zone(corefile: Start, tmp_path: Path) -> None:
    folder = tmp_path / "zones"
    put(folder / "a" / "db.x.test", zone(1, 1))
    put(folder / "b" / "db.x.test", zone(2, 2))
    async with corefile(text(folder)) as dns:
        assert await dns.ask("www.x.test") == address("www.x.test.", 1)
        await asyncio.sleep(0.1)
        line = (
            '[WARNING] plugin/auto: Multiple zone files match origin "x.test.": using '
            f'"{folder}/a/db.x.test" instead of "{folder}/b/db.x.test"'
        )
        assert dns.log.count(line) == 1
        (folder / "a" / "db.x.test").unlink()
        await settles(dns, "www.x.test", address("www.x.test.", 2))


async def test_a_folder_may_come_later(corefile: Start, tmp_path: Path) -> None:
    folder = tmp_path / "zones"
    async with corefile(text(folder)) as dns:
        assert await dns.ask("www.a.test") == "REFUSED"
        put(folder / "db.a.test", zone(1, 1))
        await settles(dns, "www.a.test", address("www.a.test.", 1))
        assert f"[WARNING] plugin/auto: Directory does not exist: {folder}" in dns.log


async def test_without_a_directory_it_is_the_working_directory(
    corefile: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    async with corefile(". {\n auto\n}") as dns:
        assert await dns.ask("www.b.test") == address("www.b.test.", 2)
        assert "[INFO] plugin/auto: Inserting zone `b.test.' from: sub/db.b.test" in dns.log


async def test_transfers_also_outside_its_zones(corefile: Start, folder: Path) -> None:
    rest = "transfer {\n to *\n }"
    async with corefile(text(folder, zones="a.test", rest=rest)) as dns:
        for name in ("a.test", "b.test", "up.test"):
            answer = await dns.ask(f"{name} AXFR +tcp")
            assert f"www.{name}. 60 IN A 192.0.2." in answer
        assert await dns.ask("www.a.test AXFR +tcp") == "REFUSED"


async def test_questions_are_counted_by_zone(corefile: Start, folder: Path) -> None:
    rest = "prometheus localhost:0"
    async with corefile(text(folder, rest=rest)) as dns:
        name = (
            f'coredns_dns_requests_total{{server="dns://:{dns.port}",zone="%s",view="",'
            'proto="udp",family="1",type="A"}'
        )
        await dns.ask("www.a.test")
        await dns.ask("www.d.test")
        metrics = await dns.metrics()
        assert metrics[name % "a.test."] == 1
        assert metrics[name % "."] == 1
        (folder / "db.a.test").unlink()
        await settles(dns, "www.a.test", "REFUSED")
        assert (await dns.metrics())[name % "."] > 1


async def test_an_alias_into_a_delegation_is_without_authority(
    corefile: Start, folder: Path
) -> None:
    """Where *file* leaves AA set."""
    delegation = "alias 60 CNAME www.sub\nsub 60 NS ns.sub\nns.sub 60 A 192.0.2.9\n"
    put(folder / "db.cut.test", zone(1, 1) + delegation)
    async with corefile(text(folder)) as dns:
        message = await dns.query("alias.cut.test A")
    assert [str(rrset.name) for rrset in message.answer] == ["alias.cut.test."]
    assert not message.flags & AA
