"""Files that follow the services: written beside the tables, in the same thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from corepy_plugins.k8s_cross.imports import Facts
from corepy_plugins.k8s_cross.listing import Listing


class News(NamedTuple):
    """What has changed: everything there is to know now.

    `services` are packed; `moment` is when the source last confirmed it (Unix seconds).
    """

    listing: Listing
    facts: tuple[Facts, ...]
    services: Sequence[bytes]
    moment: float


class Output(Protocol):
    """A file; its methods raise `OSError`."""

    path: Path

    def write(self, news: News) -> None:
        """Bring the file up to date."""
        ...

    def touch(self) -> None:
        """Nothing has changed, but it is known to be so now."""
        ...


class Outputs:
    """The files of one instance. What cannot be written is said once, and tried at each poll."""

    def __init__(self, log: logging.Logger, files: Sequence[Output] = ()) -> None:
        self._log = log
        self._files = list(files)
        self._waiting: dict[Path, News] = {}

    def write(self, news: News) -> None:
        """Bring all files up to date."""
        for one in self._files:
            self._try(one, news)

    def touch(self) -> None:
        """A poll has brought nothing new."""
        for one in self._files:
            waiting = self._waiting.get(one.path)
            if waiting is not None:
                self._try(one, waiting)
            else:
                self._guard(one.path, one.touch)

    def _try(self, one: Output, news: News) -> None:
        before = one.path in self._waiting
        if self._guard(one.path, lambda: one.write(news), quiet=before):
            if self._waiting.pop(one.path, None) is not None:
                self._log.info("%s is written again", one.path)
        else:
            self._waiting[one.path] = news

    def _guard(self, path: Path, act: Callable[[], None], *, quiet: bool = False) -> bool:
        try:
            act()
        except OSError as error:
            if not quiet:
                reason = (error.strerror or str(error)).lower()
                self._log.warning("%s cannot be written: %s", path, reason)
            return False
        return True
