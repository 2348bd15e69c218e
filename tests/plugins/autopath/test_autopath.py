"""Whose questions are walked along a path, how the walk ends, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from corepy import names, wire
from corepy.corefile.faults import SetupError
from corepy.errors import ConfigErrors
from corepy.host import Host
from corepy.plugin import AutoPath, Next, Plugin
from corepy.record import Record
from corepy.request import Request
from corepy.response import DROP, Response
from corepy.testing import Start
from corepy_plugins.autopath.handler import Autopath
from corepy_plugins.autopath.resolv import parse
from tests.support.builds import built, refused
from tests.support.queries import query
from tests.support.serving import Does, at_once, like_a_transport, listener_of

# ---- the file


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("search a.test B.Test.\n", "a.test. b.test. ."),
        ("nameserver 192.0.2.1\nsearch\ta.test\noptions ndots:5\n", "a.test. ."),
        ("search a.test\nsearch b.test c.test", "b.test. c.test. ."),
        ("search a.test\ndomain b.test c.test\n", "b.test. ."),
        ("domain b.test\nsearch a.test\n", "a.test. ."),
        ("search a.test\ndomain\n", ""),
        ("search\n", ""),
        ("# search a.test\nSEARCH a.test\n", ""),
        ("search a..test b.test\n", "b.test. ."),
        ("", ""),
    ],
)
def test_the_path_in_a_file(text: str, path: str) -> None:
    assert " ".join(names.to_text(name) for name in parse(text)) == path


# ---- configuration


def test_no_argument() -> None:
    expected = ("plugin/autopath: no resolv-conf specified", "autopath")
    assert refused(". {\nautopath\nwhoami\n}\n") == expected


def test_no_block() -> None:
    """CoreDNS takes the brace for another `autopath` line."""
    expected = ("plugin/autopath: no resolv-conf specified", "{")
    assert refused(". {\nautopath @file {\n}\nwhoami\n}\n") == expected


def test_no_such_file(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    text = f'failed to parse "{path}": open {path}: no such file or directory'
    assert refused(f". {{\nautopath a.test {path}\nwhoami\n}}\n") == (
        f"plugin/autopath: {text}",
        path,
    )


def plugin_of(text: str, host: Host) -> Autopath:
    built(text, host)
    (plugin,) = [part for _, _, part in host.plugins if isinstance(part, Autopath)]
    return plugin


@pytest.mark.parametrize("wanted", ["nobody", "", "debug"])
async def test_a_plugin_that_is_not_there(wanted: str) -> None:
    plugin = plugin_of(f"a.test {{\nautopath @{wanted}\ndebug\nwhoami\n}}\n", Host())
    async with plugin.lifespan():
        assert plugin._asked is None


async def test_a_plugin_in_another_block() -> None:
    text = "a.test {\nautopath @chaos\nwhoami\n}\nb.test {\nchaos\nwhoami\n}\n"
    host = Host()
    plugin = plugin_of(text, host)
    async with plugin.lifespan():
        assert plugin._asked is None


async def test_a_plugin_that_knows_no_path() -> None:
    plugin = plugin_of("a.test {\nautopath @whoami\nwhoami\n}\n", Host())
    with pytest.raises(ConfigErrors) as caught:
        async with plugin.lifespan():
            raise AssertionError("it began")
    (error,) = caught.value.errors
    assert isinstance(error, SetupError)
    assert (error.plugin, error.message, error.bare) == (
        "autopath",
        "whoami does not implement the AutoPather interface",
        True,
    )


class Knows(Plugin):
    """Has a path for one client."""

    def autopath(self, request: Request) -> Sequence[bytes]:
        if request.client.host != "192.0.2.1":
            return ()
        return (names.from_text("p.test"), b"\0")


def knowing(text: str) -> Autopath:
    """The plugin of a block whose *whoami* knows a path."""
    host = Host()
    plugin = plugin_of(text, host)
    host.plugins = [
        (block, name, Knows() if name == "whoami" else part) for block, name, part in host.plugins
    ]
    assert isinstance(Knows(), AutoPath)
    return plugin


async def test_the_path_of_a_client(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("search a.test\n")
    plugin = knowing(f". {{\nautopath @whoami\nautopath {tmp_path / 'rc'}\nwhoami\n}}\n")
    async with plugin.lifespan():
        listener = listener_of(plugin, Does(script({"x.": "a"})))
        found = at_once(listener, query("x.p.test", 1), ("192.0.2.1", 9))
        assert found[7] == 2  # alias and address
        assert not at_once(listener, query("x.p.test", 1), ("192.0.2.2", 9))[7]
        assert not at_once(listener, query("x.a.test", 1), ("192.0.2.1", 9))[7]


# ---- the walk

ADDRESS = Record.make(b"", wire.A, 60, b"\xc0\0\2\1").tail


def script(names_there: dict[str, str]) -> Any:
    async def serve(request: Request, _: Next) -> Response:
        kind = names_there.get(request.qname_text, "nx")
        if kind == "a":
            return Response(answer=[Record(request.owner, ADDRESS)])
        if kind == "other":
            return Response(answer=[Record(b"\5other\0", ADDRESS)])
        return KINDS[kind]

    return serve


KINDS = {
    "nx": Response(wire.NXDOMAIN),
    "empty": Response(),
    "refused": Response(wire.REFUSED),
    "fail": Response.failure(wire.SERVFAIL),
    "error": Response.failure(wire.REFUSED, "broken"),
    "drop": DROP,
    "late": Response(wire.NXDOMAIN, fresh_until=0.0),
}


def walking(tmp_path: Path, there: dict[str, str], zones: str = "") -> tuple[Autopath, Any]:
    (tmp_path / "rc").write_text("search a.test b.test\n")
    plugin = plugin_of(f". {{\nautopath {zones} {tmp_path / 'rc'}\nwhoami\n}}\n", Host())
    return plugin, listener_of(plugin, Does(script(there)))


@pytest.mark.parametrize(
    ("there", "question", "flags", "answers"),
    [
        ({"x.a.test.": "a", "x.b.test.": "a"}, "x.a.test", 0x8500, ["x.a.test. A"]),
        ({"x.b.test.": "a"}, "x.a.test", 0x8500, ["x.a.test. CNAME x.b.test.", "x.b.test. A"]),
        ({"x.": "a"}, "x.a.test", 0x8500, ["x.a.test. CNAME x.", "x. A"]),
        ({"x.y.": "a"}, "x.y.a.test", 0x8500, ["x.y.a.test. CNAME x.y.", "x.y. A"]),
        ({"x.": "a"}, "X.A.test", 0x8500, ["X.A.test. CNAME X.", "X. A"]),
        ({"x.a.test.": "other"}, "x.a.test", 0x8500, ["x.a.test. CNAME other.", "other. A"]),
        ({}, "x.a.test", 0x8503, []),
        ({"x.b.test.": "empty", "x.": "a"}, "x.a.test", 0x8500, []),
        ({"x.b.test.": "refused", "x.": "a"}, "x.a.test", 0x8505, []),
        ({"x.b.test.": "fail", "x.": "a"}, "x.a.test", 0x8500, ["x.a.test. CNAME x.", "x. A"]),
        ({"x.a.test.": "fail"}, "x.a.test", 0x8102, []),
        ({"x.b.test.": "error", "x.": "a"}, "x.a.test", 0x8105, []),
        ({"x.b.test.": "drop", "x.": "a"}, "x.a.test", 0x8102, []),
        ({"x.": "a"}, "x.b.test", 0x8503, []),
        ({"x.": "a"}, "xa.test", 0x8503, []),
        ({}, "a.test", 0x8102, []),
    ],
)
def test_the_walk(
    tmp_path: Path, there: dict[str, str], question: str, flags: int, answers: list[str]
) -> None:
    _, listener = walking(tmp_path, there)
    for _ in range(2):
        reply = like_a_transport(listener, query(question, wire.A))
        assert int.from_bytes(reply[2:4], "big") == flags
        assert reply[12:].startswith(names.from_text(question))
        found = Response.from_wire(reply).answer
        assert [_text(record) for record in found] == answers


def _text(record: Record) -> str:
    owner, target = names.to_text(record.owner), record.target()
    return f"{owner} CNAME {names.to_text(target)}" if target else f"{owner} A"


def test_the_letters_of_the_first_try(tmp_path: Path) -> None:
    """As CoreDNS has them when nothing was found."""
    _, listener = walking(tmp_path, {})
    reply = at_once(listener, query("X.A.TEST", wire.A))
    assert reply[12:].startswith(names.from_text("X.a.test"))


def test_only_in_its_zones(tmp_path: Path) -> None:
    _, listener = walking(tmp_path, {"x.y.": "a", "x.": "a"}, "y.a.test")
    assert at_once(listener, query("x.y.a.test", wire.A))[7] == 2
    assert not at_once(listener, query("x.a.test", wire.A))[7]


def test_one_answer_that_may_not_be_repeated(tmp_path: Path) -> None:
    _, listener = walking(tmp_path, {"x.a.test.": "late", "x.": "a"})
    at_once(listener, query("x.a.test", wire.A))
    assert not listener.memo.young


def test_answers_count_each_time(tmp_path: Path) -> None:
    plugin, listener = walking(tmp_path, {"x.": "a"})
    series = plugin._family.labels("dns://:53")
    before = series.value
    for _ in range(3):
        like_a_transport(listener, query("x.a.test", wire.A))
    like_a_transport(listener, query("none.a.test", wire.A))
    assert series.value == before + 3


def test_a_name_that_gets_too_long(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text(f"search a.test {'b' * 60}.test\n")
    plugin = plugin_of(f". {{\nautopath {tmp_path / 'rc'}\nwhoami\n}}\n", Host())
    name = ".".join(["x" * 50] * 4)
    listener = listener_of(plugin, Does(script({f"{name}.": "a"})))
    assert at_once(listener, query(f"{name}.a.test", wire.A))[7] == 2


async def test_in_a_running_server(corefile: Start, tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("search a.test b.test\n")
    text = f"test {{\nautopath {tmp_path / 'rc'}\ncache\nhosts {{\n192.0.2.1 x.b.test\n}}\n}}\n"
    async with corefile(text) as dns:
        for _ in range(2):
            assert await dns.ask("x.a.test A") == (
                "x.a.test. 3600 IN CNAME x.b.test.\nx.b.test. 3600 IN A 192.0.2.1"
            )
        assert await dns.ask("y.a.test A") == "SERVFAIL"
