"""*life* writes to a file when it begins and ends, or fails to begin."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from corepy import Controller, CorepyError, Plugin


class Life(Plugin):
    repeatable = True
    eager = True

    def __init__(self, path: Path, way: str, drain: float) -> None:
        self.path = path
        self.way = way
        self.seconds = drain

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        if self.way == "fails":
            raise CorepyError("life: no will to live")
        if self.way == "raises":
            raise LookupError("a mistake")
        if self.way == "hangs":
            self._write("hanging")
            await asyncio.sleep(3600)
        self._write("begin")
        yield
        self._write("end")

    async def drain(self) -> None:
        if self.seconds:
            self._write("drain")
            await asyncio.sleep(self.seconds)

    def _write(self, word: str) -> None:
        with self.path.open("a", encoding="ascii") as file:
            file.write(word + "\n")


def setup(c: Controller) -> Life:
    directive = c.directives[0]
    args = directive.count(1, 3)
    way = (
        directive.choice("works", "fails", "raises", "hangs", index=1) if len(args) > 1 else "works"
    )
    drain = directive.duration(2) if len(args) > 2 else 0.0
    return Life(c.path(args[0].text), way, drain)
