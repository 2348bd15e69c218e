"""Whole configurations."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy.corefile import Corefile, load
from corepy.errors import ConfigErrors

TEXT = "example.org tls://. {\n log\n cache 30 {\n  success 10\n }\n log x\n}\n"


def read(text: str, file: str = "Corefile", **environ: str) -> Corefile:
    return load(text, file, known=lambda name: name != "nope", environ=environ)


def test_server_blocks() -> None:
    (block,) = read(TEXT).blocks
    assert [str(key) for key in block.keys] == ["dns://example.org.:53", "tls://.:853"]
    assert {name: len(lines) for name, lines in block.directives.items()} == {"log": 2, "cache": 1}
    assert [line.values() for line in block.directives["log"]] == [[], ["x"]]


def test_no_blocks() -> None:
    assert read("# nothing\n").blocks == []
    assert read("{$UNSET} {\n whoami\n}").blocks == []


def test_warnings_name_the_odd_zones() -> None:
    messages = [notice.message for notice in read("*.test {\n}\n}\n").warnings]
    assert messages == [
        'Domain "*.test." does not follow RFC1035 preferred syntax',
        'Domain "}." does not follow RFC1035 preferred syntax',
    ]


def test_errors_of_words_and_of_keys_come_together() -> None:
    with pytest.raises(ConfigErrors) as caught:
        read("a..b x: {\n nope\n}\n")
    assert [error.span.column for error in caught.value.errors if error.span] == [2, 1, 6]


def test_files(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("log")
    corefile = read(". {\n import more\n}", str(tmp_path / "Corefile"))
    assert corefile.files == [str(tmp_path / "Corefile"), str(tmp_path / "more")]


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("30", "31"),
        "\n" + TEXT,
        TEXT.replace("log x", "log y"),
        TEXT.replace("tls", "dns"),
        TEXT.replace("success 10\n", "success\n10\n"),
    ],
)
def test_fingerprints_change(text: str) -> None:
    assert read(text).fingerprint() != read(TEXT).fingerprint()


def test_fingerprints_stay() -> None:
    same = TEXT.replace(" log\n", "   log # comment\n")
    assert read(same).fingerprint() == read(TEXT).fingerprint()
    assert len(read(TEXT).fingerprint()) == 128


def test_fingerprints_see_the_blocks_of_properties() -> None:
    text = ". {\n x {\n  a {\n   b 1\n  }\n }\n}\n"
    assert read(text).fingerprint() != read(text.replace("b 1", "b 2")).fingerprint()


def test_fingerprints_follow_the_environment() -> None:
    assert read("{$Z} {\n}", Z="a").fingerprint() != read("{$Z} {\n}", Z="b").fingerprint()


@given(
    st.text(max_size=60) | st.text(alphabet=st.sampled_from('a. {}\n",:/$(1)#import'), max_size=80)
)
def test_only_config_errors(text: str) -> None:
    try:
        assert read(text).fingerprint()
    except ConfigErrors as errors:
        assert errors.errors  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("(s) {\n log a\n}\n. {\n import s\n import s\n}", [["a", "log", "a"]]),
        ("(s) {\n log\n}\n. {\n import s\n whoami\n import s\n import s\n}", [["log", "log"]]),
        ("(s) {\n log {\n }\n}\n. {\n import s\n import s\n}", [[], []]),
        ("(s) {\n log\n}\n. {\n import s\n log\n import s\n}", [[], [], []]),
    ],
)
def test_an_import_repeated_joins_lines_of_one_directive(text: str, lines: list[list[str]]) -> None:
    """CoreDNS's plugins only look at file and line to see where their line ends."""
    (block,) = read(text).blocks
    assert [line.values() for line in block.directives["log"]] == lines


def test_an_import_repeated_is_noticed() -> None:
    (notice,) = read("(s) {\n log\n}\n. {\n import s\n import s\n}").warnings
    assert notice.message == "'log' is imported twice, so both are one line to CoreDNS"
