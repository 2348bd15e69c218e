"""*talk* says something when it begins."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from corepy import Controller


class Talk:
    def __init__(self, c: Controller) -> None:
        self.c = c

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        self.c.log.info("%s", self.c.args[0].text)
        yield


def setup(c: Controller) -> Talk:
    return Talk(c)
