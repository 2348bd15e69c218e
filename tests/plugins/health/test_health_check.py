"""The self check: what it counts and what it logs."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from dataclasses import dataclass

import pytest

from corepy import metrics
from corepy.lib.http import Listener, Page
from corepy.testing import Start, free_port
from corepy_plugins.health import check
from corepy_plugins.health.check import SelfCheck

LOG = logging.getLogger("test.health")
FAILURES = metrics.counter("coredns_health_request_failures_total", "").labels()
DURATIONS = metrics.histogram("coredns_health_request_duration_seconds", "").labels()


@dataclass
class Place(Listener):
    """A listener only in name."""

    local: tuple[str, int]


def checker(port: int) -> SelfCheck:
    return SelfCheck(":8080", Place(("127.0.0.1", port)), LOG)


def counted() -> tuple[float, int]:
    return FAILURES.value, sum(DURATIONS.counts)


async def test_an_answer_is_timed(caplog: pytest.LogCaptureFixture) -> None:
    async def page(_request: object) -> Page:
        return Page(200, b"OK")

    listener = Listener("127.0.0.1:0")
    failures, times = counted()
    async with listener.showing("/health", page):
        await SelfCheck(":8080", listener, LOG).once()
    assert counted() == (failures, times + 1)
    assert not caplog.records


async def test_no_listener_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    failures, times = counted()
    await checker(free_port()).once()
    assert counted() == (failures + 1, times + 1)
    line = 'Local health request to "http://:8080/health" failed: connection refused'
    assert caplog.messages == [line]


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-x\r\n"])
async def test_something_else_on_the_port_is_a_failure(
    reply: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        await checker(server.sockets[0].getsockname()[1]).once()
    assert caplog.messages == [
        'Local health request to "http://:8080/health" failed: not an HTTP answer'
    ]


async def test_a_hanging_process_is_a_failure(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        await checker(silent.getsockname()[1]).once()
    assert caplog.messages[0].endswith("failed: no answer within 100ms")


async def test_a_slow_answer_is_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "SLOW", 0.05)

    async def page(_request: object) -> Page:
        await asyncio.sleep(0.1)
        return Page(200, b"OK")

    listener = Listener("127.0.0.1:0")
    async with listener.showing("/health", page):
        await SelfCheck(":8080", listener, LOG).once()
    (message,) = caplog.messages
    assert re.fullmatch(
        r'Local health request to "http://:8080/health" took more than 1s: [0-9.]+m?s', message
    )


async def test_it_goes_on_every_interval_until_the_end(
    corefile: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "INTERVAL", 0.02)
    before = counted()[1]
    async with corefile(f". {{\n health 127.0.0.1:{free_port()}\n whoami\n}}") as dns:
        await asyncio.sleep(0.3)
        assert counted()[1] - before > 5
        await dns.built.instance.drain()
        after = counted()
        await asyncio.sleep(0.1)
        assert counted() == after
        assert not [line for line in dns.log if "Local health" in line]
