"""Go's `fmt`: print, println and printf with the verbs that make sense for templates' values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from corepy.lib.gotemplate.faults import Failure
from corepy.lib.gotemplate.values import NOTHING, float_text, show, type_name

WIDEST: Final = 4096
"""Characters that a width or a precision may ask for."""

_VERB: Final = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d*))?(?:\[(?P<index>\d+)\])?"
    r"(?P<verb>.|$)",
    re.DOTALL,
)


def sprint(args: Sequence[Any]) -> str:
    """The values in a row, with a space between two that are no strings."""
    parts: list[str] = []
    for index, arg in enumerate(args):
        if index and not isinstance(arg, str) and not isinstance(args[index - 1], str):
            parts.append(" ")
        parts.append(show(arg))
    return "".join(parts)


def sprintln(args: Sequence[Any]) -> str:
    """The values with spaces between them, and the end of a line."""
    return " ".join(map(show, args)) + "\n"


class _Printer:
    """One `printf`."""

    def __init__(self, args: Sequence[Any]) -> None:
        self._args = args
        self._next = 0
        self._reordered = False

    def run(self, text: str) -> str:
        done = _VERB.sub(self._verb, text)
        left = self._args[self._next :]
        if left and not self._reordered:
            extra = ", ".join(f"{type_name(arg)}={show(arg)}" for arg in left)
            done += f"%!(EXTRA {extra})"
        return done

    def _verb(self, found: re.Match[str]) -> str:
        verb = found["verb"]
        if verb == "%":
            return "%"
        if not verb:
            return "%!(NOVERB)"
        flags = found["flags"]
        width, flags = self._number(found["width"], flags)
        precision, _ = self._number(found["precision"], "")
        if found["precision"] == "":
            precision = 0
        if found["index"]:
            self._next, self._reordered = int(found["index"]) - 1, True
            if not 0 <= self._next < len(self._args):
                return f"%!{verb}(BADINDEX)"
        if self._next >= len(self._args):
            return f"%!{verb}(MISSING)"
        arg = self._args[self._next]
        self._next += 1
        return render(verb, flags, width, precision, arg)

    def _number(self, text: str | None, flags: str) -> tuple[int | None, str]:
        if not text:
            return None, flags
        if text == "*":
            value = self._args[self._next] if self._next < len(self._args) else 0
            self._next += 1
            number = value if isinstance(value, int) else 0
        else:
            number = int(text[:9])
        if abs(number) > WIDEST:
            raise Failure(f"width or precision over {WIDEST}")
        return (-number, flags + "-") if number < 0 else (number, flags)


def sprintf(text: str, args: Sequence[Any]) -> str:
    """The text with its verbs filled in."""
    return _Printer(args).run(text)


def render(verb: str, flags: str, width: int | None, precision: int | None, arg: Any) -> str:
    """One value for one verb."""
    if verb == "T":
        return _pad(type_name(arg), flags, width)
    if verb in "sqxX" and isinstance(arg, list):
        inner = " ".join(render(verb, flags, width, precision, item) for item in arg)
        return f"[{inner}]"
    body = _body(verb, flags, precision, arg)
    if body is None:
        what = show(arg) if arg is None or arg is NOTHING else f"{type_name(arg)}={show(arg)}"
        return f"%!{verb}({what})"
    if "0" in flags and "-" not in flags and width and not isinstance(arg, str):
        sign = body[0] if body[:1] in ("+", "-") else ""
        return sign + body[len(sign) :].rjust(width - len(sign), "0")
    return _pad(body, flags, width)


def _pad(text: str, flags: str, width: int | None) -> str:
    if not width:
        return text
    if "-" in flags:
        return text.ljust(width)
    return text.rjust(width, "0" if "0" in flags else " ")


def _body(verb: str, flags: str, precision: int | None, arg: Any) -> str | None:
    if isinstance(arg, bool):
        return show(arg) if verb in "tv" else None
    if isinstance(arg, int):
        return _integer(verb, flags, precision, arg)
    if isinstance(arg, float):
        return _float(verb, flags, precision, arg)
    if isinstance(arg, str):
        return _string(verb, flags, precision, arg)
    if verb == "v" or (verb == "s" and arg is not None and arg is not NOTHING):
        return show(arg)
    return None


def _integer(verb: str, flags: str, precision: int | None, value: int) -> str | None:
    plus = "+" if "+" in flags and value >= 0 else " " if " " in flags and value >= 0 else ""
    if verb == "c":
        return chr(value) if 0 <= value <= 0x10FFFF else "\ufffd"
    if verb == "U":
        return f"U+{value:04X}"
    if verb == "q":
        return f"'{chr(value)}'" if 0 <= value <= 0x10FFFF else "'\ufffd'"
    spec = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}.get(verb)
    if spec is None:
        return None
    digits = format(abs(value), spec)
    if precision is not None:
        digits = digits.rjust(precision, "0")
    prefix = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}.get(verb, "") if "#" in flags else ""
    if verb == "O":
        prefix = "0o"
    return ("-" if value < 0 else plus) + prefix + digits


def _float(verb: str, flags: str, precision: int | None, value: float) -> str | None:
    plus = "+" if "+" in flags and value >= 0 else ""
    if verb == "v" or (verb == "g" and precision is None):
        return plus + float_text(value)
    if verb in "feEgGF":
        digits = 6 if precision is None else precision
        return plus + format(value, f".{digits}{verb.replace('F', 'f')}")
    return None


def _string(verb: str, flags: str, precision: int | None, value: str) -> str | None:
    if verb in "sv":
        return value if precision is None else value[:precision]
    if verb == "q":
        return quote(value)
    if verb in "xX":
        digits = value.encode("utf-8", "surrogateescape").hex(" " if " " in flags else "\0")
        digits = digits.replace("\0", "")
        return digits.upper() if verb == "X" else digits
    return None


def quote(text: str) -> str:
    """A string as Go writes it (`%q`)."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    shown = "".join(
        escapes.get(char) or (char if char.isprintable() else f"\\x{ord(char):02x}")
        for char in text
    )
    return f'"{shown}"'
