"""The verbs of the command line, one module each."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import NamedTuple


class Verb(NamedTuple):
    """A verb: the module below this package whose `run(args)` does it, and what it is for."""

    module: str
    help: str


VERBS = {
    "check": Verb("check", "read a Corefile and report every mistake, without serving"),
}


def run(verb: str, args: Sequence[str]) -> int:
    """Do it; the exit status."""
    module = importlib.import_module(f"corepy.commands.{VERBS[verb].module}")
    status: int = module.run(args)
    return status
