"""What runs at which event, for all server blocks of an instance."""

from __future__ import annotations

import logging
from typing import ClassVar

from corepy import log
from corepy.plugin import Home
from corepy.tasks import spawn
from corepy_plugins.on.command import Command, CommandError

_log = logging.getLogger("corepy")


class Events:
    """Commands by event, in the order of the Corefile."""

    home: ClassVar[Home] = "supervisor"

    def __init__(self) -> None:
        self._commands: dict[str, list[Command]] = {}

    def add(self, event: str, command: Command) -> None:
        """Run a command at an event."""
        self._commands.setdefault(event, []).append(command)

    def started(self) -> None:
        """Begin with those for the start; the server does not wait for them, each for the last."""
        spawn(self.run("startup"), name="on startup")

    async def drain(self) -> None:
        """Run those for the end, while queries are still answered."""
        await self.run("shutdown")

    async def run(self, event: str) -> None:
        """One command after the other; what goes wrong is logged, and the next one runs."""
        for command in self._commands.get(event, ()):
            manner = "Blocking" if command.waited else "Nonblocking"
            _log.info('%s Command "%s" with ID %s', manner, command.text, command.id)
            try:
                await command.run()
            except CommandError as fault:
                _complain(f"error on 'on-{command.id}' hook: {fault}")


def _complain(text: str) -> None:
    """CoreDNS prints this line without a level; where lines are objects it has one."""
    output = log.output()
    if output is None or log.as_json():
        _log.error("%s", text)
    else:
        output.write(text)
