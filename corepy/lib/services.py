"""Ports by the names of their services."""

from __future__ import annotations

import socket
from typing import Final

_KNOWN: Final = {"domain": 53, "http": 80, "https": 443}
"""Those that somebody may write into a Corefile; small systems have no /etc/services."""


def port(name: str, proto: str | None = None) -> int | None:
    """The port of a service, for `tcp` or `udp` or the first that has it; None if unknown."""
    try:
        return socket.getservbyname(name, proto) if proto else socket.getservbyname(name)
    except OSError:
        return _KNOWN.get(name)
