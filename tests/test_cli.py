"""The command line, read as Go's flag package reads CoreDNS's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corepy import cli
from corepy.errors import CorepyError


@pytest.mark.parametrize(
    ("args", "flags", "rest"),
    [
        (["-conf", "C"], {"conf": ["C"]}, []),
        (["-conf=C"], {"conf": ["C"]}, []),
        (["--conf", "C"], {"conf": ["C"]}, []),
        (["--conf=C=D"], {"conf": ["C=D"]}, []),
        (["-conf="], {"conf": [""]}, []),
        (["-dns.port=1053", "-p", "54"], {"dns.port": ["1053"], "p": ["54"]}, []),
        (["-quiet"], {"quiet": ["true"]}, []),
        (["-quiet=true"], {"quiet": ["true"]}, []),
        (["-quiet=T"], {"quiet": ["true"]}, []),
        (["-quiet=false"], {"quiet": []}, []),
        (["-quiet", "false"], {"quiet": ["true"]}, ["false"]),
        (["-plugin-path", "a", "-plugin-path", "b"], {"plugin-path": ["a", "b"]}, []),
        (["-quiet", "a", "-conf"], {"quiet": ["true"]}, ["a", "-conf"]),
        (["--", "-conf"], {}, ["-conf"]),
        (["-"], {}, ["-"]),
        (["-h"], {"help": ["true"]}, []),
        (["-conf", "-quiet"], {"conf": ["-quiet"]}, []),
        ([], {}, []),
    ],
)
def test_flags(args: list[str], flags: dict[str, list[str]], rest: list[str]) -> None:
    assert cli.parse(args) == (flags, rest)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-nope"], "flag provided but not defined: -nope"),
        (["--nope=1"], "flag provided but not defined: -nope"),
        (["-conf"], "flag needs an argument: -conf"),
        (["-quiet=maybe"], 'invalid boolean value "maybe" for -quiet: parse error'),
        (["---x"], "bad flag syntax: ---x"),
        (["-=x"], "bad flag syntax: -=x"),
    ],
)
def test_a_command_line_that_cannot_be_read(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(args) == 2
    first, *usage = capsys.readouterr().err.splitlines()
    assert first == message
    assert usage[0] == "Usage of corepy:"


def test_words_behind_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-quiet", "a", "b"]) == 1
    assert capsys.readouterr().err == "extra command line arguments: [a b]\n"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-version"]) == 0
    name, system = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"corepy-\d+\.\d+\S*", name)
    assert re.fullmatch(r"\w+/\w+, python3\.\d+\.\d+\S*", system)


def test_help_names_every_flag_and_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-help"]) == 0
    text = capsys.readouterr().out
    for flag in cli.FLAGS:
        assert f"\n  -{flag}" in text
    assert "\n  check " in text


def test_plugins_are_listed_in_chain_order_with_their_origin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "motd.py").write_text(
        "from corepy.plugin import plugin\n@plugin(after='log')\ndef setup(c): return None\n"
    )
    assert cli.main(["-plugins", "-plugin-path", str(tmp_path)]) == 0
    rows = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    names = [row[0] for row in rows]
    assert names.index("errors") < names.index("log") < names.index("motd") < names.index("cache")
    assert dict(rows)["motd"] == str(tmp_path / "motd.py")


@pytest.mark.parametrize(
    ("flags", "port"),
    [
        ({}, 53),
        ({"p": ["54"]}, 54),
        ({"dns.port": ["54", "55"]}, 55),
        ({"dns.port": ["0"]}, 0),
    ],
)
def test_the_port(flags: dict[str, list[str]], port: int) -> None:
    assert cli.port_of(flags) == port


@pytest.mark.parametrize("text", ["x", "-1", "65536", "", "1.5", "٣"])
def test_a_port_that_is_none(text: str) -> None:
    with pytest.raises(CorepyError, match="invalid port"):
        cli.port_of({"p": [text]})


def test_a_log_format_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-log-format", "xml"]) == 1
    assert capsys.readouterr().err == 'invalid -log-format "xml": text or json\n'


def test_a_number_of_workers() -> None:
    assert cli.workers_of({}) is None
    assert cli.workers_of({"workers": ["3", "1"]}) == 1
    assert cli.workers_of({"workers": ["256"]}) == 256


@pytest.mark.parametrize("text", ["", "0", "-1", "257", "two", "1.5", "\u0662"])
def test_a_number_of_workers_that_cannot_be(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-workers", text]) == 1
    message = f'invalid -workers "{text}": a number from 1 to 256\n'
    assert capsys.readouterr().err == message
