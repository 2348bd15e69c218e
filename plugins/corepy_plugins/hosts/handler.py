"""Answers address and name questions from two tables: the file's and the Corefile's."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from corepy import CorepyError, Next, Plugin, Record, Request, Response, Zones, wire
from corepy.metrics import Family, Series
from corepy.tasks import spawn
from corepy_plugins.hosts.file import HostsFile
from corepy_plugins.hosts.options import Options
from corepy_plugins.hosts.reverse import address_of
from corepy_plugins.hosts.table import Below, Table, key_of, wire_of

_FAILED: Final = Response.failure(wire.SERVFAIL)
"""There is no SOA to deny a name with, so CoreDNS fails instead."""

_NO_DATA: Final = Response()

_KEPT_ANSWERS: Final = 4096
_KEPT_RECORDS: Final = 64
_SMALLEST_ADDRESS: Final = 16  # octets of an A record with a compressed owner
_SMALLEST_PTR: Final = 13


class Hosts(Plugin):
    """The handler. Answers are made on first use and kept until the file changes."""

    repeatable = True
    eager = True

    def __init__(
        self,
        options: Options,
        log: logging.Logger,
        entries: Family[Series],
        reloaded: Series,
        refuse: Callable[[str], CorepyError],
    ) -> None:
        self._options = options
        self._log = log
        self._entries = entries
        self._reloaded = reloaded
        self._refuse = refuse
        self._below = Below(options.zones)
        self._zones = None if self._below.everything else Zones(options.zones)
        self._file = HostsFile(options.path)
        self._complaint: str | None = None
        self._inline = self._table()
        lines = "\n".join(options.inline)
        self._inline.add(lines.encode("utf-8", "surrogateescape").lower())
        self._from_file = self._table()
        self._tables = self._filled()
        ttl = options.ttl.to_bytes(4, "big")
        self._a = b"\0\1\0\1%b\0\4" % ttl
        self._aaaa = b"\0\x1c\0\1%b\0\x10" % ttl
        self._kept: dict[int, dict[bytes, Response]] = {wire.A: {}, wire.AAAA: {}, wire.PTR: {}}

    def _table(self) -> Table:
        return Table(self._below, reverse=self._options.reverse)

    def _filled(self) -> tuple[Table, ...]:
        """The tables that have something in them, the file's first."""
        return tuple(table for table in (self._from_file, self._inline) if table.entries)

    # ---- questions

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Answer from the tables; pass on or fail where they have nothing."""
        kept = self._kept.get(request.qtype)
        response = kept.get(request.qname) if kept is not None else None
        if response is None:
            response = self._answer(request)
        return await next(request) if response is None else response

    def _answer(self, request: Request) -> Response | None:
        """The response, or None for what the next plugin shall see."""
        qname, qtype = request.qname, request.qtype
        options = self._options
        inside = self._zones is None or qname in self._zones
        if qtype == wire.PTR:
            # Reverse names need not be in the zones, and missing ones always go on.
            return self._names(request)
        if not inside:
            return None
        key = key_of(qname)
        if qtype == wire.A or qtype == wire.AAAA:  # noqa: PLR1714 - no tuple per query
            if packed := self._addresses(key, qtype == wire.A):
                return self._render(request, packed)
            known = self._addresses(key, qtype != wire.A)
        elif options.fallthrough_unsupported and options.fallthrough.passes(qname):
            return None
        else:
            known = self._addresses(key, True) or self._addresses(key, False)
        if known:
            return _NO_DATA
        return None if options.fallthrough.passes(qname) else _FAILED

    def _addresses(self, key: bytes, v4: bool) -> bytes:
        tables = self._tables
        if len(tables) == 1:
            return tables[0].addresses(key, v4)
        return b"".join([table.addresses(key, v4) for table in tables])

    def _render(self, request: Request, packed: bytes) -> Response:
        qname = request.qname
        step, head = (4, self._a) if request.qtype == wire.A else (16, self._aaaa)
        most = _room(request, _SMALLEST_ADDRESS) * step
        tails = [head + packed[at : at + step] for at in range(0, min(len(packed), most), step)]
        records = [Record(qname, tail) for tail in tails]
        return self._keep(request, records, whole=len(packed) <= most)

    def _names(self, request: Request) -> Response | None:
        packed = address_of(key_of(request.qname))
        if packed is None:
            return None
        keys = [key for table in self._tables for key in table.owners(packed)]
        most = _room(request, _SMALLEST_PTR)
        qname, ttl = request.qname, self._options.ttl
        targets = map(wire_of, keys[:most])
        records = [Record.make(qname, wire.PTR, ttl, target) for target in targets if target]
        return self._keep(request, records, whole=len(keys) <= most) if records else None

    def _keep(self, request: Request, records: Sequence[Record], *, whole: bool) -> Response:
        response = Response(answer=records)
        if whole and len(records) <= _KEPT_RECORDS:
            kept = self._kept[request.qtype]
            if len(kept) >= _KEPT_ANSWERS:
                kept.clear()
            kept[request.qname] = response
        return response

    # ---- the file

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Read the file before the first query, then look at it every `reload` seconds."""
        await self._look_first()
        await self._refresh()
        watcher = spawn(self._watch(), name=f"hosts {self._options.label}")
        try:
            yield
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
            await _discard(self._from_file)

    async def _look_first(self) -> None:
        """Raise if the named file's folder cannot be searched; a file that is missing is fine."""
        if self._options.token is None:
            return
        path, label = self._options.path, self._options.label
        try:
            await asyncio.to_thread(os.stat, path)
        except FileNotFoundError:
            pass
        except OSError as error:
            reason = f"stat {label}: {(error.strerror or str(error)).lower()}"
            raise self._refuse(f"unable to access hosts file '{label}': {reason}") from error

    async def _watch(self) -> None:
        while self._options.reload:
            await asyncio.sleep(self._options.reload)
            await self._refresh()

    async def _refresh(self) -> None:
        """Take a changed file; keep what there is if it cannot be read."""
        table = self._table()
        try:
            changed = await self._file.read(table)
        except OSError as error:
            self._complain(error)
            return
        self._complaint = None
        if not changed:
            return
        stale, self._from_file = self._from_file, table
        self._tables = self._filled()
        for kept in self._kept.values():
            kept.clear()
        self.changed()
        self._log.debug("Parsed hosts file into %d entries", table.entries)
        self._show()
        await _discard(stale)

    def started(self) -> None:
        """Of several with the same file the last one of the Corefile is the one that shows."""
        if self._file.stamp:
            self._show()

    def _show(self) -> None:
        entries = self._from_file.entries + self._inline.entries
        self._entries.labels(self._options.label).set(entries)
        if self._file.stamp:
            self._reloaded.set(self._file.stamp.modified / 1e9)

    def _complain(self, error: OSError) -> None:
        """One warning for each new reason."""
        label = self._options.label
        if isinstance(error, FileNotFoundError):
            text = f"File does not exist: {label}"
        elif isinstance(error, IsADirectoryError):
            text = f'Hosts file "{label}" is a directory'
        else:
            text = f"Hosts file {label} cannot be read: {(error.strerror or str(error)).lower()}"
        if text != self._complaint:
            self._complaint = text
            loaded = self._file.stamp is not None
            self._log.warning("%s%s", text, "; what was read before stays in use" if loaded else "")


def _room(request: Request, smallest: int) -> int:
    """How many records to make at most: one more than the client's size allows for."""
    return request.size // smallest + 1


async def _discard(table: Table) -> None:
    for _ in table.dismantle():
        await asyncio.sleep(0)
