"""What a Corefile says, as the grammar sees it: blocks of keys and directives."""

from __future__ import annotations

from dataclasses import dataclass, field

from corepy.corefile.line import Directive
from corepy.corefile.token import Source, Span, Token
from corepy.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is allowed but probably not meant; the words are CoreDNS's where it warns."""

    message: str
    span: Span | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One server block: its keys as written (environment replaced), its directives in file order.

    A block without keys serves nothing.
    """

    keys: list[Token]
    directives: list[Directive]


@dataclass(slots=True)
class Tree:
    """The result of parsing: everything `import` brings in is in place."""

    blocks: list[Block]
    snippets: dict[str, list[Token]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    errors: list[ConfigError] = field(default_factory=list)
