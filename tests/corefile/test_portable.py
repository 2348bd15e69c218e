"""A Corefile on its way to another process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corepy.build import build
from corepy.corefile import Corefile, load
from corepy.corefile.portable import dump, restore
from corepy.corefile.report import render
from corepy.errors import ConfigErrors
from corepy.host import Host
from corepy.registry import Registry

TEXT = """\
(common) {
    errors
    cache {
        success 10
        denial "20" 5
    }
}
example.org:1053 10.0.0.0/24 {
    import common
    import more
    log . "{name} \\"quoted\\"" {
        class denial
    }
    hosts {
        192.0.2.1 {$NAME}
        fallthrough
    }
}
tls://example.net {
    whoami
}
"""


@pytest.fixture
def corefile(tmp_path: Path) -> Corefile:
    (tmp_path / "more").write_text("loadbalance round_robin\n")
    return read(TEXT, tmp_path)


def read(text: str, folder: Path) -> Corefile:
    registry = Registry(environ={})
    file = str(folder / "Corefile")
    return load(text, file, known=registry.known, environ={"NAME": "a.test"})


def travelled(corefile: Corefile) -> Corefile:
    return restore(json.loads(json.dumps(dump(corefile))))


def test_nothing_is_lost(corefile: Corefile) -> None:
    other = travelled(corefile)
    assert dump(other) == dump(corefile)
    assert other.fingerprint() == corefile.fingerprint()
    assert [block.keys for block in other.blocks] == [block.keys for block in corefile.blocks]
    assert other.files == corefile.files
    build(other, Registry(environ={}), Host())


def test_words_keep_their_places_and_lines(corefile: Corefile, tmp_path: Path) -> None:
    other = travelled(corefile)
    for name in ("hosts", "loadbalance", "log"):
        (before,) = corefile.blocks[0].directives[name]
        (after,) = other.blocks[0].directives[name]
        assert [word.text for word in after.args] == [word.text for word in before.args]
        assert after.name.span == before.name.span
        assert after.name.span.source_line == before.name.span.source_line != ""
        assert after.has_block == before.has_block
        assert [prop.values() for prop in after.body] == [prop.values() for prop in before.body]


def test_mistakes_are_told_as_here(tmp_path: Path) -> None:
    corefile = read(". {\n cache {\n  success many\n }\n health :x\n}\n", tmp_path)
    found = []
    for one in (corefile, travelled(corefile)):
        with pytest.raises(ConfigErrors) as errors:
            build(one, Registry(environ={}), Host())
        found.append(render(errors.value))
    assert found[0] == found[1]
    assert "success many" in found[0]


def test_octets_that_are_not_text_travel_too(tmp_path: Path) -> None:
    corefile = read(". {\n hosts /tmp/\udcff\n}\n", tmp_path)
    other = travelled(corefile)
    assert other.fingerprint() == corefile.fingerprint()
