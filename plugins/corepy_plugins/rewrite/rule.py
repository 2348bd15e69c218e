"""Rules, and what they leave behind to be undone in the answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Protocol

from corepy.record import Record
from corepy.response import Edns
from corepy_plugins.rewrite.draft import Draft
from corepy_plugins.rewrite.matching import Match
from corepy_plugins.rewrite.query import Query


class Undo:
    """One change of the answer. `lasting`: it follows from the answer before it alone."""

    __slots__ = ()

    lasting: bool = True


class RecordUndo(Undo, ABC):
    """A change of each record."""

    __slots__ = ()

    @abstractmethod
    def record(self, record: Record) -> Record:
        """The record as the client shall see it; `WireError` if that cannot be."""

    def opt(self, edns: Edns) -> Edns:
        """The OPT record that the answer has of its own, likewise."""
        return edns


class MessageUndo(Undo, ABC):
    """A change of what is no record."""

    __slots__ = ()

    @abstractmethod
    def message(self, draft: Draft) -> None:
        """Change it. Called once per record, as CoreDNS does."""


class Action(Protocol):
    """What a rule does with a query."""

    def __call__(self, query: Query) -> Sequence[Undo] | None:
        """Change the query and say what to undo later; None if the rule does not apply."""
        ...


class Rule:
    """An action, and whether it is the last one when it applies (`stop`)."""

    __slots__ = ("apply", "stop")

    def __init__(self, apply: Action, *, stop: bool) -> None:
        self.apply = apply
        self.stop = stop


NOTHING: Final[tuple[Undo, ...]] = ()


def when(match: Match, undo: Undo) -> Action:
    """A change of the answer alone, for queries whose name matches."""
    undos = (undo,)
    return lambda query: undos if match(query.name) else None
