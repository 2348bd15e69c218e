"""*secondary* serves zones that it fetches from their primary servers."""

from __future__ import annotations

from corepy import Controller
from corepy.lib.notices import teller
from corepy_plugins.secondary.handler import Secondary
from corepy_plugins.secondary.options import parse


def setup(c: Controller) -> Secondary:
    """`secondary [ZONES...] { transfer from ADDRESS...; catalog; fallthrough }`."""
    return Secondary(parse(c), teller(c), c.log)
