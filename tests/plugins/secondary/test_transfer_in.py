"""Zones fetched over loopback from *file* and *transfer*."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.opcode
import pytest

from corepy.testing import Start, free_port

ZONE = "@ 60 SOA ns host {} 3600 3600 3600 60\n@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A {}\n"


async def _until(dns_server: object, question: str, wanted: str) -> None:
    for _ in range(100):
        reply = await dns_server.query(question)  # type: ignore[attr-defined]
        if wanted in reply.to_text():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{question}: never {wanted}")


async def test_a_zone_is_fetched_and_a_notify_brings_the_next_one(
    corefile: Start, tmp_path: Path
) -> None:
    path = tmp_path / "db"
    path.write_text(ZONE.format(1, "192.0.2.1"))
    primary = f"a.test {{\n file {path} {{\n reload 100ms\n }}\n transfer {{\n to *\n }}\n}}"
    async with corefile(primary) as first:
        copy = f"a.test {{\n secondary {{\n transfer from 127.0.0.1:{first.port}\n }}\n}}"
        async with corefile(copy) as second:
            await _until(second, "www.a.test A", "192.0.2.1")
            path.write_text(ZONE.format(2, "192.0.2.2"))
            await _until(first, "www.a.test A", "192.0.2.2")
            notice = dns.message.make_query("a.test", "SOA")
            notice.set_opcode(dns.opcode.NOTIFY)
            reply = dns.message.from_wire(await second.exchange(notice.to_wire()))
            assert reply.rcode() == 0
            assert reply.flags & dns.flags.AA
            await _until(second, "www.a.test A", "192.0.2.2")


async def test_no_answer_before_the_first_transfer_even_with_fallthrough(corefile: Start) -> None:
    dead = free_port()
    block = f"secondary {{\n transfer from 127.0.0.1:{dead}\n fallthrough\n }}\n whoami"
    async with corefile(f"a.test {{\n {block}\n}}") as server:
        assert (await server.query("x.a.test A")).rcode() == 2


async def test_queries_are_answered_while_a_large_zone_comes_in(
    corefile: Start, tmp_path: Path
) -> None:
    lines = "".join(f"h{n} 60 A 192.0.2.7\n" for n in range(20_000))
    path = tmp_path / "db"
    path.write_text(ZONE.format(1, "192.0.2.1") + lines)
    primary = f"a.test {{\n file {path}\n transfer {{\n to *\n }}\n}}"
    async with corefile(primary) as first:
        copy = f"a.test {{\n secondary {{\n transfer from 127.0.0.1:{first.port}\n }}\n}}"
        async with corefile(copy) as second:
            started, longest = time.monotonic(), 0.0
            while (await second.query("h19999.a.test A")).rcode():
                before = time.monotonic()
                await asyncio.sleep(0)
                longest = max(longest, time.monotonic() - before)
                assert time.monotonic() - started < 20
            assert longest < 0.25
