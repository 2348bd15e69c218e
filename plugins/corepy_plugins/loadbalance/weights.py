"""The file of weights: names, and below each the addresses that get more than their share."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from corepy import names
from corepy.errors import CorepyError, WireError
from corepy.lib import duration
from corepy.record import Record
from corepy.tasks import spawn

Table = dict[bytes, dict[bytes, int]]
"""By name (wire form, lower case) and address (16 octets): the weight, 1 to 255."""

_MAPPED = bytes(10) + b"\xff\xff"


class WeightsError(CorepyError):
    """A weight file that cannot be used; the text is CoreDNS's."""


class UnreadableError(WeightsError):
    """The file cannot be opened; there may be one later."""


class Weights:
    """The weights as they were when the file was last read without a mistake.

    `name` is the file as messages call it, `reload` the seconds between two looks at it, 0 to look
    at the start only.
    """

    def __init__(self, path: Path, name: str, reload: float, log: logging.Logger) -> None:
        self.table: Table = {}
        self._path = path
        self._name = name
        self._reload = reload
        self._log = log
        self._content: bytes | None = None

    def choose(self, addresses: Sequence[Record]) -> int:
        """The index of the address to come first, by chance; one without weight counts 1."""
        weights = [
            self.table.get(record.owner.lower(), {}).get(_octets(record.rdata), 1)
            for record in addresses
        ]
        return random.choices(range(len(weights)), weights)[0]  # noqa: S311 - spreads load

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """Read the file, and again now and then. A mistake in it fails the start."""
        try:
            await self.update()
        except UnreadableError as error:
            if not self._reload:
                raise WeightsError(f"plugin/loadbalance: {error}") from None
            again = duration.format(self._reload)
            self._log.warning("Failed to open weight file:%s. Will try again in %s", error, again)
        except WeightsError as error:
            raise WeightsError(f"plugin/loadbalance: {error}") from None
        task = spawn(self._keep_reading()) if self._reload else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def update(self) -> None:
        """Read the file if it has changed; raises `WeightsError` and keeps the old weights."""
        content = await asyncio.to_thread(self._read)
        if content == self._content:
            return
        self._content = content
        self.table = parse(content.decode("utf-8", "surrogateescape"), self._name)
        self._log.info("Successfully reloaded weight file %s", self._name)

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(self._reload)
            try:
                await self.update()
            except WeightsError as error:
                self._log.error("%s", error)

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except IsADirectoryError:
            raise WeightsError(f"read {self._name}: is a directory") from None
        except OSError:
            raise UnreadableError("weight file open error") from None


def parse(text: str, file: str) -> Table:
    """The weights in a file's text: lines of a name, or of an address and its weight.

    Raises `WeightsError`; `file` is for the message.
    """
    table: Table = {}
    current: dict[bytes, int] | None = None
    for line in text.split("\n"):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) == 1:
            current = _name(words[0], file, table)
        elif len(words) == 2:
            address, weight = _weight(words, file)
            if current is None:
                raise WeightsError(f"missing domain name in weight file {file}")
            current.setdefault(address, weight)
        else:
            raise WeightsError(
                f'could not parse weight line:"{line.strip()}" in weight file {file}'
            )
    return table


def _name(word: str, file: str, table: Table) -> dict[bytes, int]:
    if _address(word) is not None:
        raise WeightsError(
            f'wrong domain name:"{word}" in weight file {file}. (Maybe a missing weight value?)'
        )
    try:
        owner = names.from_text(word).lower()
    except WireError:
        # No record has such a name; its weights are read and mean nothing.
        return {}
    return table.setdefault(owner, {})


def _weight(words: list[str], file: str) -> tuple[bytes, int]:
    address, weight = _address(words[0]), words[1]
    if address is None:
        raise WeightsError(f'wrong IP address:"{words[0]}" in weight file {file}')
    if not (weight.isascii() and weight.isdigit() and 1 <= int(weight) <= 255):
        raise WeightsError(f'wrong weight value:"{weight}" in weight file {file}')
    return address, int(weight)


def _address(word: str) -> bytes | None:
    if "%" in word:
        return None
    try:
        return _octets(ipaddress.ip_address(word).packed)
    except ValueError:
        return None


def _octets(packed: bytes) -> bytes:
    return packed if len(packed) == 16 else _MAPPED + packed
