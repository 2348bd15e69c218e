"""The table of `docs/from-coredns.md` is true: its lines are tried, and nothing is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from corepy.errors import ConfigErrors
from corepy_plugins import ORDER
from tests.support.setups import built

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "from-coredns.md"
STATES: Final = ("works", "differs", "not yet")
OURS: Final = ("k8s_cross",)
ODD: Final = "qzxv"
"""A word that no plugin has for a property, and that looks like none."""


@dataclass
class Sample:
    """One line of the table: `words` is tried, `within` stands beside it, `under` above it."""

    words: str
    within: list[str]
    under: str
    state: str
    note: str

    @property
    def name(self) -> str:
        """The directive or the property."""
        return self.words.partition(" ")[0]


@dataclass
class Entry:
    """A plugin of the table; the first sample is its shortest form."""

    name: str
    state: str
    samples: list[Sample] = field(default_factory=list)

    @property
    def here(self) -> bool:
        """Whether the table says that it is built."""
        return self.state in ("works", "differs")

    @property
    def properties(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.name != self.name]

    def state_of(self, sample: Sample) -> str:
        """A line's own word, or `works` where its plugin is there."""
        if not self.here:
            return "not yet"
        return sample.state or "works"

    def corefile(self, sample: Sample) -> str:
        """The smallest Corefile with this line."""
        first = self.samples[0]
        if sample.name == self.name:
            return _block(sample.words, sample.within)
        return _block(sample.under or first.words, [*sample.within, sample.words])


def _block(directive: str, within: list[str]) -> str:
    inner = "".join(f"        {line}\n" for line in within)
    body = f" {{\n{inner}    }}" if within else ""
    return f"example.org {{\n    {directive}{body}\n}}\n"


def table(text: str) -> list[Entry]:
    """The table as it stands on the page."""
    entries: list[Entry] = []
    for line in text[text.index("\n| Plugin |") :].strip().splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name, sample, state, note = cells
        if name:
            entries.append(Entry(name.strip("*"), state))
        entries[-1].samples.append(_sample(sample, state, note))
    return entries


def _sample(cell: str, state: str, note: str) -> Sample:
    spans = re.findall(r"(with|and|under)? ?`([^`]+)`", cell)
    under = [text for word, text in spans if word == "under"]
    within = [text for word, text in spans if word in ("with", "and")]
    return Sample(spans[0][1], within, under[0] if under else "", state, note)


ENTRIES: Final = table(PAGE.read_text(encoding="utf-8"))
BUILT: Final = [entry for entry in ENTRIES if entry.here]
SAMPLES: Final = [
    pytest.param(entry, sample, id=f"{entry.name}: {sample.words}")
    for entry in ENTRIES
    for sample in entry.samples
]
each_plugin = pytest.mark.parametrize("entry", ENTRIES, ids=[entry.name for entry in ENTRIES])
each_built = pytest.mark.parametrize("entry", BUILT, ids=[entry.name for entry in BUILT])


def folder(entry: Entry) -> Path:
    return ROOT / "plugins" / "corepy_plugins" / entry.name


def test_every_plugin_is_there_in_the_order_of_the_chain() -> None:
    assert [entry.name for entry in ENTRIES] == [name for name in ORDER if name not in OURS]


@each_plugin
def test_the_state_is_that_of_the_code(entry: Entry) -> None:
    assert entry.state in STATES
    assert entry.here == (folder(entry) / "__init__.py").is_file()


@each_plugin
def test_what_differs_says_how(entry: Entry) -> None:
    for sample in entry.samples:
        assert sample.state in ("", *STATES)
        assert sample.note or sample.state != "differs"
        assert not sample.note or sample.state in ("works", "differs")


@pytest.mark.parametrize(("entry", "sample"), SAMPLES)
def test_a_sample_starts_or_is_refused(
    entry: Entry, sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resolv.conf").write_text("search example.org\nnameserver 192.0.2.1\n")
    text = entry.corefile(sample)
    if entry.state_of(sample) == "not yet":
        with pytest.raises(ConfigErrors):
            built(text)
    else:
        built(text)


@each_built
def test_nothing_that_the_code_takes_is_left_out(
    entry: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert set(taken(entry)) <= {sample.name for sample in entry.properties}


@each_built
def test_its_page_names_every_property(entry: Entry) -> None:
    page = (folder(entry) / "README.md").read_text(encoding="utf-8")
    missing = {
        sample.name
        for sample in entry.properties
        if entry.state_of(sample) != "not yet"
        and sample.name[0].isalpha()
        and not re.search(rf"\b{re.escape(sample.name)}\b", page)
    }
    assert not missing


def taken(entry: Entry) -> Iterator[str]:
    """The words of a plugin's source that it takes for a property.

    A word is none if the refusal reads the same as for a word that cannot be one, or if nothing is
    refused whatever the word.
    """
    odd = refusal(entry, ODD)
    for word in sorted(words(folder(entry))) if odd else ():
        if refusal(entry, word) != odd.replace(ODD, word):
            yield word


def refusal(entry: Entry, word: str) -> str:
    """What is said about a property; empty if it is taken as it stands."""
    first = entry.samples[0]
    try:
        built(_block(first.words, [word, *first.within]))
    except ConfigErrors as errors:
        return errors.errors[0].message
    return ""


def words(folder: Path) -> set[str]:
    """What might be the name of a property: short words in lower case among the constants."""
    return {
        node.value
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", node.value)
    }


# ---- the tests of these tests


def test_a_line_of_the_table_is_read() -> None:
    text = (
        "\n| Plugin | Lines | State | What differs |\n| --- | --- | --- | --- |\n"
        "| *cache* | `cache` | differs | a |\n"
        "| | `policy x` with `stale` and `ttl 5` under `cache 60` | | |\n"
    )
    (entry,) = table(text)
    assert (entry.name, entry.here, entry.state_of(entry.samples[1])) == ("cache", True, "works")
    assert entry.corefile(entry.samples[1]) == _block("cache 60", ["stale", "ttl 5", "policy x"])


def test_a_property_that_is_taken_is_found() -> None:
    entry = next(entry for entry in ENTRIES if entry.name == "file")
    assert set(taken(entry)) == {"fallthrough", "reload", "reload_by_mtime", "upstream"}
