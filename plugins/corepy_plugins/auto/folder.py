"""Looks for master files in a folder and all folders in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from corepy import names
from corepy.errors import WireError
from corepy_plugins.auto.naming import Naming


class Listing:
    """What was found: a file for each zone, and what an operator should know about the rest."""

    def __init__(self, folder: Path, naming: Naming) -> None:
        """Look now. Blocks."""
        self.files: dict[str, Path] = {}
        self.warnings: list[str] = []
        for path in self._walk(folder):
            origin = naming.origin(path.name)
            if origin is not None:
                self._take(origin, path)

    def _take(self, origin: str, path: Path) -> None:
        try:
            names.from_text(origin)
        except WireError as error:
            self.warnings.append(f"'{origin}' from {path} is no name for a zone: {error}")
            return
        first = self.files.setdefault(origin, path)
        if first != path:
            self.warnings.append(
                f'Multiple zone files match origin "{origin}": using "{first}" instead of "{path}"'
            )

    def _walk(self, path: Path) -> Iterator[Path]:
        """All that is no folder, in the order of names; links to folders are not followed."""
        try:
            folder = stat.S_ISDIR(path.stat().st_mode)
            inside = sorted(os.scandir(path), key=lambda entry: entry.name) if folder else []
        except OSError as error:
            self._unreadable(path, "lstat", error)
            return
        if not folder:
            yield path
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(path / entry.name)
            else:
                yield path / entry.name

    def _unreadable(self, path: Path, action: str, error: OSError) -> None:
        if isinstance(error, PermissionError):
            action = "open"
        reason = (error.strerror or str(error)).lower()
        self.warnings.append(f"error reading {path}: {action} {path}: {reason}")
