"""What is counted, under which labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from corepy.testing import Dns, Start, free_port

PLUGIN = """
from corepy import DROP, Plugin, Record, Response

class Odd(Plugin):
    repeatable = eager = True
    async def serve(self, request, next):
        match request.qname[1:5]:
            case b"drop": return DROP
            case b"fail": return Response.failure(2)
            case b"refu": return Response(5, flags=0)
            case b"nxdo": return Response(3)
            case b"bang": raise RuntimeError("bang")
            case b"self":
                other = request.replace(owner=b"\\4drop\\4test\\0")
                return await request.listener.resolve(other)
        return Response(answer=[Record.parse(request.owner, 1, 60, "192.0.2.1")])

def setup(c):
    return Odd()
"""


@pytest.fixture
def plugins(tmp_path: Path) -> list[Path]:
    (tmp_path / "odd.py").write_text(PLUGIN)
    return [tmp_path]


async def counted(dns: Dns, name: str) -> dict[str, float]:
    """Samples of one name for this server, with the labels that are not empty."""
    found: dict[str, float] = {}
    for sample, value in (await dns.metrics()).items():
        full, _, labels = sample.rstrip("}").partition("{")
        pairs = [pair for pair in labels.split(",") if not pair.endswith('=""')]
        if full == f"coredns_{name}" and any(pair.endswith(f':{dns.port}"') for pair in pairs):
            shown = sorted(pair for pair in pairs if not pair.startswith("server="))
            found[",".join(shown).replace('"', "")] = value
    return found


def corefile_of(*blocks: str) -> str:
    address = f"127.0.0.1:{free_port()}"
    return "\n".join(block.replace("prometheus", f"prometheus {address}") for block in blocks)


@pytest.mark.parametrize(
    ("question", "sample"),
    [
        ("a.test A", "plugin=odd,rcode=NOERROR,zone=test."),
        ("A.test A", "plugin=odd,rcode=NOERROR,zone=test."),
        ("nxdo.test A", "plugin=odd,rcode=NXDOMAIN,zone=test."),
        ("fail.test A", "rcode=SERVFAIL,zone=test."),
        ("refu.test A", "plugin=odd,rcode=REFUSED,zone=test."),
        ("bang.test A", "rcode=SERVFAIL,zone=dropped"),
        ("a.other A", "rcode=REFUSED,zone=dropped"),
        ("a.test A CH", "rcode=REFUSED,zone=dropped"),
    ],
)
async def test_responses(corefile: Start, plugins: list[Path], question: str, sample: str) -> None:
    async with corefile(corefile_of("test {\n prometheus\n odd\n}"), plugin_path=plugins) as dns:
        await dns.ask(question)
        assert await counted(dns, "dns_responses_total") == {sample: 1}


async def test_silence_is_counted_as_coredns_does(corefile: Start, plugins: list[Path]) -> None:
    async with corefile(corefile_of("test {\n prometheus\n odd\n}"), plugin_path=plugins) as dns:
        with pytest.raises(AssertionError):
            await dns.query("drop.test A", timeout=0.2)
        assert await counted(dns, "dns_responses_total") == {"rcode=NOERROR,zone=test.": 1}
        assert await counted(dns, "dns_response_size_bytes_sum") == {"proto=udp,zone=test.": 0}


async def test_internal_queries_are_counted_too(corefile: Start, plugins: list[Path]) -> None:
    async with corefile(corefile_of("test {\n prometheus\n odd\n}"), plugin_path=plugins) as dns:
        with pytest.raises(AssertionError):
            await dns.query("self.test A", timeout=0.2)
        assert await counted(dns, "dns_responses_total") == {"rcode=NOERROR,zone=test.": 2}


@pytest.mark.parametrize(
    ("question", "sample"),
    [
        ("a.test A", "family=1,proto=udp,type=A,zone=test."),
        ("a.test A +tcp", "family=1,proto=tcp,type=A,zone=test."),
        ("a.test A @::1", "family=2,proto=udp,type=A,zone=test."),
        ("a.test TYPE65280", "family=1,proto=udp,type=other,zone=test."),
        ("x.a.sub.test A", "family=1,proto=udp,type=A,zone=a.sub.test."),
        ("x.SUB.test A", "family=1,proto=udp,type=A,zone=test."),
        ("a.sub.test DS", "family=1,proto=udp,type=DS,zone=a.sub.test."),
    ],
)
async def test_requests(corefile: Start, plugins: list[Path], question: str, sample: str) -> None:
    text = corefile_of("test a.sub.test {\n prometheus\n odd\n}")
    async with corefile(text, plugin_path=plugins) as dns:
        await dns.ask(question)
        assert await counted(dns, "dns_requests_total") == {sample: 1}


async def test_do(corefile: Start, plugins: list[Path]) -> None:
    async with corefile(corefile_of("test {\n prometheus\n odd\n}"), plugin_path=plugins) as dns:
        await dns.ask("a.test A +bufsize=1232")
        assert await counted(dns, "dns_do_requests_total") == {}
        await dns.ask("a.test A +do")
        assert await counted(dns, "dns_do_requests_total") == {"zone=test.": 1}


async def test_repeated_answers_are_counted(corefile: Start, plugins: list[Path]) -> None:
    async with corefile(corefile_of("test {\n prometheus\n odd\n}"), plugin_path=plugins) as dns:
        for name in ("a.test", "a.test", "A.test", "a.TEST"):
            await dns.ask(f"{name} A")
            await dns.ask(f"{name} A +tcp")
        assert await counted(dns, "dns_responses_total") == {
            "plugin=odd,rcode=NOERROR,zone=test.": 8
        }
        sizes = await counted(dns, "dns_request_size_bytes_sum")
        assert sizes == {"proto=udp,zone=test.": 4 * 24, "proto=tcp,zone=test.": 4 * 24}
        sizes = await counted(dns, "dns_response_size_bytes_sum")
        assert sizes == {"proto=udp,zone=test.": 4 * 46, "proto=tcp,zone=test.": 4 * 46}
        assert await counted(dns, "dns_request_duration_seconds_count") == {"zone=test.": 8}


async def test_blocks_without_prometheus_are_not_counted(
    corefile: Start, plugins: list[Path]
) -> None:
    text = corefile_of("a.test {\n prometheus\n odd\n}", "b.test {\n odd\n}")
    async with corefile(text, plugin_path=plugins) as dns:
        await dns.ask("x.b.test A")
        assert await counted(dns, "dns_requests_total") == {}


async def test_the_plugin_that_stands_next_is_named(corefile: Start, plugins: list[Path]) -> None:
    text = corefile_of("test {\n prometheus\n errors\n any\n odd\n}")
    async with corefile(text, plugin_path=plugins) as dns:
        await dns.ask("a.test A")
        assert await counted(dns, "dns_responses_total") == {
            "plugin=errors,rcode=NOERROR,zone=test.": 1
        }


async def test_nothing_behind_it(corefile: Start) -> None:
    async with corefile(corefile_of(". {\n prometheus\n}")) as dns:
        assert await dns.ask("a.test A") == "SERVFAIL"
        assert await counted(dns, "dns_responses_total") == {"rcode=SERVFAIL,zone=.": 1}
