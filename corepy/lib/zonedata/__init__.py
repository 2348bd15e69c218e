"""Zones in memory, made for answering: one store for all plugins that serve whole zones.

A zone is a `ZoneData`: records in wire form under lower-case names, read by `load` from a master
file or filled by `add` from anywhere else (a transfer, a cloud's API) and closed with `finish`.
Its content never changes after that; a newer zone is a new object, made with `Amendment` where only
the differences are known. `find` answers a question by the rules of RFC 1034 section 4.3.2 as
CoreDNS applies them, `respond` does so for a request.
"""

from __future__ import annotations

from corepy.lib.zonedata.amend import Amendment
from corepy.lib.zonedata.answer import Answer, Result
from corepy.lib.zonedata.errors import Unchanged, ZoneError
from corepy.lib.zonedata.files import Sources
from corepy.lib.zonedata.find import find
from corepy.lib.zonedata.load import load
from corepy.lib.zonedata.respond import chase, look_up, special
from corepy.lib.zonedata.store import ZoneData

__all__ = [
    "Amendment",
    "Answer",
    "Result",
    "Sources",
    "Unchanged",
    "ZoneData",
    "ZoneError",
    "chase",
    "find",
    "load",
    "look_up",
    "special",
]
