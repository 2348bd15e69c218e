"""Notices to other servers."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import dns.flags
import dns.message
import dns.opcode
import pytest

from corepy.testing import Start, free_port


def zone(serial: int) -> str:
    return f"@ 60 SOA ns host {serial} 2 3 4 5\n@ 60 NS ns\n"


class Sink:
    """Another server: takes notices and answers with an rcode."""

    def __init__(self, rcode: int = 0) -> None:
        self.rcode = rcode
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.port: int = self.sock.getsockname()[1]

    async def take(self) -> tuple[dns.message.Message, str]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5):
            octets, peer = await loop.sock_recvfrom(self.sock, 512)
        reply = bytearray(octets)
        reply[2] |= 0x80
        reply[3] = self.rcode
        await loop.sock_sendto(self.sock, bytes(reply), peer)
        return dns.message.from_wire(octets), peer[0]


async def line(log: list[str], part: str) -> str:
    async with asyncio.timeout(5):
        while True:
            for found in log:
                if part in found:
                    return found
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("source", "seen"), [("", "127.0.0.1"), ("source 127.0.0.66", "127.0.0.66")]
)
async def test_at_start_and_after_a_change(
    corefile: Start, tmp_path: Path, source: str, seen: str
) -> None:
    sink, file = Sink(), tmp_path / "z"
    file.write_text(zone(1))
    text = (
        f"a.test {{\n file {file} {{\n reload 20ms\n }}\n"
        f" transfer {{\n to * 127.0.0.1:{sink.port}\n {source}\n }}\n}}"
    )
    with sink.sock:
        async with corefile(text) as dns_:
            for serial in (2, 3):
                message, peer = await sink.take()
                assert message.opcode() == dns.opcode.NOTIFY
                assert message.flags & dns.flags.AA
                assert [rrset.to_text() for rrset in message.question] == ["a.test. IN SOA"]
                assert not message.answer
                assert peer == seen
                new = tmp_path / "new"
                new.write_text(zone(serial))
                new.replace(file)
            await line(dns_.log, "with 3 SOA serial")
        assert not any("notif" in one for one in dns_.log)


@pytest.mark.parametrize(
    ("rcode", "reason"), [(5, 'rcode was "REFUSED"'), (2, 'rcode was "SERVFAIL"')]
)
async def test_three_attempts(corefile: Start, tmp_path: Path, rcode: int, reason: str) -> None:
    sink = Sink(rcode)
    (tmp_path / "z").write_text(zone(1))
    text = f"a.test {{\n file {tmp_path}/z\n transfer {{\n to 127.0.0.1:{sink.port}\n }}\n}}"
    with sink.sock:
        async with corefile(text) as dns_:
            for _ in range(3):
                await sink.take()
            assert await line(dns_.log, "notif") == (
                "[WARNING] plugin/file: Failed sending notifies: notify for zone "
                f'"a.test." was not accepted by "127.0.0.1:{sink.port}": {reason}'
            )


async def test_nobody_listens(corefile: Start, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "z").write_text(zone(1))
    to = f"to 127.0.0.1:{port}\n to 127.0.0.1:99999"
    text = f"a.test {{\n file {tmp_path}/z\n transfer {{\n {to}\n }}\n}}"
    async with corefile(text) as dns_:
        assert "refused" in await line(dns_.log, f'"127.0.0.1:{port}"')
        assert "invalid port" in await line(dns_.log, '"127.0.0.1:99999"')


async def test_the_end_does_not_wait_for_answers(corefile: Start, tmp_path: Path) -> None:
    (tmp_path / "z").write_text(zone(1))
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        text = f"a.test {{\n file {tmp_path}/z\n transfer {{\n to 127.0.0.1:{port}\n }}\n}}"
        async with asyncio.timeout(1.5):
            async with corefile(text) as dns_:
                await dns_.ask("a.test SOA")


async def test_zones_of_auto_when_they_come(corefile: Start, tmp_path: Path) -> None:
    sink, folder = Sink(), tmp_path / "zones"
    folder.mkdir()
    text = (
        f". {{\n auto {{\n directory {folder}\n reload 20ms\n }}\n"
        f" transfer a.test {{\n to 127.0.0.1:{sink.port}\n }}\n}}"
    )
    with sink.sock:
        async with corefile(text):
            for serial in (1, 2):
                for name in ("b.test", "a.test"):
                    new = tmp_path / "new"
                    new.write_text(zone(serial))
                    new.replace(folder / f"db.{name}")
                message, _ = await sink.take()
                assert [rrset.to_text() for rrset in message.question] == ["a.test. IN SOA"]
