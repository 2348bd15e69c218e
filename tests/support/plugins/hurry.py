"""*hurry* is written as people write plugins: a timeout around the rest of the chain."""

import asyncio

from corepy import Controller, Next, Request, Response
from corepy.plugin import plugin


class Hurry:
    def __init__(self, seconds: float, way: str) -> None:
        self.seconds = seconds
        self.way = way

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        try:
            if self.way == "wait_for":
                return await asyncio.wait_for(next(request), self.seconds)
            async with asyncio.timeout(self.seconds):
                return await next(request)
        except TimeoutError:
            return Response.failure(5, "too slow")


@plugin(before=("broken", "slow", "fixed", "several"))
def setup(c: Controller) -> Hurry:
    directive = c.directives[0]
    return Hurry(directive.duration(), directive.choice("timeout", "wait_for", index=1))
