"""*cache* keeps answers and gives them again until their TTL runs out."""

from __future__ import annotations

from corepy.controller import Controller
from corepy_plugins.cache.handler import Cache
from corepy_plugins.cache.options import parse


def setup(c: Controller) -> Cache:
    """Read `cache [TTL] [ZONES...] { ... }`."""
    return Cache(parse(c), published=lambda: _has_metadata(c))


def _has_metadata(c: Controller) -> bool:
    return any(block is c.block and name == "metadata" for block, name, _ in c.host.plugins)
