"""Names that never leave the machine."""

from __future__ import annotations

import pytest

from corepy import names, wire
from corepy.log import plugin_logger
from corepy.metrics import Series
from corepy.request import Request
from corepy.response import Response
from corepy.testing import Start
from corepy_plugins.local.handler import Local
from tests.support.builds import built, refusal, refused
from tests.support.queries import request_of

PASSED = Response(wire.YXDOMAIN)
SOA = "604800 IN SOA localhost. root.localhost. 1 0 0 0 604800"
HOSTS = {"A": "127.0.0.1", "AAAA": "::1"}
TYPES = {"A": 1, "NS": 2, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28, "ANY": 255}


async def ask(local: Local, name: str, qtype: str) -> Response:
    async def following(_: Request) -> Response:
        return PASSED

    return await local.serve(request_of(name=name, qtype=TYPES[qtype]), following)


def lines(response: Response) -> tuple[int, list[str], list[str]]:
    assert response.flags == 0
    assert not response.additional
    answer = [record.to_text() for record in response.answer]
    return response.rcode, answer, [record.to_text() for record in response.authority]


def local(*, prefix: bool = True) -> Local:
    return Local(Series(), plugin_logger("local"), prefix=prefix)


@pytest.mark.parametrize("qtype", TYPES)
@pytest.mark.parametrize(
    "name",
    ["www.localhost.", "A.b.LocalHost.", "localhost.example.org.", "LOCALHOST.127.in-addr.arpa."],
)
async def test_other_names_of_localhost(name: str, qtype: str) -> None:
    plugin = local()
    found = lines(await ask(plugin, name, qtype))
    if qtype in HOSTS:
        assert found == (0, [f"{name} 604800 IN {qtype} {HOSTS[qtype]}"], [])
    else:
        assert found == (0, [], [f"{name} {SOA}"])
    assert plugin._count.value == 1


@pytest.mark.parametrize(
    "name",
    [
        "notlocalhost.",
        "a.notlocalhost.",
        "localhostx.test.",
        "x.localhost.test.",
        "1.in-addr.arpa.",
        "in-addr.arpa.",
        "254.in-addr.arpa.",
        "x127.in-addr.arpa.",
        ".",
    ],
)
async def test_passed_on(name: str) -> None:
    plugin = local()
    assert await ask(plugin, name, "A") is PASSED
    assert plugin._count.value == 0


async def test_without_the_prefix() -> None:
    plugin = local(prefix=False)
    assert await ask(plugin, "localhost.example.org.", "A") is PASSED
    _, answer, _ = lines(await ask(plugin, "www.localhost.", "A"))
    assert answer == ["www.localhost. 604800 IN A 127.0.0.1"]
    rcode, _, authority = lines(await ask(plugin, "localhost.127.in-addr.arpa.", "A"))
    assert (rcode, authority) == (wire.NXDOMAIN, [f"127.in-addr.arpa. {SOA}"])


@pytest.mark.parametrize("qtype", TYPES)
@pytest.mark.parametrize(
    "name",
    ["localhost.", "LocalHost.", "0.in-addr.arpa.", "127.IN-addr.arpa.", "255.in-addr.arpa."],
)
async def test_zones(name: str, qtype: str) -> None:
    plugin = local()
    found = lines(await ask(plugin, name, qtype))
    answers = {"SOA": SOA, "NS": "604800 IN NS localhost."}
    if name.lower() == "localhost.":
        answers |= {kind: f"604800 IN {kind} {address}" for kind, address in HOSTS.items()}
    if qtype in answers:
        assert found == (0, [f"{name} {answers[qtype]}"], [])
    else:
        assert found == (0, [], [f"{name} {SOA}"])
    assert plugin._count.value == 0


@pytest.mark.parametrize(
    ("name", "qtype", "rcode", "zone"),
    [
        ("1.0.0.127.in-addr.ARPA.", "A", 0, "127.in-addr.ARPA."),
        ("2.0.0.127.in-addr.arpa.", "PTR", 3, "127.in-addr.arpa."),
        ("a.1.0.0.127.in-addr.arpa.", "PTR", 3, "127.in-addr.arpa."),
        ("0.0.127.in-addr.arpa.", "PTR", 3, "127.in-addr.arpa."),
        ("1.0.IN-addr.arpa.", "NS", 3, "0.IN-addr.arpa."),
        ("255.255.255.255.in-addr.arpa.", "PTR", 3, "255.in-addr.arpa."),
    ],
)
async def test_denials(name: str, qtype: str, rcode: int, zone: str) -> None:
    assert lines(await ask(local(), name, qtype)) == (rcode, [], [f"{zone} {SOA}"])


async def test_the_name_of_the_loopback_address() -> None:
    found = lines(await ask(local(), "1.0.0.127.in-ADDR.arpa.", "PTR"))
    assert found == (0, ["1.0.0.127.in-ADDR.arpa. 604800 IN PTR localhost."], [])


COUNTER = "coredns_local_localhost_requests_total"


@pytest.mark.parametrize("transport", ["", "+tcp"])
async def test_repeated_answers_are_counted(corefile: Start, transport: str) -> None:
    async with corefile(". {\n local\n whoami\n}\n") as dns:
        before = (await dns.metrics())[COUNTER]
        for name in ("a.localhost", "A.localhost", "a.localhost", "localhost"):
            expected = f"{name}. 604800 IN A 127.0.0.1"
            assert await dns.ask(f"{name} A {transport}") == expected
        assert (await dns.metrics())[COUNTER] == before + 3


async def test_debug_lines(corefile: Start, caplog: pytest.LogCaptureFixture) -> None:
    """One for each question, also for repeated ones."""
    async with corefile(". {\n debug\n local\n whoami\n}\n") as dns:
        plugin = next(one for one in dns.built.instance.plugins if isinstance(one, Local))
        plugin._log.setLevel("DEBUG")
        try:
            for _ in range(2):
                await dns.ask(r"A\046b.localhost TYPE65280")
            await dns.ask("localhost A")
        finally:
            plugin._log.setLevel("NOTSET")
        text = r'Intercepting localhost query for "a\\.b.localhost." TYPE65280, from 127.0.0.1'
        assert dns.log == [f"[DEBUG] plugin/local: {text}"] * 2


def test_names_are_told_apart_by_labels() -> None:
    """The first label must be the whole of `localhost`."""
    assert names.from_text("localhost.test.").startswith(b"\x09localhost")
    assert not names.from_text("localhostx.test.").startswith(b"\x09localhost")


PLACE = "plugin/local: Corefile:{} - Error during parsing: "
COUNT = "Wrong argument count or unexpected line ending after '{}'"


@pytest.mark.parametrize(
    ("text", "line", "message", "word"),
    [
        ("local x", 2, COUNT.format("x"), "x"),
        ("local {\n localhost_prefix\n}", 3, COUNT.format("localhost_prefix"), "localhost_prefix"),
        ("local {\n localhost_prefix on off\n}", 3, COUNT.format("off"), "off"),
        ("local {\n localhost_prefix on }", 3, COUNT.format("}"), "}"),
        (
            "local {\n localhost_prefix On\n}",
            3,
            "localhost_prefix expects 'on' or 'off', got \"On\"",
            "On",
        ),
        ("local {\n prefix on\n}", 3, "unknown property 'prefix'", "prefix"),
    ],
)
def test_mistakes(text: str, line: int, message: str, word: str) -> None:
    assert refused(f". {{\n{text}\nwhoami\n}}\n") == (PLACE.format(line) + message, word)


def test_hint() -> None:
    text = ". {\nlocal {\nlocalhost_perfix on\n}\nwhoami\n}\n"
    assert refusal(text).hint == "did you mean 'localhost_prefix'?"


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("local", True),
        ("local {\n}", True),
        ("local {\n localhost_prefix off\n}", False),
        ("local {\n localhost_prefix off\n}\nlocal {\n localhost_prefix on\n}", True),
        ("local {\n localhost_prefix off\n}\nlocal", False),
    ],
)
def test_accepted(text: str, prefix: bool) -> None:
    (plugin, _) = built(f". {{\n{text}\nwhoami\n}}\n").instance.plugins
    assert isinstance(plugin, Local)
    assert plugin._prefix is prefix
