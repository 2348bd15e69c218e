"""A deadline ends the search for an upstream that answers, and interrupts nothing."""

from __future__ import annotations

import math
from time import monotonic

import pytest

from corepy import wire
from corepy.request import Request
from corepy.response import Response
from corepy.testing import Start
from corepy_plugins.cancel import Cancel
from tests.support.builds import built, refusal, refused
from tests.support.queries import request_of
from tests.support.upstream import FakeUpstream, answer, silence

BLOCK = ". {{\n cancel {}\n errors\n forward . {} {{\n max_fails 0\n read_timeout {}\n }}\n}}\n"


async def test_the_deadline_passes_on() -> None:
    seen: list[Request] = []

    async def following(request: Request) -> Response:
        seen.append(request)
        return Response()

    request = request_of()
    derived = request.replace(qtype=wire.AAAA)
    assert request.deadline == math.inf
    before = monotonic()
    await Cancel(5.0).serve(request, following)
    assert seen == [request]
    assert before + 5.0 <= request.deadline <= monotonic() + 5.0
    assert request.replace(qtype=wire.AAAA).deadline == request.deadline
    assert derived.deadline == math.inf  # what was derived before has none


async def test_an_answer_that_comes_late_counts(corefile: Start) -> None:
    async with FakeUpstream() as up:
        up.always(0.15, answer)
        async with corefile(BLOCK.format("50ms", up.at, "2s")) as dns:
            assert await dns.ask("a.test A") == "a.test. 60 IN A 192.0.2.1"


@pytest.mark.parametrize(
    ("timeout", "asked"), [("50ms", 1), ("150ms", 2), ("1ns", 0), ("1h", 2 + 2)]
)
async def test_no_further_upstream(corefile: Start, timeout: str, asked: int) -> None:
    """Each attempt takes a tenth of a second; two per upstream without a deadline."""
    async with FakeUpstream() as first, FakeUpstream() as second:
        first.always(*silence)
        second.always(*silence)
        upstreams = f"{first.at} {second.at}"
        async with corefile(BLOCK.format(timeout, upstreams, "100ms")) as dns:
            message = await dns.query("a.test A")
            assert message.rcode() == wire.SERVFAIL
            assert first.count() + second.count() == asked
            if not asked:
                line = "[ERROR] plugin/errors: 2 a.test. A: no healthy proxies"
                assert dns.log == [line]


async def test_own_data_is_not_affected(corefile: Start) -> None:
    config = ". {\n cancel 1ns\n hosts {\n 192.0.2.1 a.test\n }\n}\n"
    async with corefile(config) as dns:
        for _ in range(2):
            assert await dns.ask("a.test A") == "a.test. 3600 IN A 192.0.2.1"


COUNT = "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after "


@pytest.mark.parametrize(
    ("words", "message", "word"),
    [
        ("0s", 'invalid negative duration: "0s"', "0s"),
        ("0", 'invalid negative duration: "0"', "0"),
        ("-1s", 'invalid negative duration: "-1s"', "-1s"),
        ("5", 'invalid duration: "5"', "5"),
        ("soon", 'invalid duration: "soon"', "soon"),
        ("1s 2s", COUNT + "'2s'", "2s"),
        ("1s {\nx 5\n}", 'invalid duration: "5"', "5"),
        ("{\nx 1s\nx 0s\n}", 'invalid negative duration: "0s"', "0s"),
        ("\n{\nx 1s\nx 5\n}", 'invalid duration: "5"', "5"),
    ],
)
def test_mistakes(words: str, message: str, word: str) -> None:
    text = f". {{\ncancel {words}\nwhoami\n}}\n"
    assert refused(text) == (f"plugin/cancel: {message}", word)


def test_hint() -> None:
    assert refusal(". {\ncancel 5\nwhoami\n}\n").hint == "write 5s for seconds"


@pytest.mark.parametrize(
    ("text", "timeout", "notices"),
    [
        ("cancel", 5.001, []),
        ("cancel 1m30s", 90.0, []),
        ("cancel 1ns", 1e-9, []),
        ("cancel 1s\ncancel 2s", 2.0, []),
        ("cancel 1s\ncancel", 5.001, []),
        ("cancel 1s {\n}", 5.001, ["cancel has no options, so its time is 5.001s"]),
        ("cancel 1s {\nx 2s\n}", 5.001, ["cancel has no options, so its time is 5.001s"]),
    ],
)
def test_accepted(text: str, timeout: float, notices: list[str]) -> None:
    found = built(f". {{\n{text}\nwhoami\n}}\n")
    assert [notice.message for notice in found.notices] == notices
    (plugin, _) = found.instance.plugins
    assert isinstance(plugin, Cancel)
    assert plugin.timeout == timeout
