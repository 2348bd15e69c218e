"""Reads a zone from its master file without holding up the event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from corepy import names
from corepy.lib.zonedata.errors import Misread, NoSoa, ZoneError
from corepy.lib.zonedata.files import Sources
from corepy.lib.zonedata.reader import Reader, Steps
from corepy.lib.zonedata.store import ZoneData


async def load(
    path: Path, origin: str, *, serial: int | None = None, sources: Sources | None = None
) -> ZoneData:
    """The zone `origin` out of the file at `path` and those it includes.

    `sources` remembers the files for a later look. Raises `OSError` if the file itself cannot be
    read, `ZoneError` if the zone cannot be used, `Unchanged` if `serial` is that of its SOA record.
    """
    zone = ZoneData(names.from_text(origin).lower())
    try:
        await _run(Reader(zone, serial).read(path), sources or Sources())
    except Misread as error:
        fault = f'failed to parse file "{path}" for origin {origin} with error {error}'
        raise ZoneError(fault) from error
    except NoSoa as error:
        raise ZoneError(f'file "{path}" has no SOA record for origin {origin}') from error
    return zone


async def _run(steps: Steps, sources: Sources) -> None:
    text: str | None = None
    error: OSError | None = None
    while True:
        try:
            wanted = steps.send(text) if error is None else steps.throw(error)
        except StopIteration:
            return
        text = error = None
        if wanted is None:
            await asyncio.sleep(0)
            continue
        try:
            text = await asyncio.to_thread(sources.read, wanted)
        except OSError as fault:
            error = fault
