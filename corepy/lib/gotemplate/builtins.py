"""The functions that every template has. `and` and `or` are in `corepy.lib.gotemplate.build`."""

from __future__ import annotations

import html as _html
import urllib.parse
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from corepy.lib.gotemplate import format as fmt
from corepy.lib.gotemplate.faults import Failure
from corepy.lib.gotemplate.values import NOTHING, Method, show, truth, type_name


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogateescape"))
    if isinstance(value, list | dict):
        return len(value)
    if value is None or value is NOTHING:
        raise Failure("len of nil pointer")
    raise Failure(f"len of type {type_name(value)}")


def _index(value: Any, *keys: Any) -> Any:
    if value is None or value is NOTHING:
        raise Failure("index of untyped nil")
    for key in keys:
        value = _item(value, key)
    return value


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise Failure(f"value has type {type_name(key)}; should be string")
        return value.get(key, "")
    if not isinstance(value, str | list):
        raise Failure(f"can't index item of type {type_name(value)}")
    octets: Any = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    at = _position(key, len(octets) - 1)
    return octets[at]


def _position(key: Any, most: int) -> int:
    if key is None or key is NOTHING:
        raise Failure("cannot index slice/array with nil")
    if not isinstance(key, int) or isinstance(key, bool):
        raise Failure(f"cannot index slice/array with type {type_name(key)}")
    if not 0 <= key <= most:
        raise Failure(f"index out of range: {key}")
    return key


def _slice(value: Any, *keys: Any) -> Any:
    if value is None or value is NOTHING:
        raise Failure("slice of untyped nil")
    if len(keys) > 3:
        raise Failure(f"too many slice indexes: {len(keys)}")
    if not isinstance(value, str | list):
        raise Failure(f"can't slice item of type {type_name(value)}")
    if isinstance(value, str) and len(keys) > 2:
        raise Failure("cannot 3-index slice a string")
    octets: Any = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    bounds = [_position(key, len(octets)) for key in keys]
    for low, high in pairwise(bounds):
        if low > high:
            raise Failure(f"invalid slice index: {low} > {high}")
    low, high = (*bounds, *(0, len(octets))[len(bounds) :])[:2]
    part = octets[low:high]
    return part.decode("utf-8", "surrogateescape") if isinstance(value, str) else part


# ---- comparisons


def _kind(value: Any) -> str:
    if isinstance(value, list | dict):
        raise Failure(f"non-comparable type {show(value)}: {type_name(value)}")
    return "none" if value is None or value is NOTHING else type_name(value)


def _equal(first: Any, second: Any) -> bool:
    one, other = _kind(first), _kind(second)
    if one != other:
        if "none" in (one, other):
            return False
        raise Failure("incompatible types for comparison")
    return one == "none" or bool(first == second)


def _eq(first: Any, *rest: Any) -> bool:
    if not rest:
        raise Failure("missing argument for comparison")
    # All of them, so that a kind that does not compare fails behind a match too.
    return any([_equal(first, other) for other in rest])  # noqa: C419


def _ne(first: Any, second: Any) -> bool:
    return not _equal(first, second)


def _less(first: Any, second: Any) -> bool:
    one, other = _kind(first), _kind(second)
    if one != other:
        raise Failure("incompatible types for comparison")
    if one not in ("int", "float64", "string"):
        raise Failure("invalid type for comparison")
    return bool(first < second)


def _le(first: Any, second: Any) -> bool:
    return _less(first, second) or _equal(first, second)


# ---- escaping

_HTML: Final = {'"': "&#34;", "'": "&#39;", "\0": "\ufffd"}
_JS: Final = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026",
    "=": "\\u003D",
}  # fmt: skip


def _escape_html(*args: Any) -> str:
    text = _html.escape(fmt.sprint(args), quote=False)
    return "".join(_HTML.get(char, char) for char in text)


def _escape_js(*args: Any) -> str:
    text = fmt.sprint(args)
    return "".join(
        _JS.get(char) or (char if char.isprintable() else f"\\u{ord(char):04X}") for char in text
    )


def _escape_url(*args: Any) -> str:
    return urllib.parse.quote_plus(fmt.sprint(args), safe="", errors="surrogateescape")


def _call(function: Any = NOTHING, *_: Any) -> Any:
    if function is None or function is NOTHING:
        raise Failure("call of nil")
    raise Failure(f"non-function {show(function)} of type {type_name(function)}")


def _printf(text: Any, *args: Any) -> str:
    return fmt.sprintf(text, args)


def _any(call: Callable[..., Any], least: int = 0, most: int | None = None) -> Method:
    return Method(call, (), least, most)


BUILTINS: Final[dict[str, Method]] = {
    "call": _any(_call, 1),
    "html": _any(_escape_html),
    "index": _any(_index, 1),
    "slice": _any(_slice, 1),
    "js": _any(_escape_js),
    "len": _any(_len, 1, 1),
    "not": _any(lambda value: not truth(value), 1, 1),
    "print": _any(lambda *args: fmt.sprint(args)),
    "printf": Method(_printf, ("string",), 1, None),
    "println": _any(lambda *args: fmt.sprintln(args)),
    "urlquery": _any(_escape_url),
    "eq": _any(_eq, 1),
    "ne": _any(_ne, 2, 2),
    "lt": _any(_less, 2, 2),
    "le": _any(_le, 2, 2),
    "gt": _any(lambda first, second: not _le(first, second), 2, 2),
    "ge": _any(lambda first, second: not _less(first, second), 2, 2),
}
SHORT: Final = ("and", "or")
"""Functions that do not look at arguments they do not need."""
