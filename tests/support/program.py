"""The real program in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from corepy.testing import free_port
from tests.support.queries import query

PLUGINS = Path(__file__).parent / "plugins"
LIMIT = 20.0
"""Seconds that anything may take before a test fails."""


class Program:
    """A running `corepy` and what it has written."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, conf: Path) -> None:
        self.process = process
        self.port = port
        self.conf = conf
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._readers = [
            asyncio.ensure_future(self._read(process.stdout, self.lines)),
            asyncio.ensure_future(self._read(process.stderr, self.errors)),
        ]

    async def _read(self, stream: asyncio.StreamReader | None, lines: list[str]) -> None:
        assert stream is not None
        while line := await stream.readline():
            lines.append(line.decode().rstrip("\n"))

    async def line(self, start: str, count: int = 1) -> None:
        """Wait for so many lines of standard output that begin like this."""
        async with asyncio.timeout(LIMIT):
            while sum(line.startswith(start) for line in self.lines) < count:
                assert self.process.returncode is None, (self.lines, self.errors)
                await asyncio.sleep(0.01)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def reload(self, text: str | None = None) -> None:
        """Reload, with another Corefile if there is one, and wait for it to be over."""
        if text is not None:
            self.conf.write_text(text)
        before = self._reloads()
        self.signal(signal.SIGUSR1)
        async with asyncio.timeout(LIMIT):
            while self._reloads() == before:
                await asyncio.sleep(0.005)

    def _reloads(self) -> int:
        ends = ("[INFO] Reloading complete", "[ERROR] Restart failed")
        return sum(line.startswith(ends) for line in self.lines)

    async def status(self) -> int:
        """The exit status, once it has ended and all it wrote is here."""
        async with asyncio.timeout(LIMIT):
            status = await self.process.wait()
            await asyncio.gather(*self._readers)
        return status

    async def ask(self, name: str = "a.test", *, tcp: bool = False) -> str:
        """The text of the answer, or the rcode."""
        octets = query(name)
        async with asyncio.timeout(LIMIT):
            reply = await (self._tcp(octets) if tcp else self._udp(octets))
        if reply[3] & 15:
            return f"rcode {reply[3] & 15}"
        return reply.partition((60).to_bytes(4, "big"))[2][3:].decode()

    async def _udp(self, octets: bytes) -> bytes:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(("127.0.0.1", self.port))
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, octets)
            return await loop.sock_recv(sock, 65535)

    async def _tcp(self, octets: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(len(octets).to_bytes(2, "big") + octets)
        reply = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.close()
        await writer.wait_closed()
        return reply

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.status()


@asynccontextmanager
async def program(
    text: str,
    folder: Path,
    *args: str,
    loop: str = "",
    port: int | None = None,
    wait: bool = True,
    descriptors: int = 0,
) -> AsyncIterator[Program]:
    """Start it with this Corefile; by default wait for its banner.

    `descriptors` is how many it may have open, if that shall be few.
    """
    conf = folder / "Corefile"
    conf.write_text(text)
    port = port or free_port()
    process = await start(
        ["-conf", str(conf), "-p", str(port), "-plugin-path", str(PLUGINS), *args],
        loop=loop,
        descriptors=descriptors,
    )
    it = Program(process, port, conf)
    try:
        if wait:
            await it.line("corepy-")
        yield it
    finally:
        await it.kill()


async def start(
    args: Sequence[str], *, loop: str = "", descriptors: int = 0
) -> asyncio.subprocess.Process:
    """Start the command with these arguments."""
    limit = ["prlimit", f"--nofile={descriptors}"] if descriptors else []
    pipe = asyncio.subprocess.PIPE
    environ = {**os.environ, "COREPY_LOOP": loop}
    environ.pop("COREPY_PLUGIN_PATH", None)
    return await asyncio.create_subprocess_exec(
        *limit, sys.executable, "-m", "corepy", *args,
        stdin=pipe, stdout=pipe, stderr=pipe, env=environ,
    )  # fmt: skip


async def output_of(
    *args: str, stdin: bytes = b"", cwd: Path | None = None
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command that ends by itself."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "corepy", *args, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd
    )
    async with asyncio.timeout(LIMIT):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()
