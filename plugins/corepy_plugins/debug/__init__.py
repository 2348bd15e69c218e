"""*debug* puts debug lines in the log, and tracebacks of exceptions that nobody handled."""

from __future__ import annotations

from corepy.controller import Controller
from corepy.corefile.faults import argument_error


def setup(c: Controller) -> None:
    """`debug`, without arguments or a block."""
    for directive in c.directives:
        if directive.args:
            raise argument_error(directive.args[0].shown, directive.args[0].span)
        directive.bare()
    c.block.config.debug = True
