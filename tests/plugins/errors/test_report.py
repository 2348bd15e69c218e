"""The line for an error, alone or gathered with its like."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from corepy import wire
from corepy.lib import regex
from corepy.lib.rewritten import note
from corepy.plugin import Next
from corepy.request import Request
from corepy.response import Response
from corepy.testing import Start
from corepy_plugins.errors.consolidate import Consolidation
from corepy_plugins.errors.report import Errors
from tests.support.queries import query
from tests.support.serving import Does, at_once, like_a_transport, listener_of

SOON = 0.02


class Lines(logging.Handler):
    """Keeps level and text."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(f"{record.levelname} {record.getMessage()}")


@pytest.fixture
def lines() -> list[str]:
    handler = Lines()
    logger = log()
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    return handler.kept


def log() -> logging.Logger:
    return logging.getLogger("test.errors")


def rule(
    source: str, period: float = SOON, level: int = logging.ERROR, *, show_first: bool = False
) -> Consolidation:
    return Consolidation(log(), regex.compile(source), period, level, show_first=show_first)


def gives(response: Response) -> Does:
    async def serve(_request: Request, _next: Next) -> Response:
        return response

    return Does(serve)


def fail(error: str, rules: Sequence[Consolidation] = (), times: int = 1) -> None:
    listener = listener_of(Errors(log(), rules), gives(Response.failure(2, error)))
    for _ in range(times):
        at_once(listener, query("A.Test.", wire.A))


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response.failure(2, "why"), ["ERROR 2 a.test. A: why"]),
        (Response.failure(5, "100%s"), ["ERROR 5 a.test. A: 100%s"]),
        (Response(2, error="written"), ["ERROR 0 a.test. A: written"]),
        (Response.failure(2), []),
        (Response(), []),
    ],
)
def test_line(response: Response, expected: list[str], lines: list[str]) -> None:
    at_once(listener_of(Errors(log()), gives(response)), query("A.Test.", wire.A))
    assert lines == expected


def test_a_type_without_a_name(lines: list[str]) -> None:
    listener = listener_of(Errors(log()), gives(Response.failure(2, "x")))
    at_once(listener, query(".", 65280))
    assert lines == ["ERROR 2 . TYPE65280: x"]


def test_a_rewritten_question(lines: list[str]) -> None:
    async def serve(request: Request, _next: Next) -> Response:
        note(request.replace(owner=b"\1b\0", qtype=wire.MX))
        return Response.failure(2, "x")

    at_once(listener_of(Errors(log()), Does(serve)), query())
    assert lines == ["ERROR 2 b. MX: x"]


def test_a_repeated_answer_is_a_repeated_error(lines: list[str]) -> None:
    listener = listener_of(Errors(log()), gives(Response(2, error="x")))
    for _ in range(2):
        like_a_transport(listener, query())
    assert lines == ["ERROR 0 a.test. TXT: x"] * 2


async def test_gathered(lines: list[str]) -> None:
    fail("no luck", [rule("luck", level=logging.WARNING)], times=3)
    assert lines == []
    await asyncio.sleep(3 * SOON)
    assert lines == ["WARNING 3 errors like 'luck' occurred in last 20ms"]


async def test_counting_begins_anew(lines: list[str]) -> None:
    rules = [rule("luck")]
    for _ in range(2):
        fail("luck", rules)
        await asyncio.sleep(3 * SOON)
    assert lines == ["ERROR 1 errors like 'luck' occurred in last 20ms"] * 2


async def test_the_first_is_shown(lines: list[str]) -> None:
    rules = [rule("luck", level=logging.INFO, show_first=True)]
    fail("luck", rules, times=3)
    assert lines == ["INFO 2 a.test. A: luck"]
    await asyncio.sleep(3 * SOON)
    # The one that was shown counts.
    assert lines[1:] == ["INFO 3 errors like 'luck' occurred in last 20ms"]


async def test_one_that_was_shown_is_not_summed_up(lines: list[str]) -> None:
    fail("luck", [rule("luck", show_first=True)])
    await asyncio.sleep(3 * SOON)
    assert lines == ["ERROR 2 a.test. A: luck"]


async def test_the_first_matching_rule_counts(lines: list[str]) -> None:
    rules = [rule("^never$"), rule("l.ck", show_first=True), rule("luck")]
    fail("luck", rules, times=2)
    fail("other", rules)
    await asyncio.sleep(3 * SOON)
    assert lines == [
        "ERROR 2 a.test. A: luck",
        "ERROR 2 a.test. A: other",
        "ERROR 2 errors like 'l.ck' occurred in last 20ms",
    ]


async def test_level_debug_is_not_seen(lines: list[str]) -> None:
    fail("luck", [rule("luck", level=logging.DEBUG, show_first=True)], times=2)
    await asyncio.sleep(3 * SOON)
    assert lines == []


@pytest.mark.parametrize(("period", "text"), [(0.0, "0s"), (-1.0, "-1s")])
async def test_no_period_ends_at_once(period: float, text: str, lines: list[str]) -> None:
    fail("luck", [rule("luck", period)])
    await asyncio.sleep(SOON)
    assert lines == [f"ERROR 1 errors like 'luck' occurred in last {text}"]


@asynccontextmanager
async def running(rules: Sequence[Consolidation]) -> AsyncIterator[None]:
    async with Errors(log(), rules).lifespan():
        yield


async def test_the_end_does_not_wait(lines: list[str]) -> None:
    rules = [rule("luck", 5400.0), rule("none", 5400.0)]
    async with running(rules):
        fail("luck", rules, times=2)
    assert lines == ["ERROR 2 errors like 'luck' occurred in last 1h30m0s"]
    fail("luck", rules)
    assert lines[1:] == ["ERROR 2 a.test. A: luck"]


async def test_in_a_server(corefile: Start) -> None:
    async with corefile(". {\n errors\n hosts {\n 192.0.2.1 www.test\n fallthrough\n }\n}") as dns:
        assert await dns.ask("X.test MX") == "SERVFAIL"
        line = "[ERROR] plugin/errors: 2 x.test. MX: plugin/hosts: no next plugin found"
        assert dns.log.count(line) == 1
