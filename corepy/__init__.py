"""corepy: a DNS server that runs CoreDNS Corefiles, with plugins in Python.

These names are the interface for plugin authors; they stay what they are within a major version.
The decorator that gives a plugin its place in the chain is `corepy.plugin.plugin`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corepy.controller import Controller as Controller
    from corepy.corefile import Directive as Directive
    from corepy.corefile import Property as Property
    from corepy.corefile import Token as Token
    from corepy.ends import Peer as Peer
    from corepy.errors import ConfigError as ConfigError
    from corepy.errors import CorepyError as CorepyError
    from corepy.lib.fallthrough import Fallthrough as Fallthrough
    from corepy.plugin import Handler as Handler
    from corepy.plugin import Next as Next
    from corepy.plugin import Plugin as Plugin
    from corepy.record import Record as Record
    from corepy.request import Request as Request
    from corepy.response import DROP as DROP
    from corepy.response import FOREVER as FOREVER
    from corepy.response import Edns as Edns
    from corepy.response import Response as Response
    from corepy.zone import Zones as Zones

_HOME = {
    "Controller": "corepy.controller",
    "Directive": "corepy.corefile",
    "Property": "corepy.corefile",
    "Token": "corepy.corefile",
    "Peer": "corepy.ends",
    "ConfigError": "corepy.errors",
    "CorepyError": "corepy.errors",
    "Fallthrough": "corepy.lib.fallthrough",
    "Handler": "corepy.plugin",
    "Next": "corepy.plugin",
    "Plugin": "corepy.plugin",
    "Record": "corepy.record",
    "Request": "corepy.request",
    "DROP": "corepy.response",
    "FOREVER": "corepy.response",
    "Edns": "corepy.response",
    "Response": "corepy.response",
    "Zones": "corepy.zone",
}

__all__ = list(_HOME)  # pyright: ignore[reportUnsupportedDunderAll] - the table above is the list


def __getattr__(name: str) -> Any:
    # Loaded on first use: `corepy -version` should not have to import the DNS side.
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'corepy' has no attribute '{name}'")
