"""For plugin authors: run a Corefile on loopback inside a test and ask it questions.

This module is a pytest plugin. Its fixture `corefile` starts the real server on free ports::

    async def test_motd(corefile):
        async with corefile("example.org {\\n motd hello\\n}") as dns:
            assert await dns.ask("example.org TXT") == 'example.org. 60 IN TXT "hello"'
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from corepy import log
from corepy.build import Built, build
from corepy.corefile import load
from corepy.host import Host
from corepy.registry import Registry
from corepy.transport.sockets import Sockets

if TYPE_CHECKING:
    import dns.message

Start = Callable[..., AbstractAsyncContextManager["Dns"]]
"""What the `corefile` fixture is: Corefile text in, a running server out."""


_PORTS = range(10_000, 32_000)


class Answerless(AssertionError):  # noqa: N818 - what happened, in one word
    """A question got no answer in time."""


class Dns:
    """A server under test; `port` is where plain DNS without a port of its own listens."""

    def __init__(self, built: Built, port: int, lines: list[str]) -> None:
        self.built = built
        self.port = port
        self.log = lines

    async def ask(self, question: str, **options: Any) -> str:
        """The answer section as text, one record a line, or the rcode if it is empty.

        `question` is `NAME [TYPE [CLASS]]` with dig-like words behind it: `+tcp`, `+do`, `+cd`,
        `+ad`, `+norec`, `+noedns`, `+bufsize=N`, `@ADDRESS`. See `query` for `options`.
        """
        import dns.rcode  # noqa: PLC0415 - a plugin's test need not load the codec

        message = await self.query(question, **options)
        lines = [line for rrset in message.answer for line in rrset.to_text().splitlines()]
        return "\n".join(lines) or dns.rcode.to_text(message.rcode())

    async def query(self, question: str, *, timeout: float = 5.0) -> dns.message.Message:
        """The whole answer; raises `Answerless` after `timeout` seconds."""
        import dns.message  # noqa: PLC0415

        words = question.split()
        host = next((word[1:] for word in words if word[0] == "@"), "127.0.0.1")
        query = _message([word for word in words if word[0] != "@"])
        tcp = "+tcp" in words
        reply = await self.exchange(query.to_wire(), tcp=tcp, host=host, timeout=timeout)
        message = dns.message.from_wire(reply, one_rr_per_rrset=False)
        assert message.id == query.id
        return message

    async def exchange(
        self, octets: bytes, *, tcp: bool = False, host: str = "127.0.0.1", timeout: float = 5.0
    ) -> bytes:
        """Octets in, octets out, as they are; raises `Answerless` after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                if tcp:
                    return await self._tcp(octets, host)
                return await self._udp(octets, host)
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            raise Answerless(f"no answer within {timeout} s") from error

    async def metrics(self) -> dict[str, float]:
        """Every sample by its name and labels, as the metrics page writes them."""
        found: dict[str, float] = {}
        for family in _families():
            for sample in family.samples:
                labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return found

    async def _udp(self, octets: bytes, host: str) -> bytes:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect((host, self.port))
            await loop.sock_sendall(sock, octets)
            return await loop.sock_recv(sock, 65535)

    async def _tcp(self, octets: bytes, host: str) -> bytes:
        reader, writer = await asyncio.open_connection(host, self.port)
        try:
            writer.write(len(octets).to_bytes(2, "big") + octets)
            size = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(size)
        finally:
            writer.close()
            await writer.wait_closed()


def _families() -> Iterable[Any]:
    from corepy import metrics  # noqa: PLC0415

    return metrics.collect()


def _message(words: list[str]) -> dns.message.Message:
    import dns.flags  # noqa: PLC0415
    import dns.message  # noqa: PLC0415

    plain = [word for word in words if word[0] != "+"]
    flags = {word[1:].partition("=")[0]: word.partition("=")[2] for word in words if word[0] == "+"}
    name, rdtype, rdclass = (*plain, *("A", "IN")[len(plain) - 1 :])[:3]
    query = dns.message.make_query(name, rdtype, rdclass)
    if "noedns" not in flags and flags.keys() & {"do", "bufsize"}:
        query.use_edns(payload=int(flags.get("bufsize", "1232")), ednsflags=_do("do" in flags))
    for name, bit in (("cd", dns.flags.CD), ("ad", dns.flags.AD)):
        if name in flags:
            query.flags |= bit
    if "norec" in flags:
        query.flags &= ~dns.flags.RD
    return query


def _do(wanted: bool) -> int:
    return 0x8000 if wanted else 0


def free_port() -> int:
    """A port that nobody has on any address, for UDP and TCP.

    It is none of those that the system gives to sockets without a port of their own, which might
    take it before it is used.
    """
    while not _free(port := _PORTS[secrets.randbelow(len(_PORTS))]):
        pass
    return port


def _free(port: int) -> bool:
    """Whether a server may listen there on all addresses, of both families where there are two."""
    families = (
        (socket.AF_INET, socket.AF_INET6) if socket.has_dualstack_ipv6() else (socket.AF_INET,)
    )
    with ExitStack() as stack:
        for family, kind in product(families, (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            sock = stack.enter_context(socket.socket(family, kind))
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                sock.bind(("", port))
            except OSError:
                return False
    return True


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.setFormatter(log.TextFormatter())
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class _LineOutput(log.Output):
    """Takes the lines that plugins write without a logging call."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(os.open(os.devnull, os.O_WRONLY))
        self.lines = lines

    def write(self, line: str) -> None:
        self.lines.append(line)

    def close(self) -> None:
        os.close(self._fd)


@asynccontextmanager
async def running(
    text: str,
    *,
    port: int | None = None,
    plugin_path: Iterable[str | Path] = (),
    environ: dict[str, str] | None = None,
    file: str = "Corefile",
) -> AsyncIterator[Dns]:
    """A server for this Corefile; raises `ConfigErrors` and what a failed start raises.

    `file` is the name that messages and relative imports use.
    """
    port = port or free_port()
    lines: list[str] = []
    handler, output = _Lines(lines), _LineOutput(lines)
    before, level, old = log.ROOT.propagate, log.ROOT.level, log.output()
    log.ROOT.addHandler(handler)
    log.ROOT.propagate = False
    log.ROOT.setLevel(logging.INFO)
    log.redirect(output)
    sockets = Sockets()
    try:
        registry = Registry(plugin_path)
        corefile = load(
            text, file, known=registry.known, environ=environ or dict(os.environ), port=port
        )

        def fatal(message: str) -> None:
            lines.append(f"[FATAL] {message}")

        host = Host(fingerprint=corefile.fingerprint(), conf=file, fatal=fatal)
        built = build(corefile, registry, host)
        await built.instance.start(sockets)
        try:
            yield Dns(built, port, lines)
        finally:
            await built.instance.stop()
    finally:
        sockets.keep(())
        log.ROOT.removeHandler(handler)
        log.ROOT.propagate, log.ROOT.level = before, level
        log.redirect(old)
        output.close()


@pytest.fixture
def corefile() -> Start:
    """Start a server: `async with corefile("example.org {\\n whoami\\n}") as dns: ...`."""
    return running
