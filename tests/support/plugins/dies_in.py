"""*dies_in* ends the process with this id when it begins."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from corepy import Controller


class DiesIn:
    def __init__(self, pid: int) -> None:
        self.pid = pid

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        if self.pid == os.getpid():
            os._exit(7)
        yield


def setup(c: Controller) -> DiesIn:
    return DiesIn(c.directives[0].integer())
