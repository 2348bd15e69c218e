"""*rewrite* changes questions on their way in and answers on their way out."""

from __future__ import annotations

from corepy import Controller
from corepy_plugins.rewrite.handler import Rewrite
from corepy_plugins.rewrite.parse import parse


def setup(c: Controller) -> Rewrite:
    """`rewrite [continue|stop] FIELD ...`, on a line or in a block, any number of times."""
    return Rewrite([parse(directive) for directive in c.directives])
