"""A loop is found, whatever it leads through; nothing else ends the server."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from corepy import wire
from corepy.controller import BlockInfo
from corepy.host import Host
from corepy.response import Response
from corepy.testing import Start, free_port
from corepy_plugins.loop import detector
from corepy_plugins.loop.detector import Detector
from corepy_plugins.loop.probe import HINFO, Probe
from tests.support.builds import built, refused
from tests.support.queries import request_of

LOOP = re.compile(
    r"\[FATAL\] plugin/loop: Loop \(127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+\)"
    r' detected for zone "(?P<zone>.*)", see https://coredns\.io/plugins/loop#troubleshooting\.'
    r' Query: "HINFO \d+\.\d+\.(a\.test\.)?"'
)

BOUNCE = '''
"""*bounce* sends every query to a port of this machine; equal ones under way only once."""
import asyncio
from corepy import Plugin, Response

class Client(asyncio.DatagramProtocol):
    def __init__(self, reply):
        self.reply = reply

    def datagram_received(self, data, addr):
        if not self.reply.done():
            self.reply.set_result(data)

class Bounce(Plugin):
    def __init__(self, port, join):
        self.port = port
        self.join = join
        self.under_way = {}

    async def ask(self, octets):
        loop = asyncio.get_running_loop()
        reply = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Client(reply), remote_addr=("127.0.0.1", self.port)
        )
        try:
            transport.sendto(octets)
            return await asyncio.wait_for(reply, 0.5)
        except TimeoutError:
            return None
        finally:
            transport.close()

    async def serve(self, request, next):
        key = self.key(request.wire)
        if key not in self.under_way:
            self.under_way[key] = asyncio.ensure_future(self.ask(request.wire))
        reply = await self.under_way[key]
        return Response.from_wire(reply) if reply else Response.failure(2)

    def key(self, octets):
        return {"none": object(), "octets": octets[2:], "name": octets[12:]}[self.join]

def setup(c):
    return Bounce(int(c.args[0].text), c.args[1].text)
'''


@pytest.mark.parametrize("zone", [".", "a.test."])
@pytest.mark.parametrize("join", ["none", "octets", "name"])
async def test_a_loop_ends_the_server(
    corefile: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, join: str
) -> None:
    """Also one through a plugin that sends equal questions once: by time-out, if all else fails."""
    monkeypatch.setattr("corepy_plugins.loop.probe.ANSWER_TIME", 0.3)
    (tmp_path / "bounce.py").write_text(BOUNCE)
    port = free_port()
    text = f"{zone} {{\n bind 127.0.0.1\n loop\n bounce {port} {join}\n}}\n"
    async with corefile(text, port=port, plugin_path=[tmp_path]) as dns:
        for _ in range(100):
            if dns.log:
                break
            await asyncio.sleep(0.02)
        (line,) = dns.log
        found = LOOP.fullmatch(line)
        assert found
        assert found["zone"] == zone


async def test_without_a_loop_nothing_happens(corefile: Start) -> None:
    """The probe is answered, and the plugin is idle from then on."""
    async with corefile(". {\n loop\n whoami\n}\n") as dns:
        (plugin,) = (p for p in dns.built.instance.plugins if isinstance(p, Detector))
        for _ in range(300):
            if not plugin.active:
                break
            await asyncio.sleep(0.01)
        assert not plugin.active
        name = plugin._probe.text
        for _ in range(5):
            await dns.query(f"{name} HINFO")
        assert dns.log == []


@pytest.mark.parametrize("active", [True, False])
async def test_strangers_cannot_end_the_server(active: bool) -> None:
    """Neither by guessing while the probe is under way nor by knowing its name afterwards."""
    ended: list[str] = []
    plugin = Detector(Probe("."), BlockInfo(()), Host(fatal=ended.append))
    plugin.active = active
    answer = Response()

    async def following(_: object) -> Response:
        return answer

    for i in range(2000):
        name = f"{i}.{i}." if active else plugin._probe.text
        request = request_of(name=name, qtype=HINFO)
        assert await plugin.serve(request, following) is answer
        assert request.repeatable
    assert (
        await plugin.serve(request_of(name=plugin._probe.text, qtype=wire.A), following) is answer
    )
    assert ended == []


def test_probes_are_not_guessable() -> None:
    """CVE-2026-26018: two labels of 62 random bits."""
    texts = [Probe("a.test.").text for _ in range(200)]
    assert len(set(texts)) == 200
    numbers = [int(label) for text in texts for label in text.split(".")[:2]]
    assert max(numbers).bit_length() == 62
    assert sum(number >> 40 != 0 for number in numbers) == 400


@pytest.mark.parametrize(
    ("first", "passes_at", "probes"), [(True, 0, 1), (True, 1, 1), (False, 2, 2), (False, 9, 3)]
)
async def test_after_a_reload_the_last_instance_does_not_answer_for_the_new_one(
    first: bool, passes_at: int, probes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers to probes that never passed by do not count, up to three of them."""
    asked: list[int] = []

    async def ask(_probe: Probe, host: str, port: int) -> None:
        assert host == "127.0.0.1"
        asked.append(port)
        if len(asked) == passes_at:
            plugin._seen = 1

    monkeypatch.setattr(Probe, "ask", ask)
    monkeypatch.setattr(detector, "_PAUSES", (0.01, 0.01, 0.01))
    block = BlockInfo([], addresses=["dns://:5353"])
    plugin = Detector(Probe("."), block, Host(first=first))
    async with plugin.lifespan():
        await asyncio.sleep(0.15)
        assert asked == [5353] * probes
        assert not plugin.active


async def test_a_probe_goes_on_as_it_came(corefile: Start) -> None:
    """And once, also when a plugin before this one answers it."""
    async with corefile(". {\n log . {name}{>rflags}\n loop\n whoami\n}\n") as dns:
        await asyncio.sleep(0.4)
        (line,) = dns.log
        assert re.fullmatch(r"\[INFO\] \d+\.\d+\.qr,aa,rd", line)
    async with corefile(". {\n log . {name}\n hosts\n loop\n}\n") as dns:
        await asyncio.sleep(0.4)
        assert len(dns.log) == 1


async def test_patience_ends(corefile: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers: the plugin gives up and is idle."""

    async def ask(probe: Probe, host: str, port: int) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(Probe, "ask", ask)
    monkeypatch.setattr(detector, "_PAUSES", (0.01,) * 50)
    monkeypatch.setattr(detector, "PATIENCE", 0.1)
    async with corefile(". {\n loop\n whoami\n}\n") as dns:
        (plugin,) = (p for p in dns.built.instance.plugins if isinstance(p, Detector))
        assert plugin.active
        await asyncio.sleep(0.2)
        assert not plugin.active
        assert dns.log == []


PLACE = "Corefile:2 - Error during parsing: "


@pytest.mark.parametrize(
    ("line", "message", "word"),
    [
        ("loop x", f"{PLACE}Wrong argument count or unexpected line ending after 'x'", "x"),
        ("loop x y", f"{PLACE}Wrong argument count or unexpected line ending after 'x'", "x"),
        ("loop {\n}", f"{PLACE}Unexpected token '{{', expecting argument", "{"),
        ("loop\nloop", "this plugin can only be used once per Server Block", "loop"),
    ],
)
def test_mistakes(line: str, message: str, word: str) -> None:
    """CoreDNS's words."""
    assert refused(f". {{\n{line}\nwhoami\n}}\n") == (f"plugin/loop: {message}", word)


def test_a_zone_without_room_is_a_warning() -> None:
    """The probe's name would be longer than a name may be."""
    zone = ".".join(["z" * 60] * 4)
    (notice,) = built(f"{zone} {{\nloop\nwhoami\n}}\n").notices
    assert "no room for the name of a probe" in notice.message
