"""Files that a Corefile imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from corepy.corefile.parser import parse
from corepy.corefile.report import headline
from corepy.corefile.token import Source
from corepy.corefile.tree import Tree


def read(folder: Path, text: str, **files: str) -> Tree:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, "utf-8")
    source = Source(str(folder / "Corefile"), text)
    return parse(source, known=lambda name: name != "nope", environ={"F": "a.conf"})


def names(tree: Tree) -> list[str]:
    assert tree.errors == []
    return [one.name.text for block in tree.blocks for one in block.directives]


def first_error(tree: Tree) -> str:
    return headline(tree.errors[0]).replace(f"{Path(tree.errors[0].span.file).parent}/", "")  # type: ignore[union-attr]


def test_a_file_in_a_block(tmp_path: Path) -> None:
    tree = read(tmp_path, ". {\n x\n import a.conf\n y\n}", a_conf="one 1\ntwo")
    assert names(tree) == ["x", "one", "two", "y"]
    assert tree.blocks[0].directives[1].name.file == str(tmp_path / "a.conf")
    assert list(tree.sources) == [str(tmp_path / "Corefile"), str(tmp_path / "a.conf")]


def test_a_file_name_from_the_environment(tmp_path: Path) -> None:
    assert names(read(tmp_path, ". {\n import {$F}\n}", a_conf="one")) == ["one"]


def test_blocks_and_snippets_from_a_file(tmp_path: Path) -> None:
    tree = read(
        tmp_path, "import a.conf\nb.test {\n import s\n}", a_conf="(s) {\n z\n}\na.test {\n x\n}"
    )
    assert names(tree) == ["x", "z"]


def test_options_from_a_file(tmp_path: Path) -> None:
    tree = read(tmp_path, ". {\n x {\n a\n import a.conf\n b\n }\n}", a_conf="ttl 5")
    body = tree.blocks[0].directives[0].body
    assert [[prop.name.text, *prop.values()] for prop in body] == [["a"], ["ttl", "5"], ["b"]]


def test_patterns_take_hidden_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "d1").mkdir()
    for name in ("b.conf", "a.conf", ".hidden.conf", "skip.txt"):
        (tmp_path / "d1" / name).write_text(f"from_{name}")
    assert names(read(tmp_path, ". {\n import d1/*.conf\n}")) == [
        "from_.hidden.conf", "from_a.conf", "from_b.conf",
    ]  # fmt: skip
    assert names(read(tmp_path, ". {\n import d?/a*\n}")) == ["from_a.conf"]


def test_relative_to_the_importing_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "outer").write_text("import inner\nimport ../top")
    (tmp_path / "sub" / "inner").write_text("x")
    (tmp_path / "top").write_text("y")
    assert names(read(tmp_path, ". {\n import sub/outer\n}")) == ["x", "y"]


def test_a_file_may_be_used_twice(tmp_path: Path) -> None:
    assert names(read(tmp_path, ". {\n import a.conf\n import a.conf\n}", a_conf="x")) == ["x", "x"]


def test_no_match_is_a_notice(tmp_path: Path) -> None:
    tree = read(tmp_path, ". {\n import none/*.conf\n x\n}")
    assert names(tree) == ["x"]
    assert [notice.message for notice in tree.notices] == [
        "No files matching import glob pattern: none/*.conf"
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("missing.conf",
         "Corefile:1 - Error during parsing: File to import not found: missing.conf"),
        ("*/*.x", ("Corefile:1 - Error during parsing: "
         "Glob pattern may only contain one wildcard (*), but has others: */*.x")),
        ("[12]", ("Corefile:1 - Error during parsing: "
         "Glob pattern may only contain one wildcard (*), but has others: [12]")),
        ("folder", "Corefile:1 - Error during parsing: Could not import folder: is a directory"),
        ("a.conf", "a.conf:2 - Error during parsing: Unknown directive 'nope'"),
    ],
)  # fmt: skip
def test_errors(tmp_path: Path, pattern: str, expected: str) -> None:
    (tmp_path / "folder").mkdir()
    tree = read(tmp_path, f". {{ import {pattern}\n}}", a_conf="x\nnope")
    assert first_error(tree) == expected


def test_cycles_are_named(tmp_path: Path) -> None:
    tree = read(tmp_path, "import a.conf\n", a_conf="import b.conf\n", b_conf="\nimport a.conf\n")
    assert first_error(tree) == (
        "b.conf:2 - Error during parsing: maximum file import depth (10000) exceeded"
    )
    assert str(tree.errors[0].hint).count(" -> ") == 2


def test_growth_without_a_cycle_ends(tmp_path: Path) -> None:
    snippets = "".join(f"(s{i}) {{\n import s{i + 1}\n import s{i + 1}\n}}\n" for i in range(40))
    tree = read(tmp_path, f"{snippets}(s40) {{\n x\n}}\n. {{\n import s0\n}}\n")
    assert "maximum snippet import depth (10000) exceeded" in tree.errors[0].message
