"""The functions that every template has. `and` and `or` are in `corepy.lib.gotemplate.operands`."""

from __future__ import annotations

import html as _html
import urllib.parse
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from corepy.lib.gotemplate import compare
from corepy.lib.gotemplate import format as fmt
from corepy.lib.gotemplate.faults import Failure
from corepy.lib.gotemplate.run import Run
from corepy.lib.gotemplate.values import NOTHING, Anything, Method, Uint8, truth, type_name


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(_octets(value))
    if isinstance(value, list | dict):
        return len(value)
    if value is NOTHING:
        raise Failure("reflect: call of reflect.Value.Type on zero Value")
    raise Failure("len of nil pointer" if value is None else f"len of type {type_name(value)}")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _index(value: Any, *keys: Any) -> Any:
    _something(value, "index")
    for key in keys:
        value = _item(value, key)
    return value


def _something(value: Any, name: str) -> None:
    if value is NOTHING:
        raise Failure(f"{name} of untyped nil")
    if value is None:
        raise Failure(f"{name} of nil pointer")


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        if key is NOTHING:
            raise Failure("value is nil; should be of type string")
        if not isinstance(key, str):
            raise Failure(f"value has type {type_name(key)}; should be string")
        return value.get(key, NOTHING if isinstance(value, Anything) else "")
    if isinstance(value, str):
        octets = _octets(value)
        at = _position(key, len(octets))
        if at == len(octets):
            raise Failure("reflect: string index out of range")
        return Uint8(octets[at])
    if not isinstance(value, list):
        raise Failure(f"can't index item of type {type_name(value)}")
    at = _position(key, len(value))
    if at == len(value):
        raise Failure("reflect: slice index out of range")
    return value[at]


def _position(key: Any, most: int) -> int:
    if key is NOTHING:
        raise Failure("cannot index slice/array with nil")
    if not isinstance(key, int) or isinstance(key, bool):
        raise Failure(f"cannot index slice/array with type {type_name(key)}")
    if not 0 <= key <= most:
        wrapped = key - (1 << 64) if key >> 63 == 1 else key
        raise Failure(f"index out of range: {wrapped}")
    return key


def _slice(run: Run, value: Any, *keys: Any) -> Any:
    _something(value, "slice")
    if len(keys) > 3:
        raise Failure(f"too many slice indexes: {len(keys)}")
    if isinstance(value, str) and len(keys) > 2:
        raise Failure("cannot 3-index slice a string")
    if not isinstance(value, str | list):
        raise Failure(f"can't slice item of type {type_name(value)}")
    octets: Any = _octets(value) if isinstance(value, str) else value
    bounds = [_position(key, len(octets)) for key in keys]
    low, high = (*bounds, *(0, len(octets))[len(bounds) :])[:2]
    for first, second in pairwise([low, high, *bounds[2:]]):
        if first > second:
            raise Failure(f"invalid slice index: {first} > {second}")
    run.read(8 * (high - low))
    run.make(high - low)
    part = octets[low:high]
    return part.decode("utf-8", "surrogateescape") if isinstance(value, str) else part


# ---- escaping

_HTML: Final = {'"': "&#34;", "'": "&#39;", "\0": "\ufffd"}
_JS: Final = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026",
    "=": "\\u003D",
}  # fmt: skip


def _text(run: Run, args: tuple[Any, ...]) -> str:
    """The text to be escaped, whose parts are shown as if they were put out."""
    if len(args) == 1 and isinstance(args[0], str):
        return args[0]
    return fmt.sprint(run, ["<no value>" if arg is NOTHING else arg for arg in args])


def _escape_html(run: Run, *args: Any) -> str:
    text = _html.escape(_text(run, args), quote=False)
    return _made(run, "".join([_HTML.get(char, char) for char in text]))


def _escape_js(run: Run, *args: Any) -> str:
    return _made(run, "".join([_JS.get(char) or _plain_js(char) for char in _text(run, args)]))


def _plain_js(char: str) -> str:
    if char.isprintable() or char == "\x7f" or 0xDC80 <= ord(char) <= 0xDCFF:
        return char
    return f"\\u{ord(char):04X}"


def _escape_url(run: Run, *args: Any) -> str:
    text = _text(run, args)
    return _made(run, urllib.parse.quote_plus(text, safe="", errors="surrogateescape"))


def _made(run: Run, text: str) -> str:
    run.step(len(text) // 16)  # each character was looked at by itself
    run.make(len(text))
    return text


def _call(name: str, function: Any, *_: Any) -> Any:
    if function is NOTHING:
        raise Failure("call of nil")
    raise Failure(f"non-function {name} of type {type_name(function)}")


def _paid(call: Callable[..., Any], least: int = 0, *params: str) -> Method:
    return Method(call, params, least, None, paid=True)


def _any(call: Callable[..., Any], least: int = 0, most: int | None = None) -> Method:
    return Method(call, (), least, most)


BUILTINS: Final[dict[str, Method]] = {
    "call": _any(_call, 1),
    "html": _paid(_escape_html),
    "index": _any(_index, 1),
    "slice": _paid(_slice, 1),
    "js": _paid(_escape_js),
    "len": _any(_len, 1, 1),
    "not": _any(lambda value: not truth(value), 1, 1),
    "print": _paid(lambda run, *args: fmt.sprint(run, args)),
    "printf": _paid(lambda run, text, *args: fmt.sprintf(run, text, args), 1, "string"),
    "println": _paid(lambda run, *args: fmt.sprintln(run, args)),
    "urlquery": _paid(_escape_url),
    "eq": _any(compare.equal, 1),
    "ne": _any(compare.differs, 2, 2),
    "lt": _any(compare.less, 2, 2),
    "le": _any(compare.less_or_equal, 2, 2),
    "gt": _any(compare.greater, 2, 2),
    "ge": _any(compare.greater_or_equal, 2, 2),
}
SHORT: Final = ("and", "or")
"""Functions that do not look at arguments they do not need."""
