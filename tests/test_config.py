"""Where the configuration comes from."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from corepy.config import Source
from corepy.errors import CorepyError
from corepy.registry import Registry


def keys(source: Source, port: int = 53) -> list[str]:
    corefile = source.load(Registry(), port)
    return [f"{key.zone}:{key.port}" for block in corefile.blocks for key in block.keys]


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "C"
    source = Source(str(path))
    path.write_text("a.test {\n whoami\n}\n")
    first = source.load(Registry(), 53).fingerprint()
    assert keys(source) == ["a.test.:53"]
    path.write_text("b.test {\n whoami\n}\n")
    assert keys(source, 1053) == ["b.test.:1053"]
    assert source.load(Registry(), 53).fingerprint() != first


def test_without_a_name_it_is_the_corefile_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert keys(Source(""), 54) == [".:54"]
    (tmp_path / "Corefile").write_text("a.test {\n whoami\n}\n")
    assert keys(Source("")) == ["a.test.:53"]


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n"])
def test_an_empty_file_means_the_default(text: str, tmp_path: Path) -> None:
    (tmp_path / "C").write_text(text)
    assert keys(Source(str(tmp_path / "C"))) == [".:53"]


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a.test {\n whoami\n}\n"))
    source = Source("stdin")
    assert keys(source) == ["a.test.:53"]
    assert keys(source) == ["a.test.:53"]
    # Another process is told what it said.
    assert keys(Source("stdin", source.stdin)) == ["a.test.:53"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "no", "no such file or directory"),
        (tmp_path, "is a directory"),
    ):
        with pytest.raises(CorepyError) as caught:
            keys(Source(str(path)))
        assert str(caught.value) == f"loading Caddyfile via flag: open {path}: {reason}"
