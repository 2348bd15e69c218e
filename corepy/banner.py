"""Who we are: the version, and the lines printed at the start."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}


def _version() -> str:
    try:
        return version("corepy-dns")
    except PackageNotFoundError:
        return "0+unknown"


VERSION = _version()
"""The installed distribution's version."""


def lines() -> tuple[str, str]:
    """Name and version, then system and interpreter: the two lines tools expect."""
    machine = platform.machine()
    system = f"{sys.platform}/{_ARCH.get(machine, machine)}"
    return f"corepy-{VERSION}", f"{system}, python{platform.python_version()}"
