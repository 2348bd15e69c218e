"""The query while the rules change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from corepy import names, wire
from corepy.errors import WireError
from corepy.request import Request

_OPTIONS: Final = "options after rules"

_ADDED_SIZE: Final = 4096
"""UDP size in octets of an OPT record that a rule puts in."""

# Codes that CoreDNS's DNS library knows; its rules for local options pass these over.
_KNOWN: Final = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 18, 19))


class Option(NamedTuple):
    """One EDNS option.

    `local` ones are those that rules for local options look at; `added`: a rule has put it in.
    """

    code: int
    data: bytes
    local: bool
    added: bool = False


class Query:
    """Name (text form), type and class of the question, and the EDNS options.

    `owner` is the new name in wire form, None as long as it is the old one. It is `legal` until a
    rule makes of it what is no name. `plain` means that no rule has looked at anything else.
    """

    __slots__ = ("_options", "_request", "legal", "name", "owner", "plain", "qclass", "qtype")

    def __init__(self, request: Request) -> None:
        self._request = request
        self.name = request.qname_text
        self.owner: bytes | None = None
        self.legal = True
        self.qtype = request.qtype
        self.qclass = request.qclass
        self.plain = True
        self._options: list[Option] | None = None

    @property
    def request(self) -> Request:
        """All the rest of the query."""
        self.plain = False
        return self._request

    def rename(self, name: str) -> None:
        """Ask for another name."""
        self.name = name
        try:
            self.owner = names.from_text(name)
        except WireError:
            self.legal = False
        if name == "":
            self.legal = False

    def written(self) -> str:
        """The name, in the client's letters unless a rule has changed it."""
        return names.to_text(self.request.owner) if self.owner is None else self.name

    def opened(self) -> list[Option]:
        """The options, to be changed in place; the query has an OPT record from now on."""
        if self._options is None:
            self._options = found(self._request)
        return self._options

    @property
    def options(self) -> Sequence[Option] | None:
        """The options, None if no rule has opened them."""
        return self._options


def found(request: Request) -> list[Option]:
    """The options of a query; in a look-up for another one as the rules have left them there."""
    options: Sequence[Option] | None = request.noted(_OPTIONS)
    if options is None or join(options) != request.options:
        return split(request.options)
    return list(options)


def split(octets: bytes) -> list[Option]:
    """Options in wire form, one by one."""
    found: list[Option] = []
    at = 0
    while at < len(octets):
        code = octets[at] << 8 | octets[at + 1]
        end = at + 4 + (octets[at + 2] << 8 | octets[at + 3])
        found.append(Option(code, octets[at + 4 : end], code not in _KNOWN))
        at = end
    return found


def join(options: Sequence[Option]) -> bytes:
    """Options in wire form, in a row."""
    return b"".join(
        [
            b"%b%b%b" % (option.code.to_bytes(2, "big"), _size(option.data), option.data)
            for option in options
        ]
    )


def changed(request: Request, options: Sequence[Option], joined: bytes) -> Request:
    """The query with these options (`joined`: in wire form), to be `found` in look-ups for it."""
    derived = with_options(request, joined)
    derived.note(_OPTIONS, options)
    return derived


def with_options(request: Request, options: bytes) -> Request:
    """The query with these options in its OPT record, which is added if there is none."""
    octets, at = request.wire, request.opt
    if at:
        behind = at + 11 + (octets[at + 9] << 8 | octets[at + 10])
        octets = b"%b%b%b%b" % (octets[: at + 9], _size(options), options, octets[behind:])
        return request.amend(octets, at)
    at, count = _end(request), (octets[10] << 8 | octets[11]) + 1
    opt = b"\0\0\x29%b\0\0\0\0%b%b" % (_ADDED_SIZE.to_bytes(2, "big"), _size(options), options)
    octets = b"%b%b%b%b" % (octets[:10], count.to_bytes(2, "big"), octets[12:at], opt)
    return request.amend(octets, at)


def _size(octets: bytes) -> bytes:
    return len(octets).to_bytes(2, "big")


def _end(request: Request) -> int:
    """The offset behind the last record."""
    octets = request.wire
    count = sum(octets[at] << 8 | octets[at + 1] for at in (6, 8, 10))
    if count == 0:
        return request.end
    try:
        return wire.scan_records(octets, request.end, count)[-1].end
    except WireError:
        return len(octets)  # fewer records than the header says, which is allowed
