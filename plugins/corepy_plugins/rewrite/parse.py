"""Reads one `rewrite` directive: how it goes on, the field, and the field's own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from corepy.corefile.faults import BareError
from corepy.corefile.line import Directive
from corepy.corefile.token import Token
from corepy.lib import mnemonics
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.rewrite.parse_answer import cname, rcode, ttl
from corepy_plugins.rewrite.parse_edns import edns0
from corepy_plugins.rewrite.parse_name import name
from corepy_plugins.rewrite.query import Query
from corepy_plugins.rewrite.rule import NOTHING, Action, Rule, Undo
from corepy_plugins.rewrite.words import Words

_STOP: Final = "stop"
_CONTINUE: Final = "continue"


def parse(directive: Directive) -> Rule:
    """The rule of one directive; raises `ConfigError` with CoreDNS's message."""
    tokens = list(directive.args)
    if len(tokens) < 2:
        tokens += [token for prop in directive.body for token in (prop.name, *prop.args)]
    elif directive.brace:
        # CoreDNS takes the block for another directive, which has no words then.
        hint = "put the whole rule inside the block, or on the line"
        raise BareError("no rule type specified for rewrite", directive.brace.span, hint)
    words = Words(directive.name, tokens)
    if not words:
        words.fail("no rule type specified for rewrite")
    mode = words[0].text.lower()
    if mode not in (_STOP, _CONTINUE):
        return Rule(_action(words, tokens[0]), stop=True)
    if len(words) < 2:
        words.fail(f"{mode} rule must begin with a rule type")
    return Rule(_action(words.after(1), tokens[0]), stop=mode == _STOP)


def _action(words: Words, first: Token) -> Action:
    field = words[0].text.lower()
    read = _FIELDS.get(field)
    if read is None:
        hint = did_you_mean(field, _FIELDS) or "one of: " + ", ".join(sorted(_FIELDS))
        words.fail(f'invalid rule type "{first.shown}"', words[0], hint)
    return read(words.after(1))


def _answer(words: Words) -> NoReturn:
    hint = "put answer rules behind a name rule, in the same directive"
    words.fail("response rewrites must begin with a name rule", words.name, hint)


def _type(words: Words) -> Action:
    old, new = _pair(words, "type", mnemonics.type_number)

    def apply(query: Query) -> Sequence[Undo] | None:
        if query.qtype != old:
            return None
        query.qtype = new
        return NOTHING

    return apply


def _class(words: Words) -> Action:
    old, new = _pair(words, "class", mnemonics.class_number)

    def apply(query: Query) -> Sequence[Undo] | None:
        if query.qclass != old:
            return None
        query.qclass = new
        return NOTHING

    return apply


def _pair(words: Words, kind: str, number: Callable[[str], int | None]) -> tuple[int, int]:
    """The two mnemonics of a type or class rule, as numbers."""
    if len(words) != 2:
        words.fail(f"{kind} rules must have exactly two arguments")
    found: list[int] = []
    for word in words:
        value = number(word.text.upper())
        if value is None:
            words.fail(f'invalid {kind} "{word.shown.upper()}"', word)
        found.append(value)
    return found[0], found[1]


_FIELDS: Final[dict[str, Callable[[Words], Action]]] = {
    "name": name,
    "type": _type,
    "class": _class,
    "edns0": edns0,
    "ttl": ttl,
    "cname": cname,
    "rcode": rcode,
    "answer": _answer,
}
