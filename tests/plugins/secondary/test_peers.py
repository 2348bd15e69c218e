"""Zones fetched from Knot DNS, which runs as a program of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from corepy.testing import Dns, Start, free_port

KNOTD = shutil.which("knotd", path="/usr/sbin:/usr/bin:/sbin")

ZONE = "@ 60 SOA ns host 1 3600 3600 3600 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n"

CONF = """
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
    pidfile: {folder}/knot.pid
database:
    storage: {folder}
acl:
  - id: all
    address: 127.0.0.1
    action: transfer
zone:
  - domain: a.test
    file: {folder}/a.test.zone
    acl: all
"""


@asynccontextmanager
async def _knot(folder: Path) -> AsyncIterator[int]:
    assert KNOTD
    port = free_port()
    conf = folder / "knot.conf"
    conf.write_text(CONF.format(port=port, folder=folder))
    process = await asyncio.create_subprocess_exec(
        KNOTD, "-c", str(conf), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _until(server: Dns, question: str, wanted: str) -> None:
    for _ in range(200):
        if wanted in (await server.query(question)).to_text():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{question}: never {wanted}: {server.log}")


@pytest.mark.skipif(KNOTD is None, reason="there is no knotd on this machine")
async def test_a_zone_of_several_messages_comes_from_knot(corefile: Start, tmp_path: Path) -> None:
    hosts = "".join(f"h{n} 60 A 192.0.2.7\n" for n in range(5000))
    (tmp_path / "a.test.zone").write_text(ZONE + hosts)
    async with _knot(tmp_path) as port:
        block = f"secondary {{\n transfer from 127.0.0.1:{port}\n }}"
        async with corefile(f"a.test {{\n {block}\n}}") as server:
            await _until(server, "h4999.a.test A", "192.0.2.7")
            assert (await server.query("h5000.a.test A")).rcode() == 3
