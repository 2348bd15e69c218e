"""`corepy check`: what it prints, and what it answers the shell."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from corepy import cli
from tests.support.program import PLUGINS, output_of


def check(tmp_path: Path, text: str, *args: str) -> int:
    conf = tmp_path / "Corefile"
    conf.write_text(text)
    return cli.main(["check", "-conf", str(conf), "-plugin-path", str(PLUGINS), *args])


def test_a_corefile_that_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, ". {\n fixed yes\n}\n") == 0
    assert capsys.readouterr().out == f"{tmp_path}/Corefile: ok\n"
    assert check(tmp_path, ". {\n fixed yes\n}\n", "-format", "json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_all_mistakes_of_all_blocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "a.test {\n fixed\n}\nb.test {\n slow often\n}\nc.test {\n several x\n}\n"
    assert check(tmp_path, text, "-format", "json") == 1
    rows = json.loads(capsys.readouterr().out)
    assert sorted(row["line"] for row in rows) == [2, 5, 8]
    assert {row["level"] for row in rows} == {"error"}
    assert all(row["file"].endswith("Corefile") and row["message"] for row in rows)
    assert check(tmp_path, text) == 1
    out = capsys.readouterr().out
    assert out.count("Corefile:") >= 3
    assert "^" in out


def test_an_unknown_directive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, ". {\n fixd yes\n}\n") == 1
    out = capsys.readouterr().out
    assert "fixd" in out
    assert "did you mean" in out


def test_warnings_leave_the_status_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "a_b.test {\n fixed yes\n}\n"
    assert check(tmp_path, text) == 0
    out = capsys.readouterr().out
    assert out.startswith("warning: ")
    assert out.endswith("Corefile: ok\n")
    assert check(tmp_path, text, "-format", "json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["level"], row["line"]) == ("warning", 1)


def test_nothing_is_opened_and_no_lifespan_entered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        text = f".:{port} {{\n life {tmp_path}/life\n fixed yes\n}}\n"
        assert check(tmp_path, text) == 0
    assert not (tmp_path / "life").exists()


async def test_from_the_shell(tmp_path: Path) -> None:
    status, out, err = await output_of("check", "-conf", "missing", cwd=tmp_path)
    assert (status, err) == (1, "")
    assert "open missing: no such file or directory" in out
    status, out, err = await output_of("check", "-conf", "stdin", stdin=b". {\n whoami\n}\n")
    assert (status, out, err) == (0, "stdin: ok\n", "")
    status, out, err = await output_of("check", "-nope")
    assert status == 2
    assert "-nope" in err
    # Without a file the built-in default is what would be served.
    status, out, err = await output_of("check", cwd=tmp_path)
    assert (status, out) == (0, "Corefile: ok\n")
