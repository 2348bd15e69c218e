"""The harness for plugin authors, with the plugin of the documentation."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from corepy import testing
from corepy.errors import ConfigErrors
from corepy.testing import Answerless, Start, free_port
from tests.support.program import PLUGINS

MOTD = '''
"""*motd* answers TXT queries for its zones with one fixed line."""

from corepy import Controller, Next, Plugin, Request, Response


class Motd(Plugin):
    repeatable = True  # the answer follows from the question and the Corefile alone

    def __init__(self, text: str, ttl: int) -> None:
        self.text = text
        self.ttl = ttl

    async def serve(self, request: Request, next: Next) -> Response:
        if request.type.name != "TXT":
            return await next(request)
        return Response.records(request, self.ttl, f'"{self.text}"')


def setup(c: Controller) -> Motd:
    ttl = 60
    for prop in c.properties():
        match prop.name.text:
            case "ttl":
                ttl = prop.seconds()
            case _:
                prop.unknown("ttl")
    return Motd(c.args[0].text, ttl)
'''
COREFILE = "example.org {\n motd hello\n}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "motd.py").write_text(MOTD)
    return tmp_path


async def test_a_plugin_from_a_single_file(corefile: Start, folder: Path) -> None:
    async with corefile(COREFILE, plugin_path=[folder]) as dns:
        assert await dns.ask("example.org TXT") == 'example.org. 60 IN TXT "hello"'
        assert await dns.ask("example.org TXT +tcp") == 'example.org. 60 IN TXT "hello"'
        assert await dns.ask("Example.ORG TXT") == 'Example.ORG. 60 IN TXT "hello"'
        assert await dns.ask("example.org A") == "SERVFAIL"
        assert await dns.ask("example.com TXT") == "REFUSED"
        assert dns.log == []


async def test_a_plugin_from_an_installed_package(
    corefile: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corepy_motd.py").write_text(MOTD)
    info = tmp_path / "corepy_motd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: corepy-motd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[corepy.plugins]\nmotd = corepy_motd:setup\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        async with corefile(COREFILE) as dns:
            assert await dns.ask("example.org TXT") == 'example.org. 60 IN TXT "hello"'
    finally:
        sys.modules.pop("corepy_motd", None)


async def test_mistakes_in_its_configuration_have_a_place_and_a_hint(
    corefile: Start, folder: Path
) -> None:
    with pytest.raises(ConfigErrors) as caught:
        async with corefile("example.org {\n motd hello {\n  tll 5\n }\n}", plugin_path=[folder]):
            pass
    (error,) = caught.value.errors
    assert error.span is not None
    assert (error.span.line, error.span.column) == (3, 3)
    assert error.hint is not None
    assert "ttl" in error.hint


async def test_options_of_a_question(corefile: Start) -> None:
    async with corefile(". {\n several 20\n}", plugin_path=[PLUGINS]) as dns:
        cut = await dns.query("a.test TXT")
        assert cut.flags & 0x0200
        whole = await dns.query("a.test TXT +bufsize=4096")
        assert len(whole.answer[0]) == 20
        assert whole.payload == 4096
        message = await dns.query("a.test TXT +do +cd +ad +norec")
        assert message.ednsflags & 0x8000
        assert message.flags & 0x0110 == 0x0010  # CD came back, RD was not asked for
        plain = await dns.query("a.test TXT +do +noedns")
        assert plain.edns == -1
        assert await dns.ask("a.test TXT CH") == "REFUSED"
        assert (await dns.query("a.test")).question[0].rdtype == 1
        assert await dns.ask("a.test TXT @127.0.0.2 +tcp")


async def test_octets_and_silence(corefile: Start) -> None:
    async with corefile(". {\n fixed yes\n}", plugin_path=[PLUGINS]) as dns:
        assert (await dns.exchange(b"\x12\x34\x01\0" + bytes(8)))[3] & 15 == 1
        with pytest.raises(Answerless):
            await dns.exchange(b"\0", timeout=0.05)
        with pytest.raises(Answerless):
            await dns.exchange(b"\0", tcp=True, timeout=0.05)


async def test_metrics(corefile: Start) -> None:
    async with corefile("motd.test {\n fixed yes\n}", plugin_path=[PLUGINS]) as dns:
        await dns.ask("other.test TXT")
        found = await dns.metrics()
        address = f"dns://:{dns.port}"
        key = f'plugin="",rcode="REFUSED",server="{address}",view="",zone="dropped"'
        assert {
            frozenset(name.partition("{")[2].rstrip("}").split(",")): value
            for name, value in found.items()
            if name.startswith("coredns_dns_responses_total")
        }[frozenset(key.split(","))] == 1


async def test_the_log_and_mistakes(corefile: Start) -> None:
    async with corefile(". {\n broken now\n fixed yes\n}", plugin_path=[PLUGINS]) as dns:
        assert await dns.ask("bad.test TXT") == "SERVFAIL"
        (line,) = dns.log
        assert line.startswith("[ERROR] Recovered from panic in server")


async def test_the_external_plugins_of_the_tests_all_work(corefile: Start) -> None:
    text = ". {\n hurry 50ms timeout\n slow 1s\n fixed yes\n}"
    async with corefile(text, plugin_path=[PLUGINS]) as dns:
        assert await dns.ask("slow.test TXT") == "REFUSED"
        assert await dns.ask("now.test TXT") == 'now.test. 60 IN TXT "yes"'
    text = text.replace("timeout", "wait_for")
    async with corefile(text, plugin_path=[PLUGINS]) as dns:
        assert await dns.ask("slow.test TXT") == "REFUSED"
        assert await dns.ask("now.test TXT") == 'now.test. 60 IN TXT "yes"'


async def test_what_a_plugin_looks_at_decides_what_is_repeated(corefile: Start) -> None:
    for peek, expected in (("", 1), (" peek\n", 3)):
        async with corefile(f". {{\n{peek} fixed yes\n}}", plugin_path=[PLUGINS]) as dns:
            for _ in range(3):
                await dns.ask("a.test TXT")
            (served,) = [
                vars(p)["served"] for p in dns.built.instance.plugins if "served" in vars(p)
            ]
            assert served == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1"])
@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_free_port_is_free_on_all_addresses(
    host: str, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as sock:
        sock.bind((host, 0))
        taken, free = sock.getsockname()[1], free_port()
        monkeypatch.setattr(testing, "_PORTS", [taken] * 20 + [free])
        assert free_port() == free
