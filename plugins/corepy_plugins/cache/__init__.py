"""*cache* keeps answers and gives them again until their TTL runs out."""

from __future__ import annotations

from corepy.controller import Controller
from corepy.lib import labels
from corepy_plugins.cache.handler import Cache
from corepy_plugins.cache.options import parse


def setup(c: Controller) -> Cache:
    """Read `cache [TTL] [ZONES...] { ... }`."""
    return Cache(parse(c), published=lambda: labels.in_use(c))
