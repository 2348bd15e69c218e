"""*log* writes a line to the log for each query that is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from corepy import names
from corepy.controller import Controller
from corepy.corefile.faults import BareError, argument_error
from corepy.corefile.line import Directive, Property
from corepy.corefile.token import Token
from corepy.errors import WireError
from corepy.lib.classify import Class
from corepy.lib.replacer import Format
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.log.rule import Log, Rule

COMMON: Final = (
    '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" '
    "{rcode} {>rflags} {rsize} {duration}"
)
COMBINED: Final = COMMON + ' "{>opcode}"'


def setup(c: Controller) -> Log:
    """`log [NAMES...] [FORMAT] { class CLASSES... }`, any number of times."""
    return Log([rule for directive in c.directives for rule in _rules(c, directive)])


def _rules(c: Controller, directive: Directive) -> list[Rule]:
    scopes: Sequence[Token] = directive.args
    text = COMMON
    if len(scopes) > 1 and "{" in scopes[-1].text:
        text = scopes[-1].text.replace("{common}", COMMON).replace("{combined}", COMBINED)
        scopes = scopes[:-1]
    elif len(scopes) == 1 and "{" in scopes[0].text:
        message = f"'{scopes[0].text}' is taken for a name, not for a format"
        c.warn(message, scopes[0], "a format needs a name before it, such as '.'")
    form, classes = Format(text), _classes(directive)
    if not scopes:
        return [Rule(b"\0", form, classes)]
    found = [_scope(token.text) for token in scopes]
    return [Rule(scope, form, classes) for scope in found if scope is not None]


def _scope(text: str) -> bytes | None:
    """A name as it is compared; None for one that no query can have, as CoreDNS takes it too."""
    try:
        return names.from_text(text).lower()
    except WireError:
        return None


def _classes(directive: Directive) -> frozenset[Class]:
    chosen = [_class(token) for prop in directive.body for token in _words(prop)]
    return frozenset(chosen or [Class.ALL])


def _words(prop: Property) -> list[Token]:
    if prop.name.text != "class":
        prop.unknown("class")
    if not prop.args:
        raise argument_error(prop.name.text, prop.name.span)
    return prop.args


def _class(token: Token) -> Class:
    known = [one.value for one in Class]
    if token.text not in known:
        hint = did_you_mean(token.text, known) or "one of: " + ", ".join(known)
        raise BareError(f"invalid Class: {token.shown}", token.span, hint)
    return Class(token.text)
