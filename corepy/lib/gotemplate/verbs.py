"""One value for one verb of Go's `printf`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from corepy.lib.gotemplate import floats
from corepy.lib.gotemplate.quoting import backquotable, quote
from corepy.lib.gotemplate.values import Struct, Uint8, Unsigned, show, type_name

_BASES: Final = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES: Final = {"b": "0b", "x": "0x", "X": "0X"}
_REPLACEMENT: Final = "\ufffd"


@dataclass(slots=True)
class Spec:
    """Flags, width and precision of a verb."""

    flags: frozenset[str] = frozenset()
    width: int | None = None
    precision: int | None = None
    literal: bool = False
    """`%#v`: as Go source shows the value."""


def render(verb: str, spec: Spec, value: Any) -> str:
    """The value as the verb shows it, or what is wrong with that."""
    if verb == "T":
        return _pad(_cut(type_name(value), spec), spec)
    if verb == "v":
        spec = Spec(spec.flags - {"#", "+"}, spec.width, spec.precision, "#" in spec.flags)
    return _value(verb, spec, value)


def _value(verb: str, spec: Spec, value: Any) -> str:
    if value is None:
        return _pad("<nil>", spec) if verb == "v" else f"%!{verb}(<nil>)"
    text = _of_kind(value)(verb, spec, value)
    if text is None:
        plain = Spec(spec.flags, spec.width, spec.precision)
        return f"%!{verb}({type_name(value)}={_value('v', plain, value)})"
    return text


def _of_kind(value: Any) -> Callable[[str, Spec, Any], str | None]:
    if isinstance(value, bool):
        return _bool
    for kind, function in _KINDS:
        if isinstance(value, kind):
            return function
    return _struct


def _pad(text: str, spec: Spec, *, zero: bool = True) -> str:
    width = spec.width
    if not width or width <= len(text):
        return text
    if "-" in spec.flags:
        return text.ljust(width)
    return text.rjust(width, "0" if zero and "0" in spec.flags else " ")


def _cut(text: str, spec: Spec) -> str:
    return text if spec.precision is None else text[: spec.precision]


def _bool(verb: str, spec: Spec, value: bool) -> str | None:
    return _pad("true" if value else "false", spec) if verb in "tv" else None


# ---- numbers


def _integer(verb: str, spec: Spec, value: int) -> str | None:
    if verb == "c":
        return _pad(_character(value), spec)
    if verb == "q":
        return _pad(quote(_character(value), "'", ascii_only="+" in spec.flags), spec)
    if verb == "U":
        return _pad(_code_point(value, spec), spec, zero=False)
    if verb == "v" and spec.literal and isinstance(value, Unsigned):
        verb, spec = "x", Spec(spec.flags | {"#"}, spec.width, spec.precision)
    base = _BASES.get(verb)
    return None if base is None else _digits(verb, base, spec, int(value))


def _digits(verb: str, base: str, spec: Spec, value: int) -> str:
    flags, least = spec.flags, spec.precision or 0
    if spec.precision == 0 and value == 0:
        return " " * (spec.width or 0)
    sign = "-" if value < 0 else "+" if "+" in flags else " " if " " in flags else ""
    if spec.precision is None and "0" in flags and "-" not in flags and spec.width:
        least = spec.width - len(sign)
    digits = format(abs(value), base).rjust(least, "0")
    if "#" in flags:
        digits = _PREFIXES.get(base, "") + digits
        if base == "o" and digits[0] != "0":
            digits = "0" + digits
    if verb == "O":
        digits = "0o" + digits
    return _pad(sign + digits, spec, zero=False)


def _character(code: int) -> str:
    if 0 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000:
        return chr(code)
    return _REPLACEMENT


def _code_point(value: int, spec: Spec) -> str:
    code = value % (1 << 64)
    text = f"U+{format(code, 'X').rjust(max(spec.precision or 0, 4), '0')}"
    if "#" in spec.flags and code <= 0x10FFFF and chr(code).isprintable():
        text += f" '{chr(code)}'"
    return text


def _float(verb: str, spec: Spec, value: float) -> str | None:
    letter = {"v": "g", "F": "f"}.get(verb, verb)
    if letter not in floats.LETTERS:
        return None
    precision = spec.precision
    if precision is None and letter in "feE":
        precision = 6
    text = floats.text(value, letter, precision)
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("+", text)
    if sign == "+" and " " in spec.flags and "+" not in spec.flags:
        sign = " "
    if digits in ("Inf", "NaN"):
        shown = digits if digits == "NaN" and not spec.flags & {" ", "+"} else sign + digits
        return _pad(shown, spec, zero=False)
    if "#" in spec.flags and letter != "b":
        digits = floats.pointed(digits, letter, -1 if precision is None else precision)
    if "+" not in spec.flags and sign == "+":
        return _pad(digits, spec)
    if "0" in spec.flags and "-" not in spec.flags and spec.width:
        return sign + digits.rjust(spec.width - 1, "0")
    return _pad(sign + digits, spec)


def _complex(verb: str, spec: Spec, value: complex) -> str | None:
    real = _float(verb, spec, value.real)
    signed = Spec(spec.flags | {"+"}, spec.width, spec.precision)
    imaginary = _float(verb, signed, value.imag)
    return None if real is None or imaginary is None else f"({real}{imaginary}i)"


# ---- texts and what is made of other values


def _string(verb: str, spec: Spec, value: str) -> str | None:
    if verb == "q" or (verb == "v" and spec.literal):
        text = _cut(value, spec)
        if "#" in spec.flags and backquotable(text):
            return _pad(f"`{text}`", spec)
        return _pad(quote(text, ascii_only="+" in spec.flags), spec)
    if verb in "sv":
        return _pad(_cut(value, spec), spec)
    if verb in "xX":
        return _hexadecimal(verb, spec, value.encode("utf-8", "surrogateescape"))
    return None


def _hexadecimal(verb: str, spec: Spec, octets: bytes) -> str:
    if spec.precision is not None:
        octets = octets[: spec.precision]
    if not octets:
        return _pad("", spec)
    prefix = "0x" if "#" in spec.flags else ""
    if " " in spec.flags:
        text = prefix + octets.hex(" ").replace(" ", " " + prefix)
    else:
        text = prefix + octets.hex()
    return _pad(text.upper() if verb == "X" else text, spec)


def _list(verb: str, spec: Spec, value: list[Any]) -> str:
    if verb in "sqxX" and value and isinstance(value[0], Uint8):
        text = bytes(value).decode("utf-8", "surrogateescape")
        return _string(verb, spec, text) or ""
    parts = [_item(verb, spec, item) for item in value]
    if spec.literal:
        return f"{type_name(value)}{{{', '.join(parts)}}}"
    return f"[{' '.join(parts)}]"


def _dict(verb: str, spec: Spec, value: dict[str, Any]) -> str:
    parts = [f"{_value(verb, spec, key)}:{_item(verb, spec, value[key])}" for key in sorted(value)]
    if spec.literal:
        return f"{type_name(value)}{{{', '.join(parts)}}}"
    return f"map[{' '.join(parts)}]"


def _item(verb: str, spec: Spec, value: Any) -> str:
    if value is None:
        return "interface {}(nil)" if spec.literal else "<nil>"
    return _value(verb, spec, value)


def _struct(verb: str, spec: Spec, value: Any) -> str | None:
    if verb in "vsxXq":
        text = value.text() if isinstance(value, Struct) else show(value)
        return _string(verb, spec, text)
    return None


_KINDS: Final[tuple[tuple[type, Callable[[str, Spec, Any], str | None]], ...]] = (
    (str, _string),
    (int, _integer),
    (float, _float),
    (list, _list),
    (dict, _dict),
    (complex, _complex),
)
