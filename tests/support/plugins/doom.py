"""*doom* ends the server when it is asked for a name that begins with `doom`."""

from corepy import DROP, Controller, Next, Plugin, Request, Response
from corepy.host import Host
from corepy.plugin import plugin


class Doom(Plugin):
    def __init__(self, host: Host) -> None:
        self.host = host

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        if request.qname.startswith(b"\x04doom"):
            self.host.fatal("doomed")
            return DROP
        return await next(request)


@plugin(before="fixed")
def setup(c: Controller) -> Doom:
    return Doom(c.host)
