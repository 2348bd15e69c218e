"""Other name servers on loopback that hand zones out, or fetch them: Knot DNS and BIND."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import pytest

from corepy.testing import free_port

LIMIT = 30.0
"""Seconds that anything may take before a test fails."""

_PATH = "/usr/sbin:/usr/bin:/sbin:/usr/local/sbin"


@dataclass
class Peer:
    """A server with one zone; without `primary` (a port) it is the zone's primary server itself.

    `notify` is the port of a server that is told about changes.
    """

    folder: Path
    origin: str
    primary: int = 0
    notify: int = 0
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def zone(self) -> Path:
        """The zone's file."""
        return self.folder / "zone"

    @property
    def log(self) -> str:
        """All that it has written."""
        return (self.folder / "log").read_text()

    def put(self, text: str) -> None:
        """Serve another version of the zone."""
        self.zone.write_text(text)
        assert self.process
        self.process.send_signal(signal.SIGHUP)

    async def logged(self, *words: str) -> None:
        """Wait for a line with all these words."""
        async with asyncio.timeout(LIMIT):
            while not any(all(w in line for w in words) for line in self.log.splitlines()):
                await asyncio.sleep(0.05)

    async def until(self, question: str, wanted: str) -> None:
        """Ask until the answer has this text, `NXDOMAIN` for instance."""
        name, qtype = question.split()
        query = dns.message.make_query(name, qtype)
        reply = None
        for _ in range(int(LIMIT / 0.05)):
            assert self.process
            assert self.process.returncode is None, self.log
            try:
                reply = await dns.asyncquery.udp(query, "127.0.0.1", port=self.port, timeout=1)
            except (dns.exception.DNSException, OSError):
                reply = None
            if reply is not None and wanted in reply.to_text():
                return
            await asyncio.sleep(0.05)
        pytest.fail(f"{question}: never {wanted}: {reply}\n{self.log}")


def knotd(peer: Peer) -> list[str]:
    """Knot DNS: its configuration and its command line."""
    text = (
        f"server:\n  listen: 127.0.0.1@{peer.port}\n  rundir: {peer.folder}\n"
        f"  pidfile: {peer.folder}/knot.pid\n"
        "  background-workers: 1\n  udp-workers: 1\n  tcp-workers: 1\n"
        f"database:\n  storage: {peer.folder}/knot\n  journal-db-max-size: 100M\n"
        "log:\n  - target: stderr\n    any: info\n"
        "acl:\n  - id: all\n    address: 127.0.0.1\n    action: [transfer, notify]\n"
        "remote:\n"
        f"  - id: primary\n    address: 127.0.0.1@{peer.primary or 53}\n"
        f"  - id: other\n    address: 127.0.0.1@{peer.notify or 53}\n"
        f"zone:\n  - domain: {peer.origin}\n    file: {peer.zone}\n    acl: all\n"
        "    semantic-checks: off\n"
    )
    if peer.notify:
        text += "    notify: other\n"
    if peer.primary:
        text += "    master: primary\n    zonefile-sync: -1\n"
    else:
        text += "    zonefile-load: difference\n    zonefile-sync: -1\n"
    (peer.folder / "conf").write_text(text)
    return ["knotd", "-c", f"{peer.folder}/conf"]


def named(peer: Peer) -> list[str]:
    """BIND: its configuration and its command line."""
    also = f"also-notify {{ 127.0.0.1 port {peer.notify}; }}; " if peer.notify else ""
    text = (
        f'options {{\n directory "{peer.folder}";\n pid-file none;\n lock-file none;\n'
        " session-keyfile none;\n listen-on-v6 { none; };\n recursion no;\n"
        f" listen-on port {peer.port} {{ 127.0.0.1; }};\n dnssec-validation no;\n"
        " empty-zones-enable no;\n ixfr-from-differences yes;\n allow-transfer { any; };\n"
        f" notify {'explicit' if peer.notify else 'no'};\n notify-delay 0;\n"
        " startup-notify-rate 100;\n notify-rate 100;\n"
        " min-refresh-time 1;\n min-retry-time 1;\n masterfile-format text;\n}};\n"
        "controls { };\n"
        f'zone "{peer.origin}" {{\n file "zone";\n {also}'
    ).replace("}};", "};")
    if peer.primary:
        text += f" type secondary;\n primaries {{ 127.0.0.1 port {peer.primary}; }};\n}};\n"
    else:
        text += " type primary;\n};\n"
    (peer.folder / "conf").write_text(text)
    return ["named", "-g", "-n", "1", "-c", f"{peer.folder}/conf"]


PEERS: dict[str, Callable[[Peer], list[str]]] = {"knotd": knotd, "named": named}


@asynccontextmanager
async def running(name: str, peer: Peer, zone: str = "") -> AsyncIterator[Peer]:
    """The program `name` as this peer, with this zone if it is a primary; skips without it."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        pytest.skip(f"{name} is not installed")
    (peer.folder / "knot").mkdir(parents=True)
    if zone:
        peer.zone.write_text(zone)
    command = [found, *PEERS[name](peer)[1:]]
    with (peer.folder / "log").open("wb") as log:
        peer.process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
    try:
        if zone:
            await peer.until(f"{peer.origin} SOA", "NOERROR")
        yield peer
    finally:
        if peer.process.returncode is None:
            peer.process.terminate()
        try:
            async with asyncio.timeout(LIMIT):
                await peer.process.wait()
        except TimeoutError:
            peer.process.kill()
            await peer.process.wait()
