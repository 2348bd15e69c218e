"""One zone and its file: reads it, looks whether it changed, and keeps what was good."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from corepy import CorepyError, Token
from corepy.lib import duration
from corepy.lib.zonedata import Sources, Unchanged, ZoneData, ZoneError, load
from corepy_plugins.file.options import Stanza

Refuse = Callable[[str, Token], CorepyError]
"""Makes the error that fails the start, placed at a word of the Corefile."""


class ZoneFile:
    """`data` is what is served, None until there is a good file."""

    def __init__(self, origin: str, stanza: Stanza, log: logging.Logger, refuse: Refuse) -> None:
        """`origin` is the zone's name in text form, lower case with the final dot."""
        self.origin = origin
        self.data: ZoneData | None = None
        self._stanza = stanza
        self._log = log
        self._refuse = refuse
        self._sources = Sources()
        self._complaint: str | None = None

    async def load_first(self) -> None:
        """Read the file; raises if its content is bad, or if it is missing and stays so."""
        stanza = self._stanza
        try:
            self.data = await load(stanza.path, self.origin, sources=self._sources)
        except ZoneError as error:
            raise self._refuse(str(error), stanza.token) from error
        except OSError as error:
            fault = f"open {stanza.path}: {_reason(error)}"
            if not stanza.reload:
                raise self._refuse(fault, stanza.token) from error
            again = duration.format(stanza.reload)
            self._log.warning('Failed to open "%s": trying again in %s', fault, again)

    async def watch(self, changed: Callable[[], None]) -> None:
        """Take a changed file into use every `reload` seconds; calls `changed` then."""
        while self._stanza.reload:
            await asyncio.sleep(self._stanza.reload)
            if await asyncio.to_thread(self._sources.changed) and await self._load_again():
                changed()

    async def _load_again(self) -> bool:
        stanza, sources = self._stanza, Sources()
        old = self.data
        serial = old.serial if old is not None and not stanza.by_mtime else None
        try:
            data = await load(stanza.path, self.origin, serial=serial, sources=sources)
        except Unchanged:
            self._sources = sources
            return False
        except ZoneError as error:
            self._sources = sources
            self._complain(f'Parsing zone "{self.origin}": {error}')
            return False
        except OSError as error:
            reason = f"open {stanza.path}: {_reason(error)}"
            self._complain(f'Failed to open zone "{self.origin}" in "{stanza.path}": {reason}')
            return False
        self._sources, self.data, self._complaint = sources, data, None
        self._log.info(
            'Successfully reloaded zone "%s" in "%s" with %d SOA serial',
            self.origin,
            stanza.path,
            data.serial,
        )
        return True

    def _complain(self, text: str) -> None:
        """One line for each new reason; what was read before stays in use."""
        if text != self._complaint:
            self._complaint = text
            self._log.error("%s", text)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
