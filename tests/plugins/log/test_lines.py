"""Which queries get a line, and which line."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from corepy.testing import Dns, Start

COREFILE = """
. {
    log
    hosts {
        192.0.2.1 www.test
        192.0.2.1 www.sub.other.test
    }
}
format.test {
    log . "{common} x"
    log . "never {name}"
    hosts {
        192.0.2.1 www.format.test
    }
}
combined.test {
    log combined.test {combined}
    hosts {
        192.0.2.1 www.combined.test
    }
}
names.test {
    log A.names.TEST b.names.test "AB {name}" {
        class denial success
    }
    log c.names.test
    hosts {
        192.0.2.1 www.a.names.test www.b.names.test www.c.names.test www.names.test
        fallthrough
    }
}
mistaken.test {
    log {common}
    hosts {
        192.0.2.1 www.mistaken.test
    }
}
error.test {
    log . "E {name} {rcode}" {
        class error
    }
    log . "S {name} {rcode}" {
        class success
    }
    hosts {
        192.0.2.1 www.error.test
        fallthrough
    }
}
"""

COMMON = '[INFO] 127.0.0.1:P - I "{}" {} Ds'


@pytest.fixture
async def dns(corefile: Start) -> AsyncIterator[Dns]:
    async with corefile(COREFILE) as dns:
        dns.log.clear()
        yield dns


def masked(dns: Dns) -> list[str]:
    """The lines, with port, id and duration masked."""
    lines = [re.sub(r"(\d+\.\d\.\d\.\d):\d+ - \d+ ", r"\1:P - I ", line) for line in dns.log]
    return [re.sub(r" 0\.\d+s", " Ds", line) for line in lines]


@pytest.mark.parametrize(
    ("question", "line"),
    [
        (
            "www.test A",
            COMMON.format("A IN www.test. udp 26 false 512", "NOERROR qr,aa,rd 50"),
        ),
        (
            "WWW.Test A +tcp +do +bufsize=1400",
            COMMON.format("A IN www.test. tcp 37 true 65535", "NOERROR qr,aa,rd 50"),
        ),
        (
            "no.test MX +norec",
            COMMON.format("MX IN no.test. udp 25 false 512", "SERVFAIL qr 25"),
        ),
        (
            "www.format.test A",
            COMMON.format("A IN www.format.test. udp 33 false 512", "NOERROR qr,aa,rd 64") + " x",
        ),
        (
            "www.combined.test A",
            COMMON.format("A IN www.combined.test. udp 35 false 512", "NOERROR qr,aa,rd 68")
            + ' "0"',
        ),
        ("www.a.names.test A", "[INFO] AB www.a.names.test."),
        ("WWW.B.names.test MX", "[INFO] AB www.b.names.test."),
        ("error.a.names.test A", ""),
        (
            "www.c.names.test A",
            COMMON.format("A IN www.c.names.test. udp 34 false 512", "NOERROR qr,aa,rd 66"),
        ),
        ("www.names.test A", ""),
        ("www.mistaken.test A", ""),
        ("www.error.test A", ""),
        ("no.error.test A", "[INFO] E no.error.test. SERVFAIL"),
    ],
)
async def test_line(dns: Dns, question: str, line: str) -> None:
    await dns.query(question)
    assert masked(dns) == ([line] if line else [])


async def test_a_repeated_answer_has_a_line_of_its_own(dns: Dns) -> None:
    for _ in range(3):
        await dns.query("www.test A")
    assert len(set(dns.log)) == 3
    assert len(set(masked(dns))) == 1
    ids = {line.split()[3] for line in dns.log}
    assert len(ids) == 3


async def test_another_transport_is_told_apart(dns: Dns) -> None:
    for transport in ("", "+tcp"):
        for _ in range(2):
            await dns.query(f"www.test A {transport}")
    assert [line.split()[7] for line in dns.log] == ["udp", "udp", "tcp", "tcp"]
