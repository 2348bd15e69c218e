"""Files beside the Corefile: written so that no reader sees half of one, read as JSON or YAML."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from corepy_plugins.k8s_cross import stream
from corepy_plugins.k8s_cross.imports import BadDocument, Document, read, read_json

LIMIT: Final = 8 << 20
"""Octets that a document of services may have."""

YAML: Final = (".yaml", ".yml")
JSON: Final = (".json",)


def has_yaml() -> bool:
    """True if the extra `yaml` is installed."""
    return importlib.util.find_spec("yaml") is not None


def load(path: Path, cluster: str, pause: Callable[[], None], *, forced: bool) -> Document:
    """The services of a file, by the ending of its name; see `imports.read`.

    Raises `OSError` or `BadDocument`; for a thread.
    """
    with path.open("rb") as file:
        octets = file.read(LIMIT + 1)
    if len(octets) > LIMIT:
        raise BadDocument("the file is too large")
    if path.suffix in YAML:
        return read(_yaml(octets), cluster, pause, forced=forced)
    chunks = stream.pieces(octets, packed=False, limit=LIMIT)
    return read_json(chunks, cluster, pause, forced=forced)[0]


def _yaml(octets: bytes) -> Any:
    import yaml  # noqa: PLC0415 - an extra, which `records FILE.json` does without

    try:
        # The safe loader in C, where it was built: the other takes a second for a few hundred.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return yaml.load(octets, Loader=loader)  # noqa: S506 - safe, both of them
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise BadDocument(f"not YAML{where}") from None


def replace(path: Path, octets: bytes, mode: int, moment: float | None = None) -> None:
    """Put a whole file in the place of another. Raises `OSError`; for a thread.

    `moment` is to be its modification time, in Unix seconds.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(octets)
            file.flush()
            os.fsync(handle)
        if moment is not None:
            os.utime(name, (moment, moment))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
