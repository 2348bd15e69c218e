"""`ttl`, `rcode` and `cname` rules: those that only change the answer."""

from __future__ import annotations

from corepy.corefile.token import Token
from corepy.lib import gonumber, rcodes
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.rewrite.alias import Alias
from corepy_plugins.rewrite.answers import Rcode, Ttl
from corepy_plugins.rewrite.matching import (
    MODES,
    Change,
    Match,
    changer,
    expander,
    matcher,
    normalize,
)
from corepy_plugins.rewrite.query import Query
from corepy_plugins.rewrite.rule import Action, when
from corepy_plugins.rewrite.words import Words, compiled

_HIGHEST_TTL = 2147483647
_HIGHEST_RCODE = 23


def ttl(words: Words) -> Action:
    """`[MATCH] NAME SECONDS`, or `MIN-MAX`, `-MAX`, `MIN-` in place of the seconds."""
    if len(words) < 2:
        words.fail(f"too few ({len(words)}) arguments for a ttl rule")
    if len(words) > 3:
        words.fail("invalid TTL '' for a ttl rule", words[3])
    bounds = _bounds(words[len(words) - 1].text)
    if bounds is None:
        hint = "write seconds, MIN-MAX, -MAX or MIN-"
        last = words[len(words) - 1]
        words.fail(f"invalid TTL '{last.shown}' for a ttl rule", last, hint)
    return when(_match(words.before(len(words) - 1), "ttl"), Ttl(*bounds))


def rcode(words: Words) -> Action:
    """`[MATCH] NAME FROM TO`, by name or number."""
    if len(words) < 3:
        words.fail(f"too few ({len(words)}) arguments for a rcode rule")
    if len(words) > 4:
        words.fail("invalid matching RCODE '' for a rcode rule", words[4])
    old = _rcode(words, words[len(words) - 2], "matching")
    new = _rcode(words, words[len(words) - 1], "replacement")
    return when(_match(words.before(len(words) - 2), "rcode"), Rcode(old, new))


def cname(words: Words) -> Action:
    """`[MATCH] FROM TO`, about the target of an alias in the answer."""
    if len(words) not in (2, 3):
        words.fail(f"too few ({len(words)}) arguments for a cname rule")
    mode, rest = "exact", words
    if len(words) == 3:
        mode, rest = words[0].text.lower(), words.after(1)
    if mode not in MODES:
        message = f"unknown cname rewrite type: {mode}"
        words.fail(message, words[0], did_you_mean(mode, MODES))
    old, new = rest[0].text.lower(), rest[1].text.lower()
    if mode == "exact":
        old, new = normalize(old), normalize(new)
    elif not (old and new):
        return _never
    change: Change
    if mode == "regex":
        lower = rest[0]._replace(text=old)
        message = "invalid cname rewrite regex pattern: %v"
        change = expander(compiled(words, lower, message, " in a cname rule"), new)
    else:
        change = changer(mode, old, new)
    return Alias(change)


def _never(query: Query) -> None:
    """What CoreDNS makes of a rule with an empty name."""
    del query


def _match(words: Words, kind: str) -> Match:
    """`[MATCH] NAME`."""
    if len(words) == 1:
        return matcher("exact", words[0].text)
    mode, wanted = words[0].text.lower(), words[1]
    if mode not in MODES:
        words.fail(
            f"{kind} rule supports only exact, prefix, suffix, substring, and regex name matching",
            words[0],
            did_you_mean(mode, MODES),
        )
    if mode == "regex":
        message = f"invalid regex pattern in a {kind} rule: {wanted.shown}"
        compiled(words, wanted, message, f" in a {kind} rule")
    return matcher(mode, wanted.text)


def _bounds(text: str) -> tuple[int, int] | None:
    """The least and the highest TTL; None for what is no such range."""
    parts = text.split("-")
    if len(parts) > 2 or text == "-":
        return None
    if len(parts) == 1:
        only = _number(text)
        return None if only is None else (only, only)
    least = _number(parts[0]) if parts[0] else 0
    most = _number(parts[1]) if parts[1] else _HIGHEST_TTL
    return None if least is None or most is None or least > most else (least, most)


def _number(text: str) -> int | None:
    """A number of 32 bits; None for anything else."""
    try:
        return gonumber.parse_uint(text, 10, 32)
    except ValueError:
        return None


def _rcode(words: Words, token: Token, role: str) -> int:
    text = token.text
    number = _number(text)
    if number is not None and number <= _HIGHEST_RCODE:
        return number
    found = rcodes.parse(text)
    if found is None:
        hint = did_you_mean(text, rcodes.NAMES)
        words.fail(f"invalid {role} RCODE '{token.shown}' for a rcode rule", token, hint)
    return found
