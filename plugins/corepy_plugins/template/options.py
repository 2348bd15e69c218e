"""Reads one `template` directive."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from corepy import Controller
from corepy.corefile.faults import argument_error
from corepy.corefile.line import Directive, Property
from corepy.corefile.token import Token
from corepy.errors import ConfigError
from corepy.lib import expression, gonumber, mnemonics, rcodes, regex
from corepy.lib.expression import EvaluationError, ExpressionError, External, Program, Variable
from corepy.lib.expression.natures import ANY, STRING
from corepy.lib.expression.query import query_names
from corepy.lib.fallthrough import Fallthrough
from corepy.lib.gotemplate import Method, Template, TemplateError, Uint64, method
from corepy.lib.suggest import hint as did_you_mean
from corepy.zone import Zones
from corepy_plugins.template.data import Data
from corepy_plugins.template.rule import Rule, assignment, condition

_PROPERTIES: Final = (
    "match", "answer", "additional", "authority", "rcode", "ederror", "fallthrough", "var", "expr",
    "upstream",
)  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_EXTENDED_ERROR: Final = 15
_EVERYTHING: Final = regex.compile(".*")


def _parse_int(text: str, base: int, bits: int) -> int:
    return Uint64(gonumber.parse_uint(text, base, bits))


FUNCTIONS: Final[dict[str, Method]] = {"parseInt": method(_parse_int, "string", "int", "int")}
"""What templates have beside Go's own functions."""


def _group(data: Data, which: object) -> str:
    if isinstance(which, str) or (isinstance(which, int) and not isinstance(which, bool)):
        return data.groups.get(str(which), "")
    raise EvaluationError("group takes a number or a name")


def parse(c: Controller, directive: Directive) -> Rule:
    """The rule of one directive; raises `ConfigError` with CoreDNS's message."""
    args = directive.args
    if not args or len(args) < 2:
        directive.count(2)
    qclass = mnemonics.class_number(args[0].text)
    if qclass is None:
        hint = did_you_mean(args[0].text, ("IN", "CH", "HS", "ANY"))
        raise directive.error(f"invalid query class {args[0].shown}", args[0], hint)
    qtype = mnemonics.type_number(args[1].text)
    if qtype is None:
        hint = "type names are in capitals" if args[1].text.islower() else None
        raise directive.error(f"invalid RR class {args[1].shown}", args[1], hint)
    rule = Rule(qclass, qtype, Zones(c.zones(args[2:])))
    names = dict(query_names(lambda data: data.request))
    names["group"] = External.of(_group, STRING, ANY, fails=True)
    for prop in directive.body:
        _property(c, prop, rule, names)
    rule.patterns = rule.patterns or [_EVERYTHING]
    return rule


def _property(
    c: Controller, prop: Property, rule: Rule, names: dict[str, Variable | External]
) -> None:
    match prop.name.text:
        case "match":
            rule.patterns += [_pattern(prop, token) for token in prop.count(1)]
        case "answer" | "additional" | "authority" as section:
            templates = [_template(prop, section, token) for token in prop.count(1)]
            getattr(rule, section).extend(templates)
        case "rcode":
            rule.rcode = _rcode(prop)
        case "ederror":
            rule.option = _extended_error(prop)
        case "fallthrough":
            rule.fallthrough = _fallthrough(c, prop)
        case "var":
            _variable(prop, rule, names)
        case "expr":
            program = _program(prop, prop.count(1), names)
            rule.steps.append(condition(program))
            rule.volatile |= program.volatile
        case "upstream":
            c.warn("upstream has no effect: aliases are always looked up", prop.name)
        case _:
            hint = did_you_mean(prop.name.text, _PROPERTIES)
            raise argument_error(prop.name.text, prop.name.span, hint=hint)


def _pattern(prop: Property, token: Token) -> regex.Pattern:
    size = len(token.text.encode("utf-8", "surrogateescape"))
    if size > regex.MAX_LENGTH:
        raise prop.error(f"regex pattern too long: {size} > {regex.MAX_LENGTH}", token)
    try:
        return regex.compile(token.text)
    except regex.RegexError as error:
        raise prop.error(f"could not parse regex: {token.shown}, {error}", token) from None


def _template(prop: Property, section: str, token: Token) -> Template:
    try:
        return Template(section, token.text, FUNCTIONS)
    except TemplateError as error:
        shown = prop.args[-1].shown
        raise prop.error(f"could not compile template: {shown}, {error}", token) from None


def _rcode(prop: Property) -> int:
    token = prop.only()
    found = rcodes.parse(token.text) if token.text in rcodes.NAMES else None
    if found is None:
        hint = did_you_mean(token.text, rcodes.NAMES)
        raise prop.error(f"unknown rcode {token.shown}", token, hint)
    return found


def _extended_error(prop: Property) -> bytes:
    """Code and text as an EDNS option in wire form (RFC 8914)."""
    args = prop.count(1, 2)
    try:
        code = gonumber.parse_uint(args[0].text, 10, 16)
    except ValueError as error:
        message = f"error parsing extended DNS error code {args[-1].shown}, {error}"
        raise prop.error(message, args[0]) from None
    text = args[1].text.encode("utf-8", "surrogateescape") if len(args) > 1 else b""
    size = len(text) + 2
    head = _EXTENDED_ERROR.to_bytes(2, "big") + size.to_bytes(2, "big")
    return head + code.to_bytes(2, "big") + text


def _fallthrough(c: Controller, prop: Property) -> Fallthrough:
    zones = c.zones(prop.args) if prop.args else (".",)
    if not zones:
        c.warn("fallthrough names no valid zone and passes nothing on", prop.args[0])
        return Fallthrough()
    return Fallthrough(zones)


def _variable(prop: Property, rule: Rule, names: dict[str, Variable | External]) -> None:
    name, *words = prop.count(2)
    text = name.text
    if not _NAME.fullmatch(text):
        raise prop.error(f'invalid variable name "{name.shown}"', name)
    if text in expression.RESERVED or text in names:
        raise prop.error(f'variable name "{name.shown}" is reserved', name)
    program = _program(prop, words, names)
    rule.steps.append(assignment(text, program))
    rule.volatile |= program.volatile
    names[text] = Variable(_getter(text), program.nature)


def _getter(name: str) -> Callable[[Data], object]:
    return lambda data: data.variables[name]


def _program(prop: Property, words: list[Token], names: dict[str, Variable | External]) -> Program:
    try:
        return expression.compile(" ".join(word.text for word in words), names)
    except ExpressionError as fault:
        raise _misread(prop, words, fault) from None


def _misread(prop: Property, words: list[Token], fault: ExpressionError) -> ConfigError:
    """The error at the word of the expression that it is about."""
    column = fault.column
    for word in words:
        if column <= len(word.text):
            return prop.error(fault.summary, word)
        column -= len(word.text) + 1
    return prop.error(fault.summary, words[-1])
