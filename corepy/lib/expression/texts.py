"""The language's functions on text. Arguments are checked here, since not all are known before."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable
from typing import Any, Final

from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.values import format_value, is_number, to_int, type_text, weigh

LONGEST_REPEAT: Final = 1_000_000
_SPACE: Final = "\t\n\v\f\r \x85\xa0"


def text(value: Any) -> str:
    """The argument, which must be text."""
    if type(value) is str:
        return value
    message = f"interface conversion: interface {{}} is {type_text(value)}, not string"
    raise EvaluationError(message)


def trim(value: Any, cutset: Any = None) -> str:
    """Without blanks, or without the given characters, at both ends."""
    return text(value).strip(_SPACE if cutset is None else text(cutset) or None)


def split(value: Any, separator: Any, count: Any = -1) -> list[str]:
    """The parts between separators, at most `count` of them."""
    return _split(text(value), text(separator), to_int(count), keep=False)


def split_after(value: Any, separator: Any, count: Any = -1) -> list[str]:
    """The same with the separators left at the ends of the parts."""
    return _split(text(value), text(separator), to_int(count), keep=True)


def _split(value: str, separator: str, count: int, *, keep: bool) -> list[str]:
    if count == 0:
        return []
    if not separator:
        parts = list(value)
        if 0 < count < len(parts):
            parts = [*parts[: count - 1], "".join(parts[count - 1 :])]
        return parts
    parts = value.split(separator, count - 1 if count > 0 else -1)
    return [part + separator for part in parts[:-1]] + parts[-1:] if keep else parts


def replace(value: Any, old: Any, new: Any, count: Any = -1) -> str:
    """All, or the first `count`, occurrences replaced."""
    return text(value).replace(text(old), text(new), max(-1, to_int(count)))


def repeat(value: Any, count: Any) -> str:
    """The text several times."""
    times = to_int(count)
    if times < 0:
        message = f"invalid argument for repeat (expected positive integer, got {times})"
        raise EvaluationError(message)
    if times * max(1, len(text(value))) > LONGEST_REPEAT:
        raise EvaluationError("memory budget exceeded")
    return text(value) * times


def join(values: Any, glue: Any = "") -> str:
    """Texts put together."""
    if not isinstance(values, list):
        raise EvaluationError(f"invalid argument for join (type {type_text(values)})")
    return text(glue).join([text(value) for value in values])


def _place(find: Callable[[bytes, bytes], int]) -> Callable[[Any, Any], int]:
    return lambda value, part: find(
        text(value).encode("utf-8", "surrogateescape"),
        text(part).encode("utf-8", "surrogateescape"),
    )


index_of: Final = _place(bytes.find)
last_index_of: Final = _place(bytes.rfind)


def to_json(value: Any) -> str:
    """JSON, indented by two blanks."""
    weigh(value)
    try:
        shown = json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as fault:
        raise EvaluationError(f"json: {fault}") from None
    for sign in "<>&":
        shown = shown.replace(sign, f"\\u{ord(sign):04x}")
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value


def from_json(value: Any) -> Any:
    """What a JSON text means; its numbers are never whole ones."""
    try:
        return json.loads(text(value), parse_int=float, parse_constant=_no_constant)
    except ValueError as fault:
        raise EvaluationError(f"invalid JSON: {fault}") from None


def _no_constant(word: str) -> None:
    raise ValueError(word)


def to_base64(value: Any) -> str:
    """The text in base64."""
    return base64.b64encode(text(value).encode("utf-8", "surrogateescape")).decode()


def from_base64(value: Any) -> str:
    """The text that was made base64."""
    try:
        octets = base64.b64decode(text(value), validate=True)
    except (binascii.Error, ValueError):
        raise EvaluationError("illegal base64 data") from None
    return octets.decode("utf-8", "surrogateescape")


def to_number(value: Any) -> int:
    """`int(x)`: a number without its fraction, or the number a text is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        digits = value.removeprefix("-") if value[:1] == "-" else value.removeprefix("+")
        if not (digits.isascii() and digits.isdigit()) or abs(int(value)) >= 1 << 63:
            raise EvaluationError(f"invalid operation: int({value})")
        return int(value)
    return to_int(value)


def to_float(value: Any) -> float:
    """`float(x)`."""
    if is_number(value):
        return float(value)
    if not isinstance(value, str):
        raise EvaluationError(f"invalid operation: float({type_text(value)})")
    try:
        return float(value if value == value.strip() else "")
    except ValueError:
        raise EvaluationError(f"invalid operation: float({value})") from None


def to_string(value: Any) -> str:
    """`string(x)`."""
    return format_value(value)


def length(value: Any) -> int:
    """`len(x)`: characters of a text, elements of a list or map."""
    if isinstance(value, str | list | dict | bytes):
        return len(value)
    raise EvaluationError(f"invalid argument for len (type {type_text(value)})")


def rounded(name: str) -> Callable[[Any], float]:
    """`floor`, `ceil` or `round`, the last one away from zero at the middle."""
    steps: dict[str, Callable[[float], float]] = {
        "floor": math.floor,
        "ceil": math.ceil,
        "round": lambda value: math.copysign(math.floor(abs(value) + 0.5), value),
    }

    def step(value: Any) -> float:
        if not is_number(value):
            raise EvaluationError(f"invalid argument for {name} (type {type_text(value)})")
        return float(steps[name](value)) if math.isfinite(value) else value

    return step
