"""Which plugins are not ready yet: one list for all server blocks that have *ready*."""

from __future__ import annotations

from typing import Any, Final

from corepy.host import Host
from corepy.plugin import Ready

ANSWER: Final = "ready"
"""Under which a supervisor asks its workers."""


class Readiness:
    """Asks the plugins of `blocks`.

    A plugin that was ready once is not asked again, unless `continuously`.
    """

    def __init__(self, host: Host) -> None:
        self.continuously = False
        self.blocks: list[Any] = []
        self._host = host
        self._done: set[int] = set()

    def missing(self) -> list[str]:
        """The names of the plugins that are not ready, each once, in order of the alphabet."""
        names: set[str] = set()
        for block, name, part in self._host.plugins:
            if not isinstance(part, Ready) or not any(block is mine for mine in self.blocks):
                continue
            if id(part) in self._done:
                continue
            if not part.ready():
                names.add(name)
            elif not self.continuously:
                self._done.add(id(part))
        return sorted(names)

    async def everywhere(self) -> list[str]:
        """The same over all worker processes, if there are several.

        One that is not there is missing under the name `worker`: its part of the queries waits, or
        is another one's burden.
        """
        if self._host.workers is None:
            return self.missing()
        answers = await self._host.workers.ask(ANSWER)
        return sorted({name for missing in answers for name in (missing or _none(missing))})


def _none(missing: list[str] | None) -> list[str]:
    return ["worker"] if missing is None else []
