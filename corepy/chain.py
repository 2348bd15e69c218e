"""Folds the handlers of a server block into one callable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corepy import wire
from corepy.plugin import Handler, Next, Placed
from corepy.request import Request
from corepy.response import Response, coerce
from corepy.waiter import IN_TASK


def fold(handlers: Sequence[tuple[str, Handler]]) -> Next:
    """The chain of `handlers`, each with its directive name, the first one outermost.

    Behind the last one stands a `next` that fails the way CoreDNS does. There must be one handler.
    """
    names = [name for name, _ in handlers]
    chain = _end(names[-1])
    following = ""
    for name, handler in reversed(handlers):
        chain = _link(handler, chain)
        if isinstance(handler, Placed):
            handler.placed(following)
        following = name
    return chain


def _end(name: str) -> Next:
    failure = Response.failure(wire.SERVFAIL, f"plugin/{name}: no next plugin found")

    async def end(request: Request) -> Response:  # noqa: ARG001
        return failure

    return end


def _link(handler: Handler, following: Next) -> Next:
    serve: Any = handler.serve
    eager, repeatable = getattr(handler, "eager", False), getattr(handler, "repeatable", False)
    if eager and repeatable:
        return lambda request: serve(request, following)
    if eager:

        def once(request: Request) -> Any:
            request.never_repeat()
            return serve(request, following)

        return once

    async def rest(request: Request) -> Response:
        # A coroutine, as who has tasks made of it (`asyncio.create_task`) needs.
        return await following(request)

    async def guarded(request: Request) -> Response:
        if not repeatable:
            request.never_repeat()
        await IN_TASK
        return coerce(await serve(request, rest))

    return guarded
