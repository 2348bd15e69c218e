"""Zones on their way to other servers."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from corepy.server import Listener
from corepy.testing import Dns, Start

ZONE = "@ 60 SOA ns host 5 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n_x._TCP 60 SRV 1 2 3 w\n"
LARGE = "$TTL 60\n@ SOA ns host 5 2 3 4 5\n@ NS ns\n" + "".join(
    f't{i} TXT "{"x" * 250}" "{i}"\n' for i in range(1000)
)


def query(name: str, rdtype: str = "AXFR", *serials: int, edns: bool = False) -> bytes:
    message = dns.message.make_query(name, rdtype, use_edns=0 if edns else -1)
    for index, serial in enumerate(serials):
        owner = f"x{index}.{name}."
        message.authority.append(
            dns.rrset.from_text(owner, 0, "IN", "SOA", f"a. b. {serial} 1 2 3 4")
        )
    return message.to_wire()


async def ask(dns_: Dns, octets: bytes, source: str = "127.0.0.1") -> list[dns.message.Message]:
    """All messages up to the second SOA record, or one without two."""
    reader, writer = await asyncio.open_connection("127.0.0.1", dns_.port, local_addr=(source, 0))
    found: list[dns.message.Message] = []
    writer.write(len(octets).to_bytes(2, "big") + octets)
    soas = 0
    try:
        async with asyncio.timeout(5):
            while soas < 2:
                size = int.from_bytes(await reader.readexactly(2), "big")
                octets = await reader.readexactly(size)
                message = dns.message.from_wire(octets, one_rr_per_rrset=True)
                found.append(message)
                soas += sum(rrset.rdtype == dns.rdatatype.SOA for rrset in message.answer)
                if not message.answer or (soas == 1 and len(message.answer) == 1):
                    break
    finally:
        writer.close()
        await writer.wait_closed()
    return found


def records(messages: list[dns.message.Message]) -> list[str]:
    return [rrset.to_text() for message in messages for rrset in message.answer]


@pytest.fixture
def text(tmp_path: Path) -> str:
    (tmp_path / "z").write_text(ZONE)
    (tmp_path / "large").write_text(LARGE)
    return f"""\
.:0 {{
    file {tmp_path}/z a.test sub.a.test b.test
    file {tmp_path}/large large.test
    file {tmp_path}/none none.test
    transfer large.test none.test {{
        to *
    }}
    transfer sub.a.test {{
        to 127.0.0.3 127.0.0.4:5300
    }}
    transfer A.test a.TEST {{
        to 127.0.0.1
        to 127.0.0.2 ::1
    }}
    transfer a.test {{
        to *
    }}
}}
""".replace(":0", "")


SOA = "a.test. 60 IN SOA ns.a.test. host.a.test. 5 2 3 4 5"
WHOLE = [
    SOA,
    "a.test. 60 IN NS ns.a.test.",
    "_x._TCP.a.test. 60 IN SRV 1 2 3 w.a.test.",
    "www.a.test. 60 IN A 192.0.2.1",
    SOA,
]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (("a.test",), WHOLE),
        (("A.Test",), WHOLE),
        (("a.test", "AXFR", 5), WHOLE),
        (("a.test", "IXFR", 5), [SOA]),
        (("a.test", "IXFR", 4), WHOLE),
        (("a.test", "IXFR", 6), WHOLE),
        (("a.test", "IXFR", 0), WHOLE),
    ],
)
@pytest.mark.parametrize("edns", [False, True])
async def test_what_is_handed_out(
    corefile: Start, text: str, question: tuple[Any, ...], expected: list[str], edns: bool
) -> None:
    async with corefile(text) as dns_:
        messages = await ask(dns_, query(*question, edns=edns))
        assert records(messages) == expected
        (message,) = messages
        assert bool(message.flags & dns.flags.AA) == (expected is WHOLE)
        assert (message.edns == 0) == edns


@pytest.mark.parametrize(
    ("question", "source", "rcode"),
    [
        (("a.test",), "127.0.0.2", "NOERROR"),
        (("a.test",), "127.0.0.3", "REFUSED"),
        (("a.test", "IXFR", 5), "127.0.0.3", "REFUSED"),
        (("sub.a.test",), "127.0.0.1", "REFUSED"),
        (("sub.a.test",), "127.0.0.4", "NOERROR"),
        (("b.test",), "127.0.0.1", "REFUSED"),
        (("www.a.test",), "127.0.0.1", "REFUSED"),
        (("other.test",), "127.0.0.1", "REFUSED"),
        (("none.test",), "127.0.0.1", "SERVFAIL"),
        (("a.test", "IXFR"), "127.0.0.1", "SERVFAIL"),
        (("a.test", "IXFR", 5, 5), "127.0.0.1", "FORMERR"),
    ],
)
async def test_who_gets_it(
    corefile: Start, text: str, question: tuple[Any, ...], source: str, rcode: str
) -> None:
    async with corefile(text) as dns_:
        messages = await ask(dns_, query(*question), source)
        assert dns.rcode.to_text(messages[0].rcode()) == rcode


async def test_another_record_than_soa(corefile: Start, text: str) -> None:
    octets = query("a.test", "IXFR", 5).replace(b"\0\6\0\1\0\0\0\0", b"\0\7\0\1\0\0\0\0")
    async with corefile(text) as dns_:
        (message,) = await ask(dns_, octets)
        assert message.rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
async def test_not_over_udp(corefile: Start, text: str, rdtype: str) -> None:
    async with corefile(text) as dns_:
        assert await dns_.ask(f"a.test {rdtype}") == "REFUSED"


async def test_a_large_zone_takes_several_messages(corefile: Start, text: str) -> None:
    async with corefile(text) as dns_:
        messages = await ask(dns_, query("large.test", edns=True))
        assert len(messages) == 5
        assert all(message.edns == 0 and message.question for message in messages)
        whole = records(messages)
        assert len(whole) == len(set(whole)) + 1 == 1003
        line = (
            'Outgoing transfer of 1003 records of zone "large.test." to 127.0.0.1 for 5 SOA serial'
        )
        assert f"[INFO] plugin/transfer: {line}" in dns_.log


async def test_questions_behind_a_transfer_are_answered_after_it(
    corefile: Start, text: str
) -> None:
    async with corefile(text) as dns_:
        reader, writer = await asyncio.open_connection("127.0.0.1", dns_.port)
        for question in (query("large.test"), query("www.a.test", "A")):
            writer.write(len(question).to_bytes(2, "big") + question)
        types: list[int] = []
        async with asyncio.timeout(5):
            for _ in range(6):
                size = int.from_bytes(await reader.readexactly(2), "big")
                message = dns.message.from_wire(await reader.readexactly(size))
                types.append(int(message.question[0].rdtype))
        writer.close()
        await writer.wait_closed()
        assert types == [252] * 5 + [1]


async def test_a_client_that_does_not_read_holds_up_nobody(corefile: Start, tmp_path: Path) -> None:
    (tmp_path / "z").write_text(LARGE + "".join(f'u{i} TXT "{"y" * 255}"\n' for i in range(40000)))
    async with corefile(f"a.test {{\n file {tmp_path}/z\n transfer {{\n to *\n }}\n}}") as dns_:
        reader, writer = await asyncio.open_connection("127.0.0.1", dns_.port, limit=1024)
        question = query("a.test")
        writer.write(len(question).to_bytes(2, "big") + question)
        assert await reader.readexactly(1)
        (listener,) = (one for one in _listeners(dns_) if one.proto == "tcp")
        assert await dns_.ask("t1.a.test TXT +tcp") == f't1.a.test. 60 IN TXT "{"x" * 250}" "1"'
        assert listener.under_way == 1
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
        async with asyncio.timeout(5):
            while listener.under_way:
                await asyncio.sleep(0.01)


def _listeners(dns_: Dns) -> list[Listener]:
    return [one for site in dns_.built.instance.sites for one in site.server.listeners]


async def test_the_cache_shortens_ttls_but_keeps_nothing(corefile: Start, tmp_path: Path) -> None:
    (tmp_path / "z").write_text(LARGE)
    text = f"a.test {{\n cache\n file {tmp_path}/z\n transfer {{\n to *\n }}\n}}"
    async with corefile(text) as dns_:
        for _ in range(2):
            whole = records(await ask(dns_, query("a.test")))
            assert len(whole) == 1003
            assert all(re.match(r"\S+ 5 IN ", line) for line in whole)


async def test_changed_records_are_sent_in_several_messages_too(
    corefile: Start, tmp_path: Path
) -> None:
    (tmp_path / "z").write_text(LARGE)
    text = (
        f"a.test {{\n rewrite name exact a.test b.test answer auto\n file {tmp_path}/z b.test\n"
        " transfer . {\n to *\n }\n}"
    )
    async with corefile(text) as dns_:
        messages = await ask(dns_, query("a.test"))
        assert len(messages) == 5
        assert records(messages)[0].startswith("a.test. 60 IN SOA")


async def test_size_in_the_log_is_that_of_all_messages(corefile: Start, tmp_path: Path) -> None:
    (tmp_path / "z").write_text(LARGE)
    text = (
        f'a.test {{\n log . "{{rsize}} {{rcode}}"\n file {tmp_path}/z\n transfer {{\n to *\n }}\n}}'
    )
    async with corefile(text) as dns_:
        reader, writer = await asyncio.open_connection("127.0.0.1", dns_.port)
        question = query("a.test")
        writer.write(len(question).to_bytes(2, "big") + question)
        total = 0
        async with asyncio.timeout(5):
            for _ in range(5):
                size = int.from_bytes(await reader.readexactly(2), "big")
                await reader.readexactly(size)
                total += size
        writer.close()
        await writer.wait_closed()
        assert f"[INFO] {total} NOERROR" in dns_.log
