"""Go's `fmt`: what print, println and printf make of templates' values.

All text is paid for out of the budget of the run, widths and precisions before they are made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from corepy.lib.gotemplate import verbs
from corepy.lib.gotemplate.run import Run
from corepy.lib.gotemplate.values import NOTHING, show, type_name
from corepy.lib.gotemplate.verbs import Spec

_VERB: Final = 4
"""Steps that a verb takes."""

LARGEST: Final = 1_000_000
"""The largest width, precision or index of an argument; more is none."""

_FLAGS: Final = re.compile(r"[-+# 0]*")
_DIGITS: Final = re.compile(r"[0-9]*")
_INDEX: Final = re.compile(r"\[([0-9]{1,8})\]")


def sprint(run: Run, args: Sequence[Any]) -> str:
    """The values in a row, with a space between two that are no strings."""
    parts: list[str] = []
    for index, arg in enumerate(args):
        if index and not isinstance(arg, str) and not isinstance(args[index - 1], str):
            parts.append(" ")
        parts.append(_shown(run, arg))
    return "".join(parts)


def sprintln(run: Run, args: Sequence[Any]) -> str:
    """The values with spaces between them, and the end of a line."""
    return " ".join([_shown(run, arg) for arg in args]) + "\n"


def _shown(run: Run, arg: Any) -> str:
    text = show(None if arg is NOTHING else arg)
    run.make(len(text) + 1)
    return text


def sprintf(run: Run, text: str, args: Sequence[Any]) -> str:
    """The text with its verbs filled in."""
    return _Printer(run, text, [None if arg is NOTHING else arg for arg in args]).text()


@dataclass(slots=True)
class _State:
    """Where the reading of one verb is, and whether it named an argument that there is not."""

    at: int
    good: bool = True
    behind_index: bool = False


class _Printer:
    """One `printf`."""

    def __init__(self, run: Run, text: str, args: Sequence[Any]) -> None:
        self._run = run
        self._text = text
        self._args = args
        self._next = 0
        self._reordered = False
        self._parts: list[str] = []

    def text(self) -> str:
        at = 0
        while (start := self._text.find("%", at)) >= 0:
            self._put(self._text[at:start])
            self._run.step(_VERB)
            at = self._verb(start + 1)
        self._put(self._text[at:])
        left = self._args[self._next :]
        if left and not self._reordered:
            shown = [
                "<nil>" if arg is None else f"{type_name(arg)}={self._value('v', Spec(), arg)}"
                for arg in left
            ]
            self._put(f"%!(EXTRA {', '.join(shown)})")
        return "".join(self._parts)

    def _put(self, text: str) -> None:
        self._run.make(len(text))
        self._parts.append(text)

    def _value(self, verb: str, spec: Spec, arg: Any) -> str:
        wide, items = (spec.width or 0) + (spec.precision or 0), 1
        if isinstance(arg, list | dict):
            items = 2 * len(arg)
            self._run.step(items)
        self._run.room_for(items * wide)
        return verbs.render(verb, spec, arg)

    def _verb(self, at: int) -> int:
        """Put out what the verb whose `%` is before `at` stands for; where the text goes on."""
        found = _FLAGS.match(self._text, at)
        assert found is not None
        spec = Spec(frozenset(found[0]))
        state = _State(found.end())
        self._index(state)
        self._width(spec, state)
        self._precision(spec, state)
        if not state.behind_index:
            self._index(state)
        if state.at >= len(self._text):
            self._put("%!(NOVERB)")
            return state.at
        verb = self._text[state.at]
        self._put(self._filled(verb, spec, state))
        return state.at + 1

    def _filled(self, verb: str, spec: Spec, state: _State) -> str:
        if verb == "%":
            return "%"
        if not state.good:
            return f"%!{verb}(BADINDEX)"
        if self._next >= len(self._args):
            return f"%!{verb}(MISSING)"
        self._next += 1
        return self._value(verb, spec, self._args[self._next - 1])

    def _index(self, state: _State) -> None:
        """Read `[n]`, which argument is next."""
        state.behind_index = False
        if self._text[state.at : state.at + 1] != "[":
            return
        self._reordered = True
        close = self._text.find("]", state.at + 1)
        if close < 0 or len(self._text) - state.at < 3:
            state.good, state.at = False, state.at + 1
            return
        found = _INDEX.fullmatch(self._text, state.at, close + 1)
        state.at = close + 1
        state.behind_index = found is not None and int(found[1]) <= 10 * LARGEST
        if found is not None and 0 < int(found[1]) <= len(self._args):
            self._next = int(found[1]) - 1
        else:
            state.good = False

    def _width(self, spec: Spec, state: _State) -> None:
        if self._text[state.at : state.at + 1] != "*":
            spec.width = self._number(state)
            if state.behind_index and spec.width is not None:
                state.good = False
            return
        state.at += 1
        state.behind_index = False
        spec.width = self._argument()
        if spec.width is None:
            self._put("%!(BADWIDTH)")
        elif spec.width < 0:
            spec.width = -spec.width
            spec.flags = (spec.flags | {"-"}) - {"0"}

    def _precision(self, spec: Spec, state: _State) -> None:
        if not self._text.startswith(".", state.at) or state.at + 1 >= len(self._text):
            return
        state.at += 1
        if state.behind_index:
            state.good = False
        self._index(state)
        if self._text[state.at : state.at + 1] != "*":
            spec.precision = self._number(state) or 0
            return
        state.at += 1
        state.behind_index = False
        spec.precision = self._argument()
        if spec.precision is None or spec.precision < 0:
            spec.precision = None
            self._put("%!(BADPREC)")

    def _number(self, state: _State) -> int | None:
        found = _DIGITS.match(self._text, state.at)
        assert found is not None
        digits = found[0].lstrip("0")
        if int(digits[:-1][:9] or 0) > LARGEST:  # nothing is read behind such a number
            state.at = len(self._text)
            return None
        state.at = found.end()
        return int(digits or 0) if found[0] else None

    def _argument(self) -> int | None:
        """The next argument as a width or precision; None if it is none."""
        if self._next >= len(self._args):
            return None
        arg = self._args[self._next]
        self._next += 1
        if not isinstance(arg, int) or isinstance(arg, bool) or abs(arg) > LARGEST:
            return None
        return int(arg)
