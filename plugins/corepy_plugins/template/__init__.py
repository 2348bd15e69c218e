"""*template* makes answers out of the question, by Go templates in the Corefile."""

from __future__ import annotations

from corepy import Controller
from corepy_plugins.template.counters import Counters
from corepy_plugins.template.handler import Templates
from corepy_plugins.template.options import parse


def setup(c: Controller) -> Templates:
    """`template CLASS TYPE [ZONES...] { match, answer, rcode, ... }`, any number of times."""
    return Templates([parse(c, directive) for directive in c.directives], Counters(c))
