"""*doomed* ends its process when it begins, if its file exists."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from corepy import Controller


class Doomed:
    def __init__(self, path: Path) -> None:
        self.path = path

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        if self.path.exists():
            os._exit(7)
        yield


def setup(c: Controller) -> Doomed:
    return Doomed(Path(c.args[0].text))
