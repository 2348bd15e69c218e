"""*only_in* fails to begin, in the process with this id alone."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from corepy import Controller, CorepyError


class OnlyIn:
    def __init__(self, pid: int) -> None:
        self.pid = pid

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        if self.pid == os.getpid():
            raise CorepyError("not in this one")
        yield


def setup(c: Controller) -> OnlyIn:
    return OnlyIn(c.directives[0].integer())
