"""What is known of a value before there is one: the types that messages name as Go does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Nature:
    """A type. `text` is Go's name for it, `element` what an array or map holds."""

    kind: str
    text: str
    element: Nature | None = None
    parameters: tuple[Nature, ...] = ()
    result: Nature | None = None
    variadic: bool = False

    @property
    def unknown(self) -> bool:
        """True if only the query will tell."""
        return self.kind == "unknown"

    @property
    def number(self) -> bool:
        """True for whole and other numbers."""
        return self.kind in ("int", "float")

    @property
    def array(self) -> bool:
        """True for lists of anything, octets included."""
        return self.kind in ("array", "bytes")

    def item(self) -> Nature:
        """What an element is."""
        return self.element or UNKNOWN

    def fits(self, wanted: Nature) -> bool:
        """Whether Go would assign such a value to a variable of the other type."""
        if self.kind == "nil":
            return wanted.text == ANY.text or wanted.kind in ("array", "map", "func", "bytes")
        if UNKNOWN.text in (self.text, wanted.text):
            return False
        return wanted.text in (self.text, ANY.text)

    def comparable(self, other: Nature) -> bool:
        """Whether `==` makes sense between the two."""
        if self.unknown or other.unknown or "nil" in (self.kind, other.kind):
            return True
        if (self.number and other.number) or (self.array and other.array):
            return True
        return self.fits(other)

    def maybe(self, other: Nature, *kinds: str) -> bool:
        """Whether an operator for `kinds` may work as far as one knows."""
        if self.unknown:
            return other.unknown or other.kind in kinds
        return other.unknown and self.kind in kinds


UNKNOWN: Final = Nature("unknown", "unknown")
ANY: Final = Nature("unknown", "interface {}")
NIL: Final = Nature("nil", "unknown")
BOOL: Final = Nature("bool", "bool")
INT: Final = Nature("int", "int")
FLOAT: Final = Nature("float", "float64")
STRING: Final = Nature("string", "string")
BYTES: Final = Nature("bytes", "[]uint8", INT)
STRINGS: Final = Nature("array", "[]string", STRING)
INTS: Final = Nature("array", "[]int", INT)
ANYS: Final = Nature("array", "[]interface {}", ANY)
MAP: Final = Nature("map", "map[string]interface {}", ANY)
ANY_MAP: Final = Nature("map", "map[interface {}]interface {}", ANY)
GROUPS: Final = Nature("map", "map[interface {}][]interface {}", ANYS)
TIME: Final = Nature("time", "time.Time")
DURATION: Final = Nature("duration", "time.Duration")
WEEKDAY: Final = Nature("weekday", "time.Weekday")
MONTH: Final = Nature("month", "time.Month")
LOCATION: Final = Nature("location", "*time.Location")


def array_of(element: Nature) -> Nature:
    """A list whose elements are known."""
    return Nature("array", "[]interface {}", element)


def function(parameters: tuple[Nature, ...], result: Nature, *, fails: bool = False) -> Nature:
    """A function; `fails` as its name says so when it may return an error."""
    takes = ", ".join(parameter.text for parameter in parameters)
    gives = f"({result.text}, error)" if fails else result.text
    return Nature("func", f"func({takes}) {gives}", None, parameters, result)


_OF_VALUES: Final = {
    bool: BOOL, int: INT, float: FLOAT, str: STRING, bytes: BYTES, list: ANYS, dict: MAP,
    type(None): NIL,
}  # fmt: skip


def nature_of(value: object) -> Nature:
    """The nature of a value there is already."""
    return _OF_VALUES.get(type(value), UNKNOWN)
