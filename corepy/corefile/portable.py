"""A Corefile that was read, in a form that JSON can carry to another process and back.

The other process needs neither the files, which may have changed, nor the grammar; places and
source lines are all there, so what it finds wrong is told as well as here.
"""

from __future__ import annotations

from typing import Any

from corepy.corefile import Corefile, ServerBlock
from corepy.corefile.address import Key
from corepy.corefile.line import Directive, Property
from corepy.corefile.token import Source, Token


def dump(corefile: Corefile) -> dict[str, Any]:
    """The whole configuration but its warnings."""
    sources = _Sources()
    blocks = [
        {
            "keys": [
                [key.scheme, key.zone, key.port, sources.token(key.token)] for key in block.keys
            ],
            "directives": [
                [name, [sources.directive(one) for one in several]]
                for name, several in block.directives.items()
            ],
        }
        for block in corefile.blocks
    ]
    return {
        "blocks": blocks,
        "files": corefile.files,
        "sources": [[source.name, source.text] for source in sources.found.values()],
    }


class _Sources:
    """Turns words into lists; a word names its source by number."""

    def __init__(self) -> None:
        self.found: dict[int, Source] = {}
        self._numbers: dict[int, int] = {}

    def token(self, token: Token) -> list[Any]:
        at = id(token.source)
        number = self._numbers.setdefault(at, len(self._numbers))
        self.found[at] = token.source
        return [token.text, number, *token[2:]]

    def directive(self, directive: Directive) -> list[Any]:
        return [*self._line(directive), [self._line(prop) for prop in directive.body]]

    def _line(self, line: Directive | Property) -> list[Any]:
        brace = self.token(line.brace) if line.brace else None
        return [self.token(line.name), [self.token(arg) for arg in line.args], brace]


def restore(form: dict[str, Any]) -> Corefile:
    """What `dump` was given."""
    sources = [Source(name, text) for name, text in form["sources"]]

    def token(row: list[Any]) -> Token:
        text, number, *place = row
        return Token(text, sources[number], *place)

    def line(row: list[Any]) -> tuple[Token, list[Token], Token | None]:
        name, args, brace = row[:3]
        return token(name), [token(arg) for arg in args], token(brace) if brace else None

    def directive(row: list[Any]) -> Directive:
        name, args, brace = line(row)
        return Directive(name, args, [Property(*line(prop)) for prop in row[3]], brace)

    blocks = [
        ServerBlock(
            [Key(scheme, zone, port, token(word)) for scheme, zone, port, word in block["keys"]],
            {name: [directive(one) for one in several] for name, several in block["directives"]},
        )
        for block in form["blocks"]
    ]
    named = {source.name: source for source in sources}
    return Corefile(blocks, [], list(form["files"]), named)
