"""Reads an expression in Go's (RE2's) syntax; its parts are written anew for Python's `re`.

Every construct is written so that it needs no flags: `.` as a class, `$` as `\\Z`, case folding
around single characters. What differs between the languages is thereby decided here: `\\d`, `\\w`
and `\\b` are ASCII, `$` is the very end of the text, flags reach to the end of their group.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NoReturn

from corepy.lib.regex_class import POSIX, SHORT, Members, unicode_class
from corepy.lib.regex_tree import START, Group, Leaf, Part, Repeat


class RegexError(ValueError):
    """An expression that Go's regexp package refuses; the text is Go's."""


class Translation(NamedTuple):
    """The expression as a whole, and the names of its groups, the whole match first."""

    tree: Group
    names: tuple[str, ...]


class Flags(NamedTuple):
    """What `(?imsU)` turns on: fold case, `^` and `$` at lines, `.` for newlines, lazy repeats."""

    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


_MOST_REPEATS: Final = 1000
_MOST_NESTED: Final = 900  # Python's own limit of recursion is not far above; Go's is 1000.
_COUNTS: Final = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*|))?\}")
_SIGNS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_NAMED: Final = re.compile(r"\(\?P?<")
_CONTROL: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def translate(source: str) -> Translation:
    """Raises `RegexError`."""
    return _Reader(source).read()


def fault(code: str, expression: str) -> RegexError:
    """Go's error for a part of the expression."""
    return RegexError(f"error parsing regexp: {code}: `{expression}`")


class _Open:
    """An open parenthesis: what it has so far, and the flags that hold again behind it."""

    __slots__ = ("alternatives", "depth", "flags", "number", "parts")

    def __init__(self, number: int, flags: Flags) -> None:
        self.number = number
        self.flags = flags
        self.parts: list[Part] = []
        self.alternatives = [self.parts]
        self.depth = 1  # the largest count of nested repetitions in the group

    def next(self) -> None:
        """Another alternative."""
        self.parts = []
        self.alternatives.append(self.parts)


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.flags = Flags()
        self.names = [""]
        self.stack = [_Open(0, self.flags)]
        self._last_count = 1  # the largest product of counted repetitions in the last item

    def read(self) -> Translation:
        source = self.source
        last = -1  # where the repetition just before began
        while self.at < len(source):
            before = self.at
            char = source[before]
            repeat = -1
            if char in "*+?":
                self.at += 1
                self._repeat(before, last, *_SIGNS[char])
                repeat = before
            elif char == "{" and (counts := _COUNTS.match(source, before)):
                self.at = counts.end()
                self._counted(before, last, counts)
                repeat = before
            else:
                self._item(char)
            last = repeat
        if len(self.stack) > 1:
            raise fault("missing closing )", source)
        return Translation(Group(self.stack[0].alternatives), tuple(self.names))

    # ---- one item at a time

    def _item(self, char: str) -> None:
        self.at += 1
        match char:
            case "(":
                self._open()
            case ")":
                self._close()
            case "|":
                self.stack[-1].next()
            case "^":
                self._put(Leaf("(?m:^)" if self.flags.m else START, empty=True))
            case "$":
                self._put(Leaf("(?m:$)" if self.flags.m else r"(?:\Z)", empty=True))
            case ".":
                self._put(Leaf("(?s:.)" if self.flags.s else r"[^\n]"))
            case "[":
                self._class()
            case "\\":
                self._escape()
            case _:
                self._literal(char)

    def _put(self, part: Part, count: int = 1) -> None:
        group = self.stack[-1]
        group.parts.append(part)
        group.depth = max(group.depth, count)
        self._last_count = count

    def _literal(self, char: str) -> None:
        text = re.escape(char)
        folds = self.flags.i and char.lower() != char.upper()
        self._put(Leaf(f"(?i:{text})" if folds else text))

    # ---- groups

    def _open(self) -> None:
        if len(self.stack) > _MOST_NESTED:
            raise fault("expression nests too deeply", self.source)
        if self.source.startswith("?", self.at):
            self._flagged(self.at - 1)
            return
        self.names.append("")
        self.stack.append(_Open(len(self.names) - 1, self.flags))

    def _close(self) -> None:
        if len(self.stack) == 1:
            raise fault("unexpected )", self.source)
        group = self.stack.pop()
        self.flags = group.flags
        self._put(Group(group.alternatives, group.number), group.depth)

    def _flagged(self, start: int) -> None:
        source = self.source
        if opening := _NAMED.match(source, start):
            self._named(start, opening.end())
            return
        on, off, sign, saw = set[str](), set[str](), 1, False
        at = start + 2
        while at < len(source):
            char = source[at]
            at += 1
            if char in "imsU":
                (on if sign > 0 else off).add(char)
                saw = True
            elif char == "-" and sign > 0:
                sign, saw = -1, False
            elif char in ":)" and (sign > 0 or saw):
                flags = self.flags._replace(**dict.fromkeys(on, True), **dict.fromkeys(off, False))
                if char == ":":
                    self.stack.append(_Open(0, self.flags))
                self.flags = flags
                self.at = at
                return
            else:
                break
        raise fault("invalid or unsupported Perl syntax", source[start:at])

    def _named(self, start: int, begin: int) -> None:
        end = self.source.find(">", begin)
        if end < 0:
            raise fault("invalid named capture", self.source[start:])
        name = self.source[begin:end]
        if not name or not all(char == "_" or char.isalnum() for char in name):
            raise fault("invalid named capture", self.source[start : end + 1])
        self.names.append(name)
        self.stack.append(_Open(len(self.names) - 1, self.flags))
        self.at = end + 1

    # ---- repetitions

    def _counted(self, before: int, last: int, counts: re.Match[str]) -> None:
        least = int(counts[1][:5])
        most = least if counts[2] is None else int(counts[3][:5]) if counts[3] else None
        if least > _MOST_REPEATS or (most is not None and not least <= most <= _MOST_REPEATS):
            raise fault("invalid repeat count", counts[0])
        self._repeat(before, last, least, most)

    def _repeat(self, before: int, last: int, least: int, most: int | None) -> None:
        end = self.at
        lazy = self.source.startswith("?", self.at)
        self.at += lazy
        here = self.source[before : self.at]
        if last >= 0:
            raise fault("invalid nested repetition operator", self.source[last : self.at])
        group = self.stack[-1]
        if not group.parts:
            raise fault("missing argument to repetition operator", here)
        count = self._last_count
        if self.source[before] == "{":
            count *= max(1, least, most or 0)
        if count > _MOST_REPEATS:
            raise fault("invalid repeat count", here)
        written = self.source[before:end]
        group.parts[-1] = Repeat(group.parts[-1], written, least, most, lazy != self.flags.U)
        group.depth = max(group.depth, count)
        self._last_count = count

    # ---- escapes

    def _escape(self) -> None:
        source, start = self.source, self.at - 1
        char = source[self.at : self.at + 1]
        if char == "Q":
            literal, end, _ = source[self.at + 1 :].partition(r"\E")
            self.at += 1 + len(literal) + len(end)
            for one in literal:
                self._literal(one)
            return
        simple = {"A": START, "z": r"(?:\Z)", "b": r"(?a:\b)", "B": r"(?a:(?!\b))"}.get(char)
        if simple:
            self.at += 1
            self._put(Leaf(simple, empty=True))
        elif char == "C":
            raise fault("invalid escape sequence", r"\C")
        elif (members := self._shorthand(start)) is not None:
            self._put(Leaf(self._set([members])))
        else:
            self.at = start
            self._literal(chr(self._character()))

    def _set(self, members: list[Members], *, negated: bool = False) -> str:
        """A class of all `members`; folding comes before negation, so they stay apart."""
        plain = "".join([text for text, outside in members if not outside])
        sets = [f"[{plain}]"] if plain else []
        sets += [f"[^{text}]" for text, outside in members if outside]
        if len(sets) > 1:
            whole = f"(?:{'|'.join(sets)})"
            whole = rf"(?:(?!{whole})[\s\S])" if negated else whole
        else:
            whole = sets[0]
            if negated:
                whole = f"[^{whole[1:]}" if plain else f"[{whole[2:]}"
        return f"(?i:{whole})" if self.flags.i else whole

    def _shorthand(self, start: int) -> Members | None:
        r"""The members of `\d`, `\pL` and the like at `start`, None if there is no such."""
        source = self.source
        name = source[start : start + 2]
        if name in SHORT:
            self.at = start + 2
            return SHORT[name]
        if name not in (r"\p", r"\P"):
            return None
        if source.startswith("{", start + 2):
            end = source.find("}", start)
            if end < 0:
                raise fault("invalid character class range", source[start:])
            inner, self.at = source[start + 3 : end], end + 1
        else:
            inner, self.at = source[start + 2 : start + 3], start + 3
        if not inner and self.at > len(source):
            raise fault("invalid character class range", source[start:])
        negated = (name == r"\P") != inner.startswith("^")
        members = unicode_class(inner.removeprefix("^"))
        if members is None:
            raise fault("invalid character class range", source[start : self.at])
        return members, negated

    def _character(self) -> int:
        """The code point of the character, maybe escaped, at hand."""
        source, start = self.source, self.at
        self.at += 1
        if source[start] != "\\":
            return ord(source[start])
        if self.at == len(source):
            raise fault("trailing backslash at end of expression", "")
        char = source[self.at]
        self.at += 1
        if char in _CONTROL:
            return _CONTROL[char]
        if char == "x":
            return self._hexadecimal(start)
        if char == "0" or (
            char in "1234567" and source[self.at : self.at + 1] in tuple("01234567")
        ):
            digits = re.compile("[0-7]{1,3}").match(source, start + 1)
            assert digits
            self.at = digits.end()
            return int(digits[0], 8)
        if not char.isascii() or char.isalnum():
            self._bad_escape(start)
        return ord(char)

    def _hexadecimal(self, start: int) -> int:
        form = re.compile(r"\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2})")
        digits = form.match(self.source, self.at)
        if digits is None:
            end = re.compile(r"\{[0-9A-Fa-f]*.?|.{0,2}", re.DOTALL).match(self.source, self.at)
            assert end
            self.at = end.end()
            self._bad_escape(start)
        code = int(digits[1] or digits[2], 16)
        self.at = digits.end()
        if code > 0x10FFFF:
            self.at -= 1
            self._bad_escape(start)
        return code

    def _bad_escape(self, start: int) -> NoReturn:
        raise fault("invalid escape sequence", self.source[start : self.at])

    # ---- character classes

    def _class(self) -> None:
        source, start = self.source, self.at - 1
        negated = source.startswith("^", self.at)
        self.at += negated
        members: list[Members] = []
        first = True
        while first or not source.startswith("]", self.at):
            first = False
            if self.at >= len(source):
                raise fault("missing closing ]", source[start:])
            members.append(self._member(start))
        self.at += 1
        self._put(Leaf(self._set(members, negated=negated)))

    def _member(self, start: int) -> Members:
        source, at = self.source, self.at
        if source.startswith("[:", at) and (end := source.find(":]", at + 2)) >= 0:
            name = source[at : end + 2]
            if name not in POSIX:
                raise fault("invalid character class range", name)
            self.at = end + 2
            return POSIX[name]
        if source[at] == "\\" and (members := self._shorthand(at)) is not None:
            return members
        low = high = self._character()
        rest = source[self.at : self.at + 2]
        if len(rest) == 2 and rest[0] == "-" and rest[1] != "]":
            self.at += 1
            high = self._character()
            if high < low:
                raise fault("invalid character class range", source[at : self.at])
        if self.at > len(source):
            raise fault("missing closing ]", source[start:])
        return f"\\U{low:08x}-\\U{high:08x}", False
