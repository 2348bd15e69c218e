"""*slow* waits before it passes a query on; names that begin with `now` are not held up."""

import asyncio

from corepy import Controller, Next, Plugin, Request, Response
from corepy.plugin import plugin


class Slow(Plugin):
    eager = True

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        if not request.qname.startswith(b"\x03now"):
            await asyncio.sleep(self.seconds)
        return await next(request)


@plugin(before=("fixed", "several"))
def setup(c: Controller) -> Slow:
    return Slow(c.directives[0].duration())
