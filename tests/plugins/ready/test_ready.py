"""*ready* at work: who is asked, how often, and what the page says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corepy.host import Host
from corepy.testing import Dns, Start, free_port
from corepy_plugins.ready.readiness import Readiness
from tests.support.web import fetch

PLUGIN = """
from corepy import Plugin, Response

class Waits(Plugin):
    ok = False
    asked = 0
    def ready(self):
        self.asked += 1
        return self.ok
    async def serve(self, request, next):
        return Response()

def setup(c):
    return Waits()
"""


@pytest.fixture
def plugins(tmp_path: Path) -> list[Path]:
    for name in ("waits", "after"):
        (tmp_path / f"{name}.py").write_text(PLUGIN)
    return [tmp_path]


def parts(dns: Dns) -> list[Any]:
    return [part for part in dns.built.instance.plugins if hasattr(part, "asked")]


async def test_all_plugins_are_ready(corefile: Start) -> None:
    port = free_port()
    async with corefile(f". {{\n ready 127.0.0.1:{port}\n whoami\n}}") as dns:
        for method, body in (("GET", b"OK"), ("POST", b"OK"), ("HEAD", b"")):
            reply = await fetch(port, "/ready", method=method)
            assert (reply.status, reply.body) == (200, body)
        assert (await fetch(port, "/")).status == 404
        assert not [line for line in dns.log if "not ready" in line]


async def test_who_is_not_ready_is_named_once(corefile: Start, plugins: list[Path]) -> None:
    port = free_port()
    text = "".join(
        f"{zone} {{\n ready 127.0.0.1:{port}\n waits\n after\n}}\n" for zone in ("a.test", "b.test")
    )
    async with corefile(text, plugin_path=plugins) as dns:
        reply = await fetch(port, "/ready")
        assert (reply.status, reply.body) == (503, b"after,waits")
        assert dns.log == ['[INFO] plugin/ready: Plugins not ready: "after,waits"']
        reply = await fetch(port, "/ready", method="HEAD")
        assert (reply.status, reply.body) == (503, b"")
        for part in parts(dns):
            part.ok = True
        assert (await fetch(port, "/ready")).body == b"OK"


async def test_the_list_is_one_for_the_whole_process(corefile: Start, plugins: list[Path]) -> None:
    first, second = free_port(), free_port()
    text = (
        f"a.test {{\n ready 127.0.0.1:{first}\n whoami\n}}\n"
        f"b.test {{\n ready 127.0.0.1:{second}\n waits\n}}\n"
    )
    async with corefile(text, plugin_path=plugins):
        for port in (first, second):
            assert (await fetch(port, "/ready")).body == b"waits"


async def test_blocks_without_ready_are_not_asked(corefile: Start, plugins: list[Path]) -> None:
    port = free_port()
    text = f"a.test {{\n ready 127.0.0.1:{port}\n whoami\n}}\nb.test {{\n waits\n}}\n"
    async with corefile(text, plugin_path=plugins) as dns:
        assert (await fetch(port, "/ready")).body == b"OK"
        assert [part.asked for part in parts(dns)] == [0]


@pytest.mark.parametrize(
    ("monitor", "asked", "status"), [("until-ready", 1, 200), ("continuously", 4, 503)]
)
async def test_monitor(
    corefile: Start, plugins: list[Path], monitor: str, asked: int, status: int
) -> None:
    port = free_port()
    text = f". {{\n ready 127.0.0.1:{port} {{\n monitor {monitor}\n }}\n waits\n}}"
    async with corefile(text, plugin_path=plugins) as dns:
        (part,) = parts(dns)
        part.ok = True
        for _ in range(3):
            assert (await fetch(port, "/ready")).status == 200
        part.ok = False
        assert (await fetch(port, "/ready")).status == status
        assert part.asked == asked


async def test_the_page_goes_before_lameduck_begins(corefile: Start) -> None:
    port = free_port()
    async with corefile(f". {{\n ready 127.0.0.1:{port}\n whoami\n}}") as dns:
        await dns.built.instance.drain()
        with pytest.raises(ConnectionRefusedError):
            await fetch(port, "/ready")
        assert (await dns.query("a.test A")).rcode() == 0


async def test_an_address_that_cannot_be_had_is_an_error_in_the_log(corefile: Start) -> None:
    async with corefile(". {\n ready 192.0.2.1:8181\n whoami\n}") as dns:
        assert (await dns.query("a.test A")).rcode() == 0
        (line,) = dns.log
        assert line.startswith("[ERROR] plugin/ready: Failed to start ready handler: listen tcp")
        assert line.endswith("192.0.2.1:8181: bind: cannot assign requested address")


class Workers:
    """What a supervisor knows of others."""

    def __init__(self, *answers: list[str] | None) -> None:
        self.answers = list(answers)

    async def ask(self, name: str) -> list[Any]:
        assert name == "ready"
        return self.answers

    async def families(self) -> list[Any]:
        return []

    def pids(self) -> list[int]:
        return []


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        (([], []), []),
        ((["b"], ["a", "b"]), ["a", "b"]),
        (([], None), ["worker"]),
        ((["x"], None), ["worker", "x"]),
    ],
)
async def test_of_several_processes_all_must_be_ready(
    answers: tuple[list[str] | None, ...], missing: list[str]
) -> None:
    assert await Readiness(Host(workers=Workers(*answers))).everywhere() == missing
