"""*peek* looks at the client and passes the query on."""

from corepy import Controller, Next, Plugin, Request, Response
from corepy.plugin import plugin


class Peek(Plugin):
    repeatable = True
    eager = True

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        assert request.client.host
        return await next(request)


@plugin(before=("fixed", "several"))
def setup(c: Controller) -> Peek:
    return Peek()
