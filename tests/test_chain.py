"""Handlers folded into one callable, whichever way they are written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import dns.message
import dns.rrset
import pytest

from corepy import wire
from corepy.chain import fold
from corepy.plugin import Next
from corepy.request import Request
from corepy.response import Response
from corepy.waiter import Waiter
from tests.support.queries import query, request_of
from tests.support.serving import Answers, Does, at_once, in_time, listener_of


async def run(chain: Next, request: Request) -> Response:
    return await chain(request)


def test_handlers_run_in_their_order_and_answers_come_back_through_them() -> None:
    seen: list[str] = []

    def layer(name: str) -> Does:
        async def serve(request: Request, following: Next) -> Response:
            seen.append(f"> {name}")
            response = await following(request)
            seen.append(f"< {name}")
            return response

        return Does(serve)

    at_once(listener_of(layer("a"), layer("b"), Answers()), query())
    assert seen == ["> a", "> b", "< b", "< a"]


async def test_behind_the_last_handler_stands_a_failure() -> None:
    async def passes(request: Request, following: Next) -> Response:
        return await following(request)

    chain = fold([("first", Does(passes)), ("last", Does(passes))])
    response = await run(chain, request_of())
    assert response.rcode == wire.SERVFAIL
    assert response.implicit
    assert response.error == "plugin/last: no next plugin found"


def test_handlers_learn_who_follows() -> None:
    class Wants(Answers):
        following = "?"

        def placed(self, following: str) -> None:
            self.following = following

    first, last = Wants(), Wants()
    fold([("first", first), ("second", Answers()), ("last", last)])
    assert (first.following, last.following) == ("second", "")


async def test_eager_and_repeatable_means_no_wrapper() -> None:
    answers = Answers()
    request = request_of()
    response = await run(fold([("a", answers)]), request)
    assert request.repeatable
    assert response.answer


async def test_a_plugin_that_is_not_repeatable_marks_the_request() -> None:
    for eager in (True, False):

        async def serve(request: Request, following: Next) -> Response:
            return Response()

        request = request_of()
        await run(fold([("a", Does(serve, eager=eager, repeatable=False))]), request)
        assert not request.repeatable


# ---- plugins that are no subclass of Plugin and know nothing of eager


class Stranger:
    """Written by somebody who has read the tutorial only."""

    def __init__(self, serve: Callable[[Request, Next], Awaitable[Any]]) -> None:
        self._serve = serve

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        answer: Response = await self._serve(request, next)
        return answer


def strange(serve: Callable[[Request, Next], Awaitable[Any]]) -> Stranger:
    return Stranger(serve)


async def with_timeout(request: Request, following: Next) -> Response:
    async with asyncio.timeout(5):
        return await following(request)


async def with_wait_for(request: Request, following: Next) -> Response:
    return await asyncio.wait_for(following(request), 5)


async def with_a_task(request: Request, following: Next) -> Response:
    task = asyncio.ensure_future(following(request))
    return await task


async def with_gather(request: Request, following: Next) -> Response:
    first, _ = await asyncio.gather(following(request), following(request))
    return first


async def with_a_group(request: Request, following: Next) -> Response:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_ensure(following(request)))
    return task.result()


async def _ensure(awaitable: Awaitable[Response]) -> Response:
    return await awaitable


WAYS = [with_timeout, with_wait_for, with_a_task, with_gather, with_a_group]


def waiting(kind: str) -> Does:
    """An eager plugin that waits, before it passes a query on, in one of the ways there are."""

    async def serve(request: Request, following: Next) -> Response:
        loop = asyncio.get_running_loop()
        if kind == "sleep":
            await asyncio.sleep(0.001)
        elif kind == "future":
            future: asyncio.Future[None] = loop.create_future()
            loop.call_soon(future.set_result, None)
            await future
        elif kind == "waiter":
            waiter: Waiter[None] = Waiter()
            loop.call_soon(waiter.wake, None)
            await waiter
        return await following(request)

    return Does(serve)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["nothing", "sleep", "future", "waiter"])
@pytest.mark.parametrize("order", ["behind", "in front"])
async def test_what_asyncio_offers_works_in_any_plugin_on_every_path(
    way: Callable[[Request, Next], Awaitable[Any]], kind: str, order: str
) -> None:
    handlers: list[Any] = [strange(way), waiting(kind)]
    if order == "in front":
        handlers.reverse()
    listener = listener_of(*handlers, strange(with_timeout), Answers())

    assert (await in_time(listener, query())).endswith(b"\3yes")
    assert listener.under_way == 0
    # And from inside a task, which is how one plugin asks the whole server.
    response = await listener.resolve(request_of())
    assert response.answer


async def test_the_rest_of_the_chain_is_a_coroutine_whatever_the_next_plugin_returns() -> None:
    class Waits:
        eager = repeatable = True

        def serve(self, request: Request, following: Next) -> Awaitable[Response]:
            waiter: Waiter[Response] = Waiter()
            asyncio.get_running_loop().call_soon(waiter.wake, Response(wire.NXDOMAIN))
            return waiter

    async def with_a_bare_task(request: Request, following: Next) -> Response:
        rest: Any = following(request)
        return await asyncio.create_task(rest)  # noqa: TID251 - as strangers do

    waits: Any = Waits()
    listener = listener_of(Does(with_a_bare_task, eager=False), waits)
    assert (await in_time(listener, query()))[3] & 15 == wire.NXDOMAIN


async def test_a_timeout_ends_what_stands_behind_it() -> None:
    ended: list[bool] = []

    async def hangs(request: Request, following: Next) -> Response:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        return Response()

    async def guards(request: Request, following: Next) -> Response:
        try:
            async with asyncio.timeout(0.01):
                return await following(request)
        except TimeoutError:
            return Response.failure(wire.REFUSED, "too slow")

    reply = await in_time(listener_of(strange(guards), Does(hangs)), query())
    assert reply[3] & 15 == wire.REFUSED
    assert ended == [True]


async def test_aiohttp_can_be_called_from_a_plugin() -> None:
    from aiohttp import ClientSession, web

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="up")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]

    async def asks(request: Request, following: Next) -> Response:
        async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as answer:
            assert await answer.text() == "up"
        return await following(request)

    try:
        reply = await in_time(listener_of(strange(asks), Answers()), query())
        assert reply.endswith(b"\3yes")
    finally:
        await runner.cleanup()


# ---- what plugins may return


@pytest.mark.parametrize("kind", ["rrset", "rrsets", "message"])
async def test_dnspython_objects_are_welcome(kind: str) -> None:
    rrset = dns.rrset.from_text("a.test.", 60, "IN", "TXT", '"yes"')

    async def serve(request: Request, following: Next) -> Any:
        if kind == "rrset":
            return rrset
        if kind == "rrsets":
            return [rrset]
        message = dns.message.make_response(request.message)
        message.answer.append(rrset)
        return message

    reply = await in_time(listener_of(strange(serve)), query())
    assert dns.message.from_wire(reply).answer == [rrset]


@pytest.mark.parametrize("answer", [None, "text", 7, [1]])
async def test_anything_else_is_a_mistake_of_the_plugin(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def serve(request: Request, following: Next) -> Any:
        return answer

    reply = await in_time(listener_of(strange(serve)), query())
    assert reply[3] & 15 == wire.SERVFAIL
    assert "a plugin returned" in caplog.text
