"""Every option, and every way to get one wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from corepy.corefile.tree import Notice
from corepy_plugins.hosts.handler import Hosts
from corepy_plugins.hosts.options import Options
from tests.support.builds import built, refusal, refused

PARSING = "plugin/hosts: Corefile:3 - Error during parsing: "


def options(body: str, line: str = "hosts", before: str = "") -> tuple[Options, list[Notice]]:
    """What one `hosts` with these lines in its block is set up to."""
    made = built(f"example.org example.net {{\n{before}\n{line} {{\n{body}\n}}\n}}\n")
    (handler,) = (part for part in made.instance.plugins if isinstance(part, Hosts))
    return handler._options, made.notices


@pytest.mark.parametrize(
    ("body", "message", "word"),
    [
        ("ttl", "ttl needs a time in second", "ttl"),
        ("ttl 5s", "ttl needs a number of second", "5s"),
        ("ttl 0", "ttl provided is invalid", "0"),
        ("ttl -1", "ttl provided is invalid", "-1"),
        ("ttl 65536", "ttl provided is invalid", "65536"),
        ("reload", "reload needs a duration (zero seconds to disable)", "reload"),
        ("reload 1s 2s", "reload needs a duration (zero seconds to disable)", "2s"),
        ("reload 5", "invalid duration for reload '5'", "5"),
        ("reload often", "invalid duration for reload 'often'", "often"),
        ("reload -5s", "invalid negative duration for reload '-5s'", "-5s"),
        ("fallthrough_unsupported", "fallthrough_unsupported requires fallthrough",
         "fallthrough_unsupported"),
        ("fallthrough_unsupported x",
         "Wrong argument count or unexpected line ending after 'x'", "x"),
    ],
)  # fmt: skip
def test_mistakes(body: str, message: str, word: str) -> None:
    """CoreDNS's words, at the very word."""
    assert refused(f". {{\nhosts {{\n{body}\n}}\n}}\n") == (PARSING + message, word)


@pytest.mark.parametrize(
    ("body", "word", "hint"),
    [
        ("tttl 5", "tttl", "did you mean 'ttl'?"),
        ("192.0.2.1 a.test", "192.0.2.1", "entries must stand before `fallthrough`"),
        ("no_reverse also", "also", None),
    ],
)
def test_nothing_but_options_behind_fallthrough(body: str, word: str, hint: str | None) -> None:
    """With what was probably meant."""
    error = refusal(f". {{\nhosts {{\nfallthrough\n{body}\n}}\n}}\n")
    assert error.message == f"unknown property '{word}'"
    assert error.hint == hint
    assert error.span
    assert error.span.line == 4


def test_once_per_block() -> None:
    """The message has no place in CoreDNS; the marked word is the second one."""
    message, word = refused(". {\nhosts a\nhosts b\n}\n")
    assert message == "plugin/hosts: this plugin can only be used once per Server Block"
    assert word == "hosts"


def test_defaults() -> None:
    """As in CoreDNS."""
    found, notices = options("")
    assert (found.path, found.label, found.token) == (Path("/etc/hosts"), "/etc/hosts", None)
    assert found.zones == ("example.org.", "example.net.")
    assert (found.ttl, found.reload, found.reverse, found.inline) == (3600, 5.0, True, [])
    assert not found.fallthrough.enabled
    assert not found.fallthrough_unsupported
    assert notices == []


def test_everything_at_once() -> None:
    """Also entries between options."""
    found, notices = options(
        "192.0.2.1 a.example.org A2.example.org\nttl +5\nno_reverse\n::1 b.example.org\n"
        "reload 1m30s\nfallthrough_unsupported\nfallthrough sub.example.org",
        "hosts my.hosts Example.Org 10.0.0.0/22",
    )
    assert found.zones[0] == "example.org."
    assert len(found.zones) == 5
    assert (found.ttl, found.reload, found.reverse) == (5, 90.0, False)
    assert found.inline == ["192.0.2.1 a.example.org A2.example.org", "::1 b.example.org"]
    assert found.fallthrough.passes(b"\3sub\7example\3org\0")
    assert not found.fallthrough.passes(b"\7example\3org\0")
    assert found.fallthrough_unsupported
    assert notices == []


@pytest.mark.parametrize(
    ("typed", "root", "path", "label"),
    [
        ("my.hosts", "", "my.hosts", "my.hosts"),
        ("./my.hosts", "", "my.hosts", "./my.hosts"),
        ("my.hosts", "root /data", "/data/my.hosts", "/data/my.hosts"),
        ("/x/my.hosts", "root /data", "/x/my.hosts", "/x/my.hosts"),
    ],
)
def test_where_the_file_is(typed: str, root: str, path: str, label: str) -> None:
    """Below `root`, and what the metrics call it."""
    found, _ = options("", f"hosts {typed}", root)
    assert (found.path, found.label) == (Path(path), label)


@pytest.mark.parametrize(
    ("body", "word", "hint"),
    [
        ("tttl 60", "'tttl' is no address, this line is ignored", "did you mean 'ttl'?"),
        ("300.0.0.1 a.test", "'300.0.0.1' is no address, this line is ignored", None),
        ("ttl 60 70", "ttl takes one number; this word is ignored", None),
        ("fallthrough a:", "fallthrough names no valid zone and passes nothing on", None),
    ],
)
def test_what_coredns_lets_pass_is_a_warning(body: str, word: str, hint: str | None) -> None:
    """The server starts; the operator is told."""
    _, (notice,) = options(body)
    assert (notice.message, notice.hint) == (word, hint)


def test_setup_reads_nothing(tmp_path: Path) -> None:
    """`corepy check` must not depend on files of the machine it runs on."""
    found, _ = options("", f"hosts {tmp_path}/missing/file")
    assert found.path == tmp_path / "missing" / "file"
