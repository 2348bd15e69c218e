"""*multisocket* has several processes serve the same ports, to use more than one processor."""

from __future__ import annotations

import re
from typing import Final

from corepy import Controller
from corepy.corefile.faults import BareError, argument_error
from corepy.lib.cpus import usable

MOST: Final = 1024
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")


def setup(c: Controller) -> None:
    """`multisocket [NUMBER]`; of all server blocks the largest number counts."""
    directive = c.directives[0]
    if len(directive.args) > 1:
        last = directive.args[-1]
        raise argument_error(last.shown, last.span)
    if directive.brace:
        raise argument_error("", directive.brace.span, brace=True)
    for again in c.directives[1:]:
        raise argument_error(again.name.text, again.name.span)
    here = usable()
    wanted = _number(c) if directive.args else here
    if wanted > here:
        message = f"multisocket {wanted} starts as many processes as there are processors: {here}"
        c.warn(message, directive.args[0], "the flag -workers takes any number")
    c.block.config.extras["multisocket"] = min(wanted, here)


def _number(c: Controller) -> int:
    token = c.args[0]
    text = token.text
    if not _INTEGER.fullmatch(text):
        message = f'invalid num sockets: strconv.Atoi: parsing "{text}": invalid syntax'
        raise BareError(message, token.span)
    number = int(text)
    if not -(2**63) <= number < 2**63:
        message = f'invalid num sockets: strconv.Atoi: parsing "{text}": value out of range'
        raise BareError(message, token.span)
    if number < 1:
        raise BareError(f"num sockets can not be zero or negative: {number}", token.span)
    if number > MOST:
        raise BareError(f"num sockets exceeds maximum ({MOST}): {number}", token.span)
    return number
