"""The Corefile language: from text to server blocks, with every mistake at its place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from corepy.corefile.address import Key, check_overlaps, keys, normalize, preferred
from corepy.corefile.line import Directive, Line, Property
from corepy.corefile.token import Source, Span, Token
from corepy.corefile.tree import Block, Notice
from corepy.errors import ConfigError, ConfigErrors

__all__ = [
    "Corefile",
    "Directive",
    "Key",
    "Line",
    "Notice",
    "Property",
    "ServerBlock",
    "Source",
    "Span",
    "Token",
    "check_overlaps",
    "load",
    "normalize",
]


@dataclass(frozen=True, slots=True)
class ServerBlock:
    """Zones that share one chain; `directives` maps a name to its occurrences in file order."""

    keys: list[Key]
    directives: dict[str, list[Directive]]


@dataclass(frozen=True, slots=True)
class Corefile:
    """A whole configuration. No blocks means that the caller's default configuration is meant."""

    blocks: list[ServerBlock]
    warnings: list[Notice]
    files: list[str]  # the Corefile's name as given, then imported files, absolute
    sources: dict[str, Source]

    def fingerprint(self) -> str:
        """SHA-512 in hex over all words with file and line: equal means nothing to reload."""
        digest = hashlib.sha512()
        for block in self.blocks:
            words = [key.token for key in block.keys]
            for name, occurrences in sorted(block.directives.items()):
                digest.update(f"{name}\0".encode())
                for directive in occurrences:
                    for line in directive.lines():
                        words += [line.name, *line.args, *([line.brace] if line.brace else [])]
            for word in words:
                place = f"{word.text}\0{word.file}\0{word.line}\0"
                digest.update(place.encode("utf-8", "surrogatepass"))  # file names may have them
            digest.update(b"\n")
        return digest.hexdigest()


def load(
    text: str,
    file: str,
    *,
    known: Callable[[str], bool],
    environ: Mapping[str, str],
    port: int = 53,
    names: Iterable[str] = (),
) -> Corefile:
    """Read a Corefile and all it imports. Raises `ConfigErrors` with every mistake found.

    `file` is the name messages show and imports are relative to; `port` is where plain DNS keys
    without a port listen; `names` are directives to suggest for an unknown one. Which listeners
    clash is known only after `bind` was set up: see `check_overlaps`.
    """
    from corepy.corefile.parser import parse  # noqa: PLC0415 - Lark is loaded when there is work

    tree = parse(Source(file, text), known=known, environ=environ, names=names)
    errors = list(tree.errors)
    blocks = [_server_block(block, port, errors, tree.notices) for block in tree.blocks]
    if errors:
        raise ConfigErrors(errors)
    served = [block for block in blocks if block.keys]
    return Corefile(served, tree.notices, list(tree.sources), tree.sources)


def _server_block(
    block: Block, port: int, errors: list[ConfigError], notices: list[Notice]
) -> ServerBlock:
    found: list[Key] = []
    for token in block.keys:
        try:
            found += keys(token, port)
        except ConfigError as error:
            errors.append(error)
    notices += [_odd(key) for key in found if not preferred(key.zone)]
    directives: dict[str, list[Directive]] = {}
    for directive in block.directives:
        occurrences = directives.setdefault(directive.name.text, [])
        if occurrences and occurrences[-1].goes_on(directive):
            directive = occurrences.pop().joined(directive)
            notices.append(_joined(directive))
        occurrences.append(directive)
    return ServerBlock(found, directives)


def _joined(directive: Directive) -> Notice:
    message = f"'{directive.name.shown}' is imported twice, so both are one line to CoreDNS"
    return Notice(message, directive.name.span)


def _odd(key: Key) -> Notice:
    message = f'Domain "{key.zone}" does not follow RFC1035 preferred syntax'
    hint = None
    if key.zone == "}.":
        hint = "this '}' closes nothing, so it is read as the address of a zone"
    elif key.zone.startswith("["):
        hint = "an address is not a zone: use 'bind' to listen on one"
    return Notice(message, key.token.span, hint)
