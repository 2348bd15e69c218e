"""The `cache` directive: its arguments and properties, checked, with CoreDNS's defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from corepy import names
from corepy.controller import Controller
from corepy.corefile.faults import BareError, argument_error
from corepy.corefile.line import Directive, Property
from corepy.corefile.token import Token
from corepy.errors import ConfigError, WireError
from corepy.lib.suggest import hint as did_you_mean
from corepy.zone import Zones

_NUMBER = re.compile(r"[+-]?[0-9]+")
_LONGEST_TTL = 2**32 - 1
_LONGEST_FAILURE = 300.0
_PROPERTIES = (
    "success",
    "denial",
    "prefetch",
    "serve_stale",
    "serve_stale_policy",
    "servfail",
    "disable",
    "keepttl",
)
_MODES = ("immediate", "verify")


@dataclass(slots=True)
class Limits:
    """How many answers of one type are kept, and for how many seconds at least and at most."""

    longest: int
    capacity: int = 10_000
    shortest: int = 5
    excepted: Zones | None = None  # the zones whose answers of this type are not kept


@dataclass(slots=True)
class Prefetch:
    """When an answer is asked for again before it runs out; `amount` 0 is never.

    It has been asked for `amount` times without a pause of over `gap` seconds, and no more than
    `percentage` of its life is left.
    """

    amount: int = 0
    gap: float = 60.0
    percentage: int = 10


@dataclass(slots=True)
class Stale:
    """How expired answers are used. All times in seconds; `up_to` 0 is not at all."""

    up_to: float = 0.0
    verify: bool = False
    timeout: float = 0.0  # of verify; 0 waits as long as the upstream does
    ttl: int = 0
    recheck: float = 0.0
    prefer_positive: bool = False


@dataclass(slots=True)
class Options:
    """All that a `cache` directive says."""

    zones: tuple[str, ...] = (".",)
    success: Limits = field(default_factory=lambda: Limits(3600))
    denial: Limits = field(default_factory=lambda: Limits(1800))
    prefetch: Prefetch = field(default_factory=Prefetch)
    stale: Stale = field(default_factory=Stale)
    failure: float = 5.0  # seconds that SERVFAIL and NOTIMP are kept
    keep_ttl: bool = False


def parse(c: Controller) -> Options:
    """The options of the only `cache` directive of the block; raises `ConfigError`."""
    directive = c.once()
    options = Options()
    options.zones = c.zones(_after_ttl(c, directive, options))
    seen: dict[str, Property] = {}
    for prop in directive.body:
        _property(c, prop, options, seen)
        seen[prop.name.text] = prop
    policy = seen.get("serve_stale_policy")
    if policy and "serve_stale" not in seen:
        hint = "add a line `serve_stale`"
        raise _error("serve_stale_policy requires serve_stale", policy.name, hint)
    return options


def _after_ttl(c: Controller, directive: Directive, options: Options) -> list[Token]:
    """Read the leading TTL if there is one; the arguments behind it."""
    args = directive.args
    if not args:
        return args
    if _NUMBER.fullmatch(args[0].text) and _fits(int(args[0].text)):
        options.success.longest = options.denial.longest = _ttl(args[0])
        return args[1:]
    if args[0].text[:1].isdigit() and re.fullmatch(r"[0-9]+(ms|s|m|h)", args[0].text):
        c.warn(
            f"cache: '{args[0].text}' is taken for a zone",
            args[0],
            "a TTL is a bare number of seconds",
        )
    return args


def _property(c: Controller, prop: Property, options: Options, seen: dict[str, Property]) -> None:
    match prop.name.text:
        case "success":
            _limits(c, prop, options.success)
        case "denial":
            _limits(c, prop, options.denial)
        case "prefetch":
            options.prefetch = _prefetch(prop, options.prefetch)
        case "serve_stale":
            options.stale = _stale(prop, options.stale)
        case "serve_stale_policy":
            _policy(prop, options.stale, again=prop.name.text in seen)
        case "servfail":
            options.failure = _failure(prop)
        case "disable":
            _disable(c, prop, options)
        case "keepttl":
            _args(prop, 0, 0)
            options.keep_ttl = True
        case other:
            hint = did_you_mean(other, _PROPERTIES) or "one of: " + ", ".join(_PROPERTIES)
            raise argument_error(prop.name.shown, prop.name.span, hint=hint)


# ---- one property each


def _limits(c: Controller, prop: Property, limits: Limits) -> None:
    """`success|denial CAPACITY [TTL [MINTTL]]`."""
    args = prop.count(1)
    limits.capacity = _integer(args[0])
    if len(args) > 1:
        limits.longest = _ttl(args[1])
    if len(args) > 2:
        shortest = _integer(args[2])
        if shortest < 0:
            raise _error(f"cache min TTL can not be negative: {shortest}", args[2])
        limits.shortest = min(shortest, _LONGEST_TTL)
    if len(args) > 3:
        c.warn(f"cache: '{args[3].shown}' after '{prop.name.text}' has no meaning", args[3])


def _prefetch(prop: Property, before: Prefetch) -> Prefetch:
    """`prefetch AMOUNT [DURATION [PERCENTAGE%]]`; what is left out stays as it was."""
    args = _args(prop, 1, 3)
    amount = _integer(args[0])
    if amount < 0:
        raise _error(f"prefetch amount should be positive: {amount}", args[0])
    gap = _seconds(prop, 1) if len(args) > 1 else before.gap
    percentage = _percentage(args[2]) if len(args) > 2 else before.percentage
    return Prefetch(amount, gap, percentage)


def _percentage(token: Token) -> int:
    text = token.text
    if not text.endswith("%"):
        message = f"last character of percentage should be `%`, but is: '{text[-1:]}'"
        raise _error(message, token, f"write {text}%" if text.isdigit() else None)
    number = _integer(token, text[:-1])
    if not 10 <= number <= 90:
        raise _error(f"percentage should fall in range [10, 90]: {number}", token)
    return number


def _stale(prop: Property, before: Stale) -> Stale:
    """`serve_stale [DURATION [immediate [TTL [RECHECK]] | verify [TIMEOUT [TTL [RECHECK]]]]]`."""
    args = _args(prop, 0, 5)
    stale = Stale(up_to=3600.0, prefer_positive=before.prefer_positive)
    if args:
        stale.up_to = _not_negative(prop, 0, "invalid negative duration for serve_stale")
    if len(args) > 1:
        stale.verify = _mode(args[1]) == "verify"
    at = 2
    if stale.verify and len(args) > at:
        with_place = "invalid serve_stale verify timeout"
        stale.timeout = _not_negative(
            prop, at, "invalid negative timeout for serve_stale verify", with_place
        )
        at += 1
    elif not stale.verify:
        _args(prop, 0, 4)
    if len(args) > at:
        stale.ttl = _stale_ttl(prop, at)
    if len(args) > at + 1:
        stale.recheck = _recheck(prop, at + 1)
    return stale


def _mode(token: Token) -> str:
    mode = token.text.lower()
    if mode not in _MODES:
        hint = did_you_mean(mode, _MODES) or "one of: immediate, verify"
        raise _error(f"invalid value for serve_stale refresh mode: {mode}", token, hint)
    return mode


def _stale_ttl(prop: Property, at: int) -> int:
    what = "serve_stale response TTL"
    ttl = _not_negative(
        prop, at, "invalid negative response TTL for serve_stale", f"invalid {what}"
    )
    if ttl % 1:
        raise _error(f"{what} must be a whole number of seconds", prop.args[at])
    if ttl > _LONGEST_TTL:
        raise _error(f"{what} exceeds the DNS TTL range", prop.args[at])
    return int(ttl)


def _recheck(prop: Property, at: int) -> float:
    recheck = _not_negative(
        prop,
        at,
        "invalid negative failure recheck for serve_stale",
        "invalid serve_stale failure recheck",
    )
    if recheck > _LONGEST_FAILURE:
        raise _error("serve_stale failure recheck cannot exceed 5 minutes", prop.args[at])
    return recheck


def _policy(prop: Property, stale: Stale, *, again: bool) -> None:
    """`serve_stale_policy prefer_positive`."""
    if again:
        raise _error("serve_stale_policy can only be specified once", prop.name)
    token = _args(prop, 1, 1)[0]
    if token.text.lower() != "prefer_positive":
        message = f"invalid serve_stale_policy: {token.shown}"
        raise _error(message, token, "the only policy is prefer_positive")
    stale.prefer_positive = True


def _failure(prop: Property) -> float:
    """`servfail DURATION`."""
    token = _args(prop, 1, 1)[0]
    seconds = _not_negative(prop, 0, "invalid negative ttl for servfail")
    if seconds > _LONGEST_FAILURE:
        message = "caching SERVFAIL responses over 5 minutes is not permitted"
        raise _error(message, token, "RFC 2308 section 7.1")
    return seconds


def _disable(c: Controller, prop: Property, options: Options) -> None:
    """`disable success|denial [ZONES...]`; without zones all names."""
    kind, *zones = prop.count(1)
    if kind.text not in ("success", "denial"):
        hint = did_you_mean(kind.text, ("success", "denial"))
        message = 'cache type for disable must be "success" or "denial"'
        raise _error(message, kind, hint)
    limits = options.success if kind.text == "success" else options.denial
    limits.excepted = Zones([zone.text for zone in zones if _is_name(c, zone)] if zones else ["."])


def _is_name(c: Controller, token: Token) -> bool:
    try:
        names.from_text(token.text)
    except WireError:
        c.warn(f"cache: '{token.shown}' is no domain name, so nothing is below it", token)
        return False
    return True


# ---- values


def _error(message: str, token: Token, hint: str | None = None) -> ConfigError:
    """A mistake CoreDNS names without its place."""
    return BareError(message, token.span, hint)


def _args(prop: Property, least: int, most: int) -> list[Token]:
    """The arguments; unlike most plugins this one takes no `}` among them."""
    args = prop.count(least)
    if len(args) > most:
        raise argument_error(args[-1].shown, args[-1].span)
    return args


def _integer(token: Token, text: str | None = None) -> int:
    text = token.text if text is None else text
    if not _NUMBER.fullmatch(text):
        raise _error(f'strconv.Atoi: parsing "{text}": invalid syntax', token)
    number = int(text)
    if not _fits(number):
        raise _error(f'strconv.Atoi: parsing "{text}": value out of range', token)
    return number


def _fits(number: int) -> bool:
    return -(2**63) <= number < 2**63


def _ttl(token: Token) -> int:
    ttl = _integer(token)
    if ttl <= 0:
        raise BareError(f"cache TTL can not be zero or negative: {ttl}", token.span)
    return min(ttl, _LONGEST_TTL)


def _not_negative(prop: Property, at: int, negative: str, invalid: str = "") -> float:
    """The duration at `at`, in seconds; the messages are for one below 0 and for no duration."""
    seconds = _seconds(prop, at, f"{invalid}: " if invalid else "")
    if seconds < 0:
        raise _error(negative, prop.args[at])
    return seconds


def _seconds(prop: Property, at: int, before: str = "") -> float:
    try:
        return prop.duration(at)
    except ConfigError as error:
        raise BareError(before + error.message, error.span, error.hint) from None
