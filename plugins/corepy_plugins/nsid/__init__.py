"""*nsid* adds an identifier of this server to each reply that asks for one (RFC 5001)."""

from __future__ import annotations

import socket

from corepy import Controller
from corepy.corefile.faults import OnceError
from corepy_plugins.nsid.handler import Nsid


def setup(c: Controller) -> Nsid:
    """`nsid [DATA...]`, once per server block."""
    directive = c.once()
    if directive.brace:
        raise OnceError(directive.brace.span, "nsid takes no block")
    words = directive.values()
    data = " ".join(words) if words else _host()
    return Nsid(data.encode("utf-8", "surrogateescape"))


def _host() -> str:
    try:
        return socket.gethostname()
    except OSError:
        return "localhost"
