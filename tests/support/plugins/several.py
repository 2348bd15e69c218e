"""*several* answers every query with a number of TXT records of 100 octets of data."""

from corepy import Controller, Next, Plugin, Record, Request, Response


class Several(Plugin):
    repeatable = True
    eager = True

    def __init__(self, count: int) -> None:
        self.tails = [
            Record.make(b"\0", 16, 60, b"\x63" + f"{number:05} ".encode().ljust(99, b"x")).tail
            for number in range(count)
        ]

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        owner = request.owner
        return Response(answer=[Record(owner, tail) for tail in self.tails])


def setup(c: Controller) -> Several:
    return Several(c.directives[0].integer())
