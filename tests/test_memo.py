"""What may be said again without asking, to whom, and for how long."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from corepy import memo, wire
from corepy.plugin import Next, Plugin
from corepy.record import Record
from corepy.request import Request
from corepy.response import Response
from corepy.waiter import Waiter
from tests.support.queries import option, query
from tests.support.serving import (
    TEXT,
    Answers,
    Does,
    at_once,
    in_time,
    like_a_transport,
    listener_of,
)


def test_the_same_question_is_answered_from_memory() -> None:
    answers = Answers()
    listener = listener_of(answers)
    first = like_a_transport(listener, query(ident=1))
    second = like_a_transport(listener, query(ident=2))
    assert answers.served == 1
    assert second == b"\0\2" + first[2:]


@pytest.mark.parametrize(
    "other",
    [
        query("b.test"),
        query(qtype=wire.A),
        query(flags=0),
        query(flags=wire.RD | wire.CD),
        query(flags=wire.RD | wire.AD),
        query(edns=1232),
        query(edns=4096),
        query(edns=1232, do=True),
    ],
)
def test_everything_of_the_query_counts(other: bytes) -> None:
    answers = Answers()
    listener = listener_of(answers)
    for octets in (query(), query(edns=512), other, other):
        like_a_transport(listener, octets)
    assert answers.served == 3


@pytest.mark.parametrize(
    "odd",
    [
        query(edns=1232, options=option(10, b"12345678")),
        query() + b"\0",
        query()[:-2],
        query(flags=wire.RD)[:4] + b"\0\1\0\1" + query()[8:],
    ],
    ids=["option", "junk", "cut", "answer count"],
)
def test_queries_that_are_not_plain_are_not_remembered(odd: bytes) -> None:
    listener = listener_of(Answers())
    listener.server.any_class = True
    at_once(listener, odd)
    assert not listener.memo.young


async def plain(request: Request, following: Next) -> Response:
    return Response(answer=[Record(request.qname, TEXT)])


async def looks_at_client(request: Request, following: Next) -> Response:
    assert request.client.host == "192.0.2.7"
    return await plain(request, following)


async def asks_another(request: Request, following: Next) -> Response:
    derived = request.replace(owner=b"\1b\0")
    assert derived.client.port == 40000
    return await plain(request, following)


async def forbids(request: Request, following: Next) -> Response:
    request.replace(owner=b"\1b\0").never_repeat()
    return await plain(request, following)


async def fails(request: Request, following: Next) -> Response:
    return Response.failure(wire.SERVFAIL)


async def stale(request: Request, following: Next) -> Response:
    return Response(answer=[Record(request.qname, TEXT)], fresh_until=monotonic() - 1)


async def never(request: Request, following: Next) -> Response:
    return Response(answer=[Record(request.qname, TEXT)], fresh_until=0)


@pytest.mark.parametrize("serve", [looks_at_client, asks_another, forbids, fails, stale, never])
def test_answers_that_may_not_be_repeated(serve: object) -> None:
    listener = listener_of(Does(serve))  # type: ignore[arg-type]
    at_once(listener, query())
    assert not listener.memo.young


def test_one_plugin_on_the_path_that_is_not_repeatable_is_enough() -> None:
    async def passes(request: Request, following: Next) -> Response:
        return await following(request)

    for repeatable in (True, False):
        listener = listener_of(Does(passes, repeatable=repeatable), Answers())
        at_once(listener, query())
        assert bool(listener.memo.young) is repeatable


def test_a_plugin_that_was_not_asked_does_not_count() -> None:
    async def passes(request: Request, following: Next) -> Response:
        return await following(request)

    listener = listener_of(Answers(), Does(passes, repeatable=False))
    at_once(listener, query())
    assert listener.memo.young


def test_an_answer_is_repeated_until_its_time() -> None:
    answers = Answers(fresh_until=monotonic() + 3600)
    listener = listener_of(answers)
    at_once(listener, query())
    (entry,) = listener.memo.young.values()
    assert entry[1] == answers.fresh_until
    # At that moment the answer is over, in either spelling and in the old generation.
    assert listener.memo.recall(b"not there", monotonic()) is None
    listener.memo.old, listener.memo.young = listener.memo.young, {}
    assert listener.memo.recall(query()[2:], answers.fresh_until) is None


# ---- letters


def test_another_spelling_is_answered_from_memory_in_its_own_letters() -> None:
    async def lower(request: Request, following: Next) -> Response:
        served.append(request.qname)
        return await plain(request, following)

    served: list[bytes] = []
    listener = listener_of(Does(lower))
    for name in ("a.test", "A.test", "a.TEST"):
        reply = like_a_transport(listener, query(name))
        assert reply[12:24] == query(name)[12:]
        # The plugin said the name in lower case, so that is what stays.
        assert reply[24:32] == b"\1a\4test\0"
    assert len(served) == 1


def test_the_first_spelling_need_not_be_the_lower_one() -> None:
    served: list[bytes] = []

    async def lower(request: Request, following: Next) -> Response:
        served.append(request.qname)
        return await plain(request, following)

    listener = listener_of(Does(lower))
    for name in ("A.Test", "a.test", "a.tesT"):
        assert like_a_transport(listener, query(name))[12:24] == query(name)[12:]
    assert len(served) == 1


def test_an_answer_in_the_clients_letters_is_for_its_spelling_only() -> None:
    answers = Answers()  # says the owner as it was asked
    listener = listener_of(answers)
    for name in ("A.Test", "a.test", "A.Test", "a.tEst", "a.test"):
        assert like_a_transport(listener, query(name))[24:31] == query(name)[12:19]
    assert answers.served == 4


# ---- clients


def half(host: str) -> str:
    """Which half of the network a client is in."""
    return "low" if int(host.rpartition(".")[2]) < 128 else "high"


def odd(host: str) -> bool:
    """Not called `half`, with values of its own."""
    return int(host.rpartition(".")[2]) % 2 == 1


class Varies(Plugin):
    """Says what it has read of the client: of those in the low half also whether it is odd."""

    repeatable = True
    eager = True

    def __init__(self) -> None:
        self.served: list[str] = []

    async def serve(self, request: Request, following: Next) -> Response:
        self.served.append(request.peer[0])
        derived = request.replace(owner=b"\1b\0")
        text = found = derived.vary(half)
        if found == "low":
            text += str(request.vary(odd))
        assert derived.vary(half) == found
        rdata = bytes((len(text),)) + text.encode()
        request.on_repeat(lambda octets, peer, started: self.served.append(text))
        return Response(answer=[Record.make(request.owner, 16, 60, rdata)])


def of(host: int) -> tuple[str, int]:
    return (f"192.0.2.{host}", 40000)


def test_an_answer_is_repeated_to_those_of_whom_the_same_was_read() -> None:
    plugin = Varies()
    listener = listener_of(plugin)
    wanted = {1: "lowTrue", 2: "lowFalse", 3: "lowTrue", 200: "high", 201: "high", 4: "lowFalse"}
    for octets in (query(ident=1), query(ident=2), query("A.Test")):
        for host, text in wanted.items():
            reply = like_a_transport(listener, octets, of(host))
            assert reply[:2] == octets[:2]
            assert reply[12:24] == octets[12:]
            assert reply.endswith(bytes((len(text),)) + text.encode())
    # The letters of the question are in the answer, so the other spelling is always made anew.
    first, second, spelt = plugin.served[:6], plugin.served[6:12], plugin.served[12:]
    assert first == ["192.0.2.1", "192.0.2.2", "lowTrue", "192.0.2.200", "high", "lowFalse"]
    assert second == ["lowTrue", "lowFalse", "lowTrue", "high", "high", "lowFalse"]
    assert spelt == [f"192.0.2.{host}" for host in wanted]


def test_another_spelling_is_repeated_by_client_too() -> None:
    served: list[str] = []

    async def lower(request: Request, following: Next) -> Response:
        served.append(request.vary(half))
        return Response(answer=[Record(request.qname, TEXT)], rcode=len(served))

    listener = listener_of(Does(lower))
    codes = [
        at_once(listener, query(name), of(host))[3] & 15
        for name in ("A.test", "a.TEST")
        for host in (1, 200, 2, 201)
    ]
    assert (codes, served) == ([1, 2, 1, 2, 1, 2, 1, 2], ["low", "high"])


def test_what_was_read_does_not_outweigh_looking_at_the_client() -> None:
    async def both(request: Request, following: Next) -> Response:
        request.vary(half)
        return await looks_at_client(request, following)

    listener = listener_of(Does(both))
    at_once(listener, query())
    assert not listener.memo.young


def test_answers_are_told_apart_by_who_has_read() -> None:
    """Two readings may come to the same: an answer stays with the one it was made with."""
    reads = [half, odd]

    async def either(request: Request, following: Next) -> Response:
        request.vary(lambda_of[reads[0]])
        return Response(answer=[Record(request.qname, TEXT)], rcode=len(reads))

    lambda_of = {half: lambda host: half(host) == "low", odd: odd}
    listener = listener_of(Does(either))
    like_a_transport(listener, query(), of(2))  # low: True
    del reads[0]
    assert like_a_transport(listener, query(), of(200))[3] & 15 == 1  # another way now: odd, False
    assert like_a_transport(listener, query(), of(3))[3] & 15 == 1  # odd: True, and not low: True


def test_an_answer_for_some_ends_at_its_time_for_them() -> None:
    until = {"low": monotonic() + 3600, "high": monotonic() + 7200}

    async def varies(request: Request, following: Next) -> Response:
        return Response(answer=[Record(request.qname, TEXT)], fresh_until=until[request.vary(half)])

    listener = listener_of(Does(varies))
    for host in (1, 200):
        at_once(listener, query(), of(host))
    key = query()[2:]
    step, found = listener.memo.young[key], listener.memo.variant
    for now, good in (
        (0.0, (True, True)),
        (until["low"], (False, True)),
        (until["high"], (False, False)),
    ):
        answers = [found(key, step, of(host)[0], now) for host in (1, 200)]
        assert tuple(answer is not None for answer in answers) == good
    listener.memo.clear()
    assert not listener.memo.young


def test_steps_and_answers_move_to_the_young_generation_as_they_are_asked_for() -> None:
    plugin = Varies()
    listener, key = listener_of(plugin), query()[2:]
    for host in (1, 200):
        at_once(listener, query(), of(host))
    memory = listener.memo
    memory.old, memory.young = memory.young, {}
    step = memory.recall(key, monotonic())
    assert step is not None
    assert memory.variant(key, step, of(201)[0], monotonic()) is not None
    assert len(memory.young) == 2
    assert memory.variant(key, step, of(2)[0], monotonic()) is None


def test_clients_of_many_kinds_cost_no_more_memory_than_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memo, "LIMIT", 10)

    async def each(request: Request, following: Next) -> Response:
        request.vary(str)
        return Response(answer=[Record(request.qname, TEXT)])

    listener = listener_of(Does(each))
    for host in range(100):
        at_once(listener, query(), of(host))
        assert len(listener.memo.young) + len(listener.memo.old) <= 20


# ---- changes


def test_changed_forgets_everything() -> None:
    answers = Answers()
    listener = listener_of(answers)
    like_a_transport(listener, query())
    answers.tail = Record.make(b"\0", 16, 60, b"\2no").tail
    answers.changed()
    assert like_a_transport(listener, query()).endswith(b"\2no")


async def test_an_answer_that_was_under_way_during_a_change_is_not_kept() -> None:
    waiter: Waiter[None] = Waiter()

    async def waits(request: Request, following: Next) -> Response:
        answer = await plain(request, following)
        await waiter
        return answer

    plugin = Does(waits)
    listener = listener_of(plugin)
    asking = asyncio.ensure_future(in_time(listener, query()))
    while not listener.under_way:
        await asyncio.sleep(0)
    plugin.changed()
    asyncio.get_running_loop().call_soon(waiter.wake, None)
    await asking
    assert not listener.memo.young


# ---- observers


def test_observers_hear_of_every_repetition() -> None:
    heard: list[tuple[bytes, object]] = []

    async def observes(request: Request, following: Next) -> Response:
        request.replace(owner=b"\1b\0").on_repeat(
            lambda octets, peer, started: heard.append((octets, peer))
        )
        return await plain(request, following)

    listener = listener_of(Does(observes))
    assert heard == []
    like_a_transport(listener, query())
    assert heard == []
    like_a_transport(listener, query(ident=2), ("192.0.2.9", 1))
    like_a_transport(listener, query("A.test", ident=3), ("192.0.2.8", 1))
    assert heard == [
        (query(ident=2), ("192.0.2.9", 1)),
        (query("A.test", ident=3), ("192.0.2.8", 1)),
    ]


# ---- size


def test_memory_is_bounded_and_what_is_asked_for_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "LIMIT", 10)
    answers = Answers()
    listener = listener_of(answers)
    for number in range(100):
        at_once(listener, query(f"n{number}.test"))
        # The one that is asked for again and again is found in one of the two generations.
        key = query("often.test")[2:]
        if key not in listener.memo.young and not listener.memo.recall(key, monotonic()):
            at_once(listener, query("often.test"))
        assert len(listener.memo.young) + len(listener.memo.old) <= 20
    assert answers.served == 101


def test_large_replies_are_not_remembered() -> None:
    async def large(request: Request, following: Next) -> Response:
        return Response(answer=[Record(request.qname, TEXT)] * 60)

    listener = listener_of(Does(large), proto="tcp")
    assert len(at_once(listener, query())) > memo.LONGEST
    assert not listener.memo.young
