"""*fixed* answers every query with one TXT record."""

from corepy import Controller, Next, Plugin, Record, Request, Response


class Fixed(Plugin):
    repeatable = True
    eager = True

    def __init__(self, text: bytes) -> None:
        self.tail = Record.make(b"\0", 16, 60, bytes((len(text),)) + text).tail
        self.served = 0

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        self.served += 1
        return Response(answer=[Record(request.owner, self.tail)])


def setup(c: Controller) -> Fixed:
    return Fixed(c.args[0].text.encode())
