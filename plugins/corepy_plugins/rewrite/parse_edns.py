"""`edns0` rules."""

from __future__ import annotations

from corepy import wire
from corepy.corefile.token import Token
from corepy.lib import gonumber
from corepy.lib.suggest import hint as did_you_mean
from corepy.reply import ECHOED_OPTIONS
from corepy_plugins.rewrite import edns
from corepy_plugins.rewrite.rule import Action
from corepy_plugins.rewrite.words import Words

_KINDS = ("local", "nsid", "subnet")


def edns0(words: Words) -> Action:
    """`(local|nsid|subnet) (set|append|replace|unset) ... [revert]`."""
    if len(words) < 2:
        words.fail("too few arguments for an EDNS0 rule")
    kind, action = words[0].text.lower(), words[1].text.lower()
    if action not in edns.ACTIONS:
        hint = did_you_mean(action, edns.ACTIONS) or "one of: " + ", ".join(edns.ACTIONS)
        words.fail(f'invalid action: "{action}"', words[1], hint)
    if kind not in _KINDS:
        hint = did_you_mean(kind, _KINDS) or "one of: " + ", ".join(_KINDS)
        words.fail(f'invalid rule type "{kind}"', words[0], hint)
    if action == "unset":
        return _unset(words, kind)
    revert = words[len(words) - 1].text == "revert"
    if revert:
        words = words.before(len(words) - 1)
    if kind == "local":
        return _local(words, action, revert=revert)
    if kind == "nsid":
        return _nsid(words, action, revert=revert)
    return _subnet(words, action, revert=revert)


def _unset(words: Words, kind: str) -> Action:
    if kind == "local":
        if len(words) != 3:
            words.fail("local unset action requires exactly two arguments")
        return edns.unset(_code(words, words[2]))
    if len(words) != 2:
        words.fail(f"{kind} unset action requires exactly one argument")
    return edns.unset(edns.NSID if kind == "nsid" else wire.CLIENT_SUBNET)


def _nsid(words: Words, action: str, *, revert: bool) -> Action:
    if len(words) != 2:
        words.fail("EDNS0 NSID rules can accept no more than one arg")
    return edns.Put(action, edns.NSID, lambda _: b"", revert=revert, local=False, alone=False)


def _subnet(words: Words, action: str, *, revert: bool) -> Action:
    if len(words) != 4:
        words.fail("EDNS0 subnet rules require three or four args")
    v4, v6 = _mask(words, words[2], 4), _mask(words, words[3], 6)
    data = edns.subnet(v4, v6)
    return edns.Put(action, wire.CLIENT_SUBNET, data, revert=revert, local=False, alone=True)


def _mask(words: Words, token: Token, family: int) -> int:
    bits = _number(words, token)
    if bits > (32 if family == 4 else 128):
        words.fail(f"invalid IPv{family} bit mask length {bits}", token)
    return bits


def _local(words: Words, action: str, *, revert: bool) -> Action:
    if len(words) != 4:
        words.fail("EDNS0 local rules require three or four args")
    code, value = words[2], words[3]
    number = _number(words, code)
    if value.text.startswith("{") and value.text.endswith("}"):
        data, variable = _variable(words, value), True
    else:
        data, variable = _literal(words, value), False
    ECHOED_OPTIONS.add(number)
    return edns.Put(action, number, data, revert=revert, local=True, alone=variable)


def _code(words: Words, token: Token) -> int:
    number = _number(words, token)
    ECHOED_OPTIONS.add(number)
    return number


def _variable(words: Words, token: Token) -> edns.Data:
    data = edns.VARIABLES.get(token.text)
    if data is not None:
        return data
    label = token.text[1:-1]
    if not edns.is_label(label):
        hint = did_you_mean(token.text, edns.VARIABLES)
        words.fail(f'unsupported variable name "{token.shown}"', token, hint)
    return edns.label(label)


def _literal(words: Words, token: Token) -> edns.Data:
    text = token.text
    if text.startswith("0x"):
        fixed = _hex(words, token)
    else:
        fixed = text.encode("utf-8", "surrogateescape")
    return lambda _: fixed


def _hex(words: Words, token: Token) -> bytes:
    """Octets behind `0x`, with the complaints of Go's encoding/hex."""
    digits = token.text[2:]
    for digit in digits:
        if digit not in "0123456789abcdefABCDEF":
            shown = f"U+{ord(digit):04X} '{digit}'"
            words.fail(f"encoding/hex: invalid byte: {shown}", token)
    if len(digits) % 2:
        words.fail("encoding/hex: odd length hex string", token)
    return bytes.fromhex(digits)


def _number(words: Words, token: Token) -> int:
    """A number of 16 bits in any base that Go reads."""
    try:
        return gonumber.parse_uint(token.text, 0, 16)
    except ValueError as error:
        words.fail(str(error), token)
