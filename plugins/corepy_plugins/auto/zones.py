"""The zones of a folder as they are served now, and how they follow the files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from corepy import Zones, log
from corepy.lib.zonedata import Sources, Unchanged, ZoneData, ZoneError, load
from corepy.plugin import Labeller
from corepy_plugins.auto.folder import Listing
from corepy_plugins.auto.options import Options


class _File:
    """A file and what was read from it: None if it was no good."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sources = Sources()
        self.data: ZoneData | None = None


class AutoZones:
    """All of them by name, in text form. `labellers` are told which zones there are."""

    def __init__(
        self,
        options: Options,
        labellers: Callable[[], list[Labeller]],
        logger: logging.Logger,
    ) -> None:
        self.names = Zones(())
        self._options = options
        self._labellers = labellers
        self._log = logger
        # CoreDNS's lines about zones that are read again are those of *file*.
        self._file_log = log.plugin_logger("file")
        self._files: dict[str, _File] = {}
        self._warnings: set[str] = set()

    def data(self, zone: str) -> ZoneData | None:
        """What is served of a zone."""
        file = self._files.get(zone)
        return None if file is None else file.data

    async def scan(self) -> tuple[list[str], bool]:
        """Follow the folder; the zones that are new or have changed, and whether any have gone."""
        folder, naming = self._options.directory, self._options.naming
        listing = await asyncio.to_thread(Listing, folder, naming)
        self._warn(listing.warnings)
        gone = self._remove(listing)
        stale = await asyncio.to_thread(self._stale, listing)
        renewed = [zone for zone in stale if await self._read(zone, listing.files[zone])]
        if renewed or gone:
            self.names = Zones(zone for zone, file in self._files.items() if file.data)
        return renewed, gone

    def _warn(self, warnings: list[str]) -> None:
        """One line for each, not again as long as nothing changes about it."""
        for text in warnings:
            if text not in self._warnings:
                self._log.warning("%s", text)
        self._warnings = set(warnings)

    def _stale(self, listing: Listing) -> list[str]:
        """Zones whose file is new, another one, or not what it was. Blocks."""
        return [
            zone
            for zone, path in listing.files.items()
            if (file := self._files.get(zone)) is None
            or file.path != path
            or file.sources.changed()
        ]

    def _remove(self, listing: Listing) -> bool:
        gone = [zone for zone in self._files if zone not in listing.files]
        served = False
        for zone in gone:
            if self._files.pop(zone).data is not None:
                served = True
                self._log.info("Deleting zone `%s'", zone)
                for labeller in self._labellers():
                    labeller.remove_zone(zone)
        return served

    async def _read(self, zone: str, path: Path) -> bool:
        file = self._files.setdefault(zone, _File(path))
        file.path, file.sources = path, Sources()
        if file.data is None:
            return await self._insert(zone, file)
        return await self._renew(zone, file, file.data)

    async def _insert(self, zone: str, file: _File) -> bool:
        try:
            file.data = await load(file.path, zone, sources=file.sources)
        except ZoneError as error:
            self._log.warning("Parse zone `%s': %s", zone, error)
            return False
        except OSError as error:
            reason = _reason(error)
            self._log.warning("Opening %s failed: open %s: %s", file.path, file.path, reason)
            return False
        for labeller in self._labellers():
            labeller.add_zone(zone)
        self._log.info("Inserting zone `%s' from: %s", zone, file.path)
        return True

    async def _renew(self, zone: str, file: _File, old: ZoneData) -> bool:
        path = file.path
        try:
            file.data = await load(path, zone, serial=old.serial, sources=file.sources)
        except Unchanged:
            return False
        except ZoneError as error:
            self._file_log.error('Parsing zone "%s": %s', zone, error)
            return False
        except OSError as error:
            self._file_log.error(
                'Failed to open zone "%s" in "%s": open %s: %s', zone, path, path, _reason(error)
            )
            return False
        self._file_log.info(
            'Successfully reloaded zone "%s" in "%s" with %d SOA serial',
            zone,
            path,
            file.data.serial,
        )
        return True


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
