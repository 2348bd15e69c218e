"""The folder of relative paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from corepy.errors import ConfigErrors
from corepy.testing import Start
from corepy_plugins.root import Root
from tests.support.builds import refused
from tests.support.setups import built


async def test_other_plugins_start_there(corefile: Start, tmp_path: Path) -> None:
    """Wherever the line stands in the block; the last one counts."""
    (tmp_path / "my.hosts").write_text("192.0.2.1 a.test\n")
    text = f". {{\n hosts my.hosts\n root /no/such\n root {tmp_path}\n}}\n"
    async with corefile(text) as dns:
        assert await dns.ask("a.test A") == "a.test. 3600 IN A 192.0.2.1"
        assert dns.log == []


async def test_a_missing_folder_is_a_warning(corefile: Start, tmp_path: Path) -> None:
    """It may come later."""
    async with corefile(f". {{\n root {tmp_path}/none\n whoami\n}}\n") as dns:
        assert dns.log == [f"[WARNING] plugin/root: Root path does not exist: {tmp_path}/none"]


async def test_a_path_that_cannot_be_is_a_start_error(corefile: Start, tmp_path: Path) -> None:
    """As in CoreDNS."""
    path = tmp_path / "file" / "x"
    path.parent.touch()
    with pytest.raises(ConfigErrors, match=r"unable to access root path .*: not a directory"):
        async with corefile(f". {{\n root {path}\n whoami\n}}\n"):
            pass


@pytest.mark.parametrize(
    ("line", "text", "word"),
    [
        ("root", "Wrong argument count or unexpected line ending after 'root'", "root"),
        ("root a b", "Wrong argument count or unexpected line ending after 'b'", "b"),
        ("root a {\n}", "Unexpected token '{', expecting argument", "{"),
        ("root {\n}", "Unexpected token '{', expecting argument", "{"),
    ],
)
def test_takes_a_path(line: str, text: str, word: str) -> None:
    """And no block."""
    message = f"plugin/root: Corefile:2 - Error during parsing: {text}"
    assert refused(f". {{\n{line}\nwhoami\n}}\n") == (message, word)


def test_of_an_odd_number_of_words_the_last_counts() -> None:
    """CoreDNS reads `root a b c` as if it were `root a` and `b c`."""
    found = built(". {\nroot a b c\nwhoami\n}\n")
    (plugin, _) = found.instance.plugins
    assert isinstance(plugin, Root)
    assert plugin.path == Path("c")
    assert [notice.message for notice in found.notices] == ["of these words only 'c' counts"]
