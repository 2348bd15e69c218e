"""*broken* raises, at once or after a wait, when it is asked for a name that begins with `bad`."""

import asyncio

from corepy import Controller, Next, Plugin, Request, Response
from corepy.plugin import plugin


class Broken(Plugin):
    eager = True

    def __init__(self, kind: str) -> None:
        self.kind = kind

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        if not request.qname.startswith(b"\x03bad"):
            return await next(request)
        if self.kind == "later":
            await asyncio.sleep(0)
        if self.kind == "cancelled":
            raise asyncio.CancelledError
        raise LookupError("a mistake")


@plugin(before=("slow", "fixed", "several"))
def setup(c: Controller) -> Broken:
    return Broken(c.directives[0].choice("now", "later", "cancelled"))
