"""Zones fetched over loopback from *file* and *transfer*."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.opcode
import pytest

from corepy.tasks import spawn
from corepy.testing import Dns, Start, free_port

ZONE = "@ 60 SOA ns host {} 3600 3600 3600 60\n@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A {}\n"


async def _until(server: Dns, question: str, wanted: str) -> None:
    for _ in range(100):
        reply = await server.query(question)
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
            waits = await _while_coming(second, "h19999.a.test A")
            assert waits
            assert max(waits) < 0.25


async def _while_coming(server: Dns, question: str) -> list[float]:
    """How long each turn of the event loop took until the question is answered, in seconds."""
    waits: list[float] = []

    async def tick() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0)
            waits.append(time.monotonic() - before)

    ticker = spawn(tick())
    try:
        async with asyncio.timeout(20):
            while (await server.query(question)).rcode():
                await asyncio.sleep(0)
    finally:
        ticker.cancel()
    return waits


@pytest.mark.parametrize(("zones", "passed"), [("", True), ("in.a.test", False)])
async def test_names_that_are_missing_fall_through(
    corefile: Start, tmp_path: Path, zones: str, passed: bool
) -> None:
    path = tmp_path / "db"
    path.write_text(ZONE.format(1, "192.0.2.1"))
    async with corefile(f"a.test {{\n file {path}\n transfer {{\n to *\n }}\n}}") as first:
        block = f"secondary {{\n transfer from 127.0.0.1:{first.port}\n fallthrough {zones}\n }}"
        async with corefile(f"a.test {{\n {block}\n whoami\n}}") as second:
            await _until(second, "www.a.test A", "192.0.2.1")
            assert (await second.query("no.in.a.test A")).rcode() == 0
            assert (await second.query("no.a.test A")).rcode() == (0 if passed else 3)
