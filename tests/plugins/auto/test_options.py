"""What a Corefile may say, and how names of files become names of zones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corepy.build import build
from corepy.corefile import load
from corepy.corefile.report import headline
from corepy.errors import ConfigErrors
from corepy.host import Host
from corepy.lib import regex
from corepy.registry import Registry
from corepy.testing import Start
from corepy_plugins.auto.naming import USUAL, Naming

PARSING = "Corefile:3 - Error during parsing: "
COUNT = f"{PARSING}Wrong argument count or unexpected line ending after"


def setup(text: str) -> None:
    registry = Registry()
    build(
        load(text, "Corefile", known=registry.known, environ=os.environ, port=53), registry, Host()
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("directory", f"{COUNT} 'directory'"),
        ("directory z (.*)", f"{COUNT} '(.*)'"),
        ("directory z (.*) {1} more", f"{COUNT} 'more'"),
        ("directory z (.*) {1} more words", f"{COUNT} 'more'"),
        ("directory z (.* {1}", "error parsing regexp: missing closing ): `(.*`"),
        ("directory z .* {1}", f"{PARSING}Need at least one sub expression"),
        (f"directory z ({'x' * 10000}) {{1}}", f"{PARSING}regexp too large"),
        ("reload", "reload duration value is expected"),
        ("reload -1s", "plugin/file: invalid duration"),
        ("reload 5", 'plugin/file: time: missing unit in duration "5"'),
        ("fallthrough", f"{PARSING}unknown property 'fallthrough'"),
        ("reload_by_mtime", f"{PARSING}unknown property 'reload_by_mtime'"),
    ],
)
def test_mistakes(line: str, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        setup(f". {{\n auto {{\n {line}\n }}\n}}\n")
    (error,) = caught.value.errors
    assert headline(error) == f"plugin/auto: {message}"
    assert error.span
    assert error.span.line == 3


@pytest.mark.parametrize(
    "line", ["", "directory z", "directory z (.*) {2}", "reload 0", "reload 1h more", "upstream x"]
)
def test_allowed(line: str) -> None:
    setup(f". {{\n auto {{\n {line}\n }}\n}}\n")


async def test_a_folder_that_cannot_be_looked_at(corefile: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "zones"
    with pytest.raises(ConfigErrors, match="Unable to access root path"):
        async with corefile(f". {{\n auto {{\n directory {folder}\n }}\n}}"):
            pass


@pytest.mark.parametrize(
    ("file", "zone"),
    [
        ("db.example.org", "example.org."),
        ("db.Example.ORG.", "example.org."),
        ("my.db.a", "a."),
        ("db.", None),
        ("dba", None),
    ],
)
def test_usual_names(file: str, zone: str | None) -> None:
    assert USUAL.origin(file) == zone


@pytest.mark.parametrize(
    ("pattern", "template", "file", "zone"),
    [
        (r"(\w+)-(\w+)-zone", "{2}.{1}", "test-b-zone", "b.test."),
        (r"^(.*)\.zone$", "{1}", "a.zone.bak", None),
        (r"^(.*)\.zone$", "{1}.test", "a.zone", "a.test."),
        (r"(?P<name>.*)\.zone", "{name}.x", "a.zone", "a.x."),
        (r"(.*)\.zone", "$1.x", "a.zone", "a.x."),
        (r"(.*)\.zone", "{2}", "a.zone", None),
        (r"(.*)\.zone", "fixed.test", "a.zone", "fixed.test."),
        (r"(a)?(.*)\.zone", "x{1}{2}", "b.zone", "xb."),
        (r"(.*)\.zone", "{0}", "a.zone", "a.zone."),
    ],
)
def test_names_by_pattern(pattern: str, template: str, file: str, zone: str | None) -> None:
    assert Naming(regex.compile(pattern), template).origin(file) == zone
