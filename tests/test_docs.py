"""What there is, is documented; what is documented, works.

The tests about plugins go over every folder of `plugins/corepy_plugins`, so a new one is under them
from its first day.
"""

from __future__ import annotations

import ast
import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from corepy import cli
from corepy.build import build
from corepy.commands import check
from corepy.corefile import load
from corepy.host import Host
from corepy.registry import Registry

ROOT = Path(__file__).parent.parent
FOLDERS = sorted(
    path.parent for path in (ROOT / "plugins" / "corepy_plugins").glob("*/__init__.py")
)
EXAMPLES = sorted(
    path for path in (ROOT / "examples").rglob("*") if path.is_file() and "Corefile" in path.name
)
BEGINNING = ["Name", "Description", "Syntax"]
MIDDLE = {"Examples", "Metrics", "Ready", "Metadata", "Troubleshooting", "Bugs"}

each_plugin = pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])


def readme(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """The second-level sections of a page, fenced blocks left in peace."""
    found: dict[str, str] = {}
    name, fenced = "", False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            name = line[3:].strip()
            found[name] = ""
        elif name:
            found[name] += line + "\n"
    return found


def corefiles(text: str) -> list[str]:
    return re.findall(r"^ *```corefile\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)


def loads(text: str, folder: Path) -> None:
    """What `corepy check` does; raises with every mistake."""
    registry = Registry()
    corefile = load(
        text, str(folder / "Corefile"), known=registry.known, environ=os.environ, port=1053
    )
    assert corefile.blocks
    build(corefile, registry, Host())


# ---- the command line


def pages() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "docs" / "operate.md", ROOT / "README.md")
        if path.exists()
    )


@pytest.mark.parametrize("flag", list(cli.FLAGS))
def test_every_flag_is_documented(flag: str) -> None:
    assert re.search(rf"(?<![\w-])-{re.escape(flag)}(?![\w-])", pages())


@pytest.mark.parametrize(
    "flag",
    [action.option_strings[0] for action in check.parser()._actions if action.dest != "help"],
)
def test_every_flag_of_check_is_documented(flag: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", pages())


# ---- pages with Corefiles


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_every_example_loads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    loads(path.read_text(encoding="utf-8"), path.parent)


PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_every_corefile_of_the_pages_loads(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in corefiles(path.read_text(encoding="utf-8")):
        loads(text, tmp_path)


def test_there_is_something_to_test() -> None:
    assert FOLDERS
    assert EXAMPLES


# ---- plugins


@each_plugin
def test_a_plugin_has_a_page_in_the_form_of_a_man_page(folder: Path) -> None:
    text = readme(folder)
    assert text.startswith(f"# {folder.name}\n")
    found = list(sections(text))
    assert found[:3] == BEGINNING
    assert found[-1] == "See also"
    assert "Examples" in found
    assert set(found[3:-1]) <= MIDDLE


@each_plugin
def test_its_name_line_is_that_of_the_module(folder: Path) -> None:
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert docstring is not None
    name = " ".join(sections(readme(folder))["Name"].split())
    assert name.startswith(f"*{folder.name}* ")
    assert name.replace("* - ", "* ", 1) == docstring.partition("\n")[0]


@each_plugin
def test_its_examples_load(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = corefiles(sections(readme(folder))["Examples"])
    assert found
    for text in corefiles(readme(folder)):
        loads(text, tmp_path)


@each_plugin
def test_its_properties_are_documented(folder: Path) -> None:
    text = readme(folder)
    missing = {
        name for name in properties(folder) if not re.search(rf"\b{re.escape(name)}\b", text)
    }
    assert not missing


@each_plugin
def test_its_metrics_are_documented(folder: Path) -> None:
    """By name, by a pattern such as `process_*`, or on the page of the plugin they belong to."""
    text = readme(folder)
    patterns = re.findall(r"`([a-z_]+\*)`", text)
    for name in metric_names(folder):
        owner = next(
            (other for other in FOLDERS if name.startswith(f"coredns_{other.name}_")), folder
        )
        assert (
            name in text
            or name in readme(owner)
            or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
        )


def trees(folder: Path) -> Iterator[ast.Module]:
    for path in sorted(folder.rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def properties(folder: Path) -> set[str]:
    """Names that a setup knows: those it suggests, and those it compares a property's name with."""
    found: set[str] = set()
    for tree in trees(folder):
        constants = _constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) == "unknown":
                for arg in node.args:
                    found |= _strings(arg, constants)
            elif isinstance(node, ast.Match) and "name" in ast.unparse(node.subject):
                for case in node.cases:
                    found |= {
                        value.value.value
                        for value in ast.walk(case.pattern)
                        if isinstance(value, ast.MatchValue)
                        and isinstance(value.value, ast.Constant)
                        and isinstance(value.value.value, str)
                    }
    return found


def metric_names(folder: Path) -> set[str]:
    """Full names of the families that the source of a plugin makes."""
    found: set[str] = set()
    for tree in trees(folder):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or _called(node) not in (
                "counter",
                "gauge",
                "histogram",
            ):
                continue
            first = node.args[0] if node.args else None
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                continue
            owner = ast.unparse(node.func).rpartition(".")[0]
            whole = owner in ("", "metrics")
            found.add(first.value if whole else f"coredns_{folder.name}_{first.value}")
    return found


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Module-level names and what they are bound to."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[node.target.id] = node.value
    return found


def _strings(node: ast.expr, constants: dict[str, ast.expr]) -> set[str]:
    """The strings an argument stands for, also those of a starred constant of the module."""
    if isinstance(node, ast.Starred):
        return _strings(node.value, constants)
    if isinstance(node, ast.Name):
        value = constants.get(node.id)
        return _strings(value, {}) if value is not None else set()
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.Dict):
        return {name for key in node.keys if key for name in _strings(key, {})}
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return {name for item in node.elts for name in _strings(item, {})}
    if isinstance(node, ast.Call) and node.args:
        return _strings(node.args[0], {})
    return set()


# ---- the tests of these tests


def test_properties_and_metrics_are_found(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text(
        "_KNOWN = ('one', 'two')\n"
        "_MORE: Final = {'three': 1}\n"
        "prop.unknown(*_KNOWN)\n"
        "prop.unknown(*_MORE, 'four')\n"
        "match prop.name.text:\n"
        "    case 'five' | 'six':\n"
        "        pass\n"
        "match other:\n"
        "    case 'seven':\n"
        "        pass\n"
        "metrics.counter('coredns_x_total', 'text')\n"
        "c.gauge('size', 'text')\n"
    )
    assert properties(tmp_path) == {"one", "two", "three", "four", "five", "six"}
    assert metric_names(tmp_path) == {"coredns_x_total", f"coredns_{tmp_path.name}_size"}
