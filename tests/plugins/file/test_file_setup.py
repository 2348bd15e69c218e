"""What a Corefile may say, and what fails the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from corepy.errors import ConfigErrors
from corepy.testing import Start

GOOD = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n"


def refusals(error: ConfigErrors) -> list[str]:
    return [fault.message for fault in error.errors]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file", "Wrong argument count or unexpected line ending after 'file'"),
        ("file db {\n reload\n}", "reload duration value is expected"),
        ("file db {\n reload 30\n}", 'plugin/file: time: missing unit in duration "30"'),
        ("file db {\n reload -1s\n}", "negative duration for reload '-1s'"),
        ("file db {\n reload_by_mtime yes\n}", "unknown property 'yes'"),
        ("file db {\n transfer to *\n}", "unknown property 'transfer'"),
    ],
)
async def test_mistakes_in_the_corefile(corefile: Start, text: str, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        async with corefile(f"a.test {{\n {text}\n}}\n"):
            pass
    assert refusals(caught.value) == [message]
    assert caught.value.errors[0].span is not None


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ("", 'file "{db}" has no SOA record for origin a.test.'),
        ("@ 60 NS ns\n", 'file "{db}" has no SOA record for origin a.test.'),
        (
            GOOD + "bad 60 A not-an-address\n",
            (
                'failed to parse file "{db}" for origin a.test. with error '
                '{db}: dns: bad A A: "not-an-address" at line: 4:10'
            ),
        ),
        (
            GOOD + "@ 60 NSEC3PARAM 1 0 0 -\n",
            "NSEC3 zone is not supported, dropping RR: a.test. for zone: a.test.",
        ),
    ],
    ids=["empty", "no soa", "bad record", "nsec3"],
)
async def test_bad_zones_fail_the_start_at_their_path(
    corefile: Start, tmp_path: Path, zone: str, message: str
) -> None:
    db = tmp_path / "db"
    db.write_text(zone)
    with pytest.raises(ConfigErrors) as caught:
        async with corefile(f"a.test {{\n file {db}\n}}\n"):
            pass
    assert refusals(caught.value) == [message.format(db=db)]
    span = caught.value.errors[0].span
    assert span is not None
    assert (span.line, span.column) == (2, 7)


async def test_a_missing_file_is_fatal_only_without_reload(corefile: Start, tmp_path: Path) -> None:
    path = tmp_path / "none"
    async with corefile(f"a.test {{\n file {path}\n}}\n") as dns:
        assert await dns.ask("a.test") == "SERVFAIL"
        assert dns.log == [
            (
                f'[WARNING] plugin/file: Failed to open "open {path}: no such file or directory": '
                "trying again in 1m0s"
            )
        ]
    with pytest.raises(ConfigErrors, match="no such file or directory"):
        async with corefile(f"a.test {{\n file {path} {{\n reload 0\n }}\n}}\n"):
            pass


async def test_a_folder_is_no_zone(corefile: Start, tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="is a directory"):
        async with corefile(f"a.test {{\n file {tmp_path} {{\n reload 0\n }}\n}}\n"):
            pass


async def test_paths_start_at_root(corefile: Start, tmp_path: Path) -> None:
    (tmp_path / "db").write_text(GOOD)
    text = f"a.test {{\n root {tmp_path}\n file db {{\n upstream\n reload 0\n }}\n}}\n"
    async with corefile(text) as dns:
        assert await dns.ask("www.a.test") == "www.a.test. 60 IN A 192.0.2.1"


async def test_of_two_lines_for_one_zone_the_last_one_counts(
    corefile: Start, tmp_path: Path
) -> None:
    (tmp_path / "one").write_text(GOOD)
    (tmp_path / "two").write_text(GOOD.replace("192.0.2.1", "192.0.2.2"))
    text = f". {{\n file {tmp_path}/one A.test\n file {tmp_path}/two a.test\n}}\n"
    async with corefile(text) as dns:
        assert await dns.ask("www.a.test") == "www.a.test. 60 IN A 192.0.2.2"
