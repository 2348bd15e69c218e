"""Text with placeholders such as `{name}` or `{>id}`, read once and then filled in per query.

Used for log lines and dnstap's extra field; the placeholders and what stands for them are CoreDNS's
(plugin/pkg/replacer). Filling in has two steps, because an answer may be given again from memory:
`Format.settle` works out all that stays the same and leaves a template, `fill` puts in what belongs
to one client: address, port, id, duration.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from time import monotonic
from typing import Any, Final

from corepy import names, wire
from corepy.ends import peer_of
from corepy.lib import labels, rcodes
from corepy.lib.mnemonics import class_text, type_text
from corepy.lib.query_size import query_size
from corepy.lib.rewritten import latest, shares_options
from corepy.reply import finish, kept_back
from corepy.request import UDP_MINIMUM, Request
from corepy.response import DROP, Response

EMPTY: Final = "-"
"""What stands for a value that is not known."""

_FLAGS: Final = (
    (wire.QR, "qr"), (wire.AA, "aa"), (wire.TC, "tc"), (wire.RD, "rd"), (wire.RA, "ra"),
    (wire.Z, "z"), (wire.AD, "ad"), (wire.CD, "cd"),
)  # fmt: skip


class Exchange:
    """A query and its outcome, as placeholders see them.

    `request` is what was asked in the end, `name` what was asked first. `response` is None if
    nothing was answered; `recorded` is False where only the query is looked at (dnstap).
    """

    __slots__ = ("flags", "name", "recorded", "request", "response", "rsize", "size")

    def __init__(self, request: Request, response: Response | None = None) -> None:
        self.name = names.to_text(request.qname)
        self.recorded = response is not None
        self.response = None if response is DROP else response
        self.request = request if request.became is None else latest(request)
        self.flags = self.rsize = 0
        if self.response is not None:
            self.rsize = self.response.size(len(request.shown or request.question))
            self.flags = _flags(request, self.response, self.rsize)
        self.size = _request_size(self.request, self.response)


Part = Callable[[Exchange], str]
"""Works out what stands for one placeholder, as a piece of a template."""


def _rcode(exchange: Exchange) -> str:
    if exchange.response is None:
        return EMPTY
    rcode = exchange.response.rcode
    return rcodes.text(rcode) or str(rcode)


def _rsize(exchange: Exchange) -> str:
    return str(exchange.rsize) if exchange.recorded else EMPTY


def _rflags(exchange: Exchange) -> str:
    return flags_text(exchange.flags) if exchange.response else EMPTY


def _do(exchange: Exchange) -> str:
    return "true" if exchange.request.do else "false"


_SETTLED: Final[dict[str, Part]] = {
    "{type}": lambda exchange: type_text(exchange.request.qtype),
    "{name}": lambda exchange: escape(exchange.name),
    "{class}": lambda exchange: class_text(exchange.request.qclass),
    "{proto}": lambda exchange: exchange.request.proto,
    "{local}": lambda exchange: bracketed(_local(exchange.request)),
    "{size}": lambda exchange: str(exchange.size),
    "{>opcode}": lambda exchange: str(exchange.request.opcode),
    "{>do}": _do,
    "{>bufsize}": lambda exchange: str(exchange.request.size),
    "{rcode}": _rcode,
    "{rsize}": _rsize,
    "{>rflags}": _rflags,
}
# Their places in a template, see `fill`.
_CLIENT: Final = {
    "{remote}": "{0}",
    "{port}": "{1}",
    "{>id}": "{2}",
    "{duration}": "{3}s",
}


class Format:
    """A text with placeholders. Words in braces that are none stay as they are."""

    __slots__ = ("_parts", "_template")

    def __init__(self, text: str) -> None:
        self._template = ""  # with %s for what the parts work out
        self._parts: list[Part] = []
        literal = ""
        while (end := text.find("}")) >= 0:
            start = text.rfind("{", 0, end)
            word = text[start : end + 1] if start >= 0 else ""
            part = _part(word)
            if part is None:
                literal += escape(text[: end + 1])
            elif isinstance(part, str):
                literal += escape(text[:start]) + part
            else:
                self._template += (literal + escape(text[:start])).replace("%", "%%") + "%s"
                self._parts.append(part)
                literal = ""
            text = text[end + 1 :]
        self._template += (literal + escape(text)).replace("%", "%%")

    def settle(self, exchange: Exchange) -> str:
        """A template for `fill`, good for every client that gets this answer."""
        template = self._template % tuple([part(exchange) for part in self._parts])
        return template if exchange.recorded else template.replace("{3}s", EMPTY)

    def text(self, request: Request) -> str:
        """The whole text for a query whose outcome is not looked at."""
        template = self.settle(Exchange(request))
        return fill(template, request.wire, request.peer, 0.0)


def _part(word: str) -> str | Part | None:
    if word.startswith("{/"):
        label = word[2:-1]
        return lambda exchange: _metadata(exchange, label)
    return _SETTLED.get(word) or _CLIENT.get(word)


def _metadata(exchange: Exchange, label: str) -> str:
    value = labels.value(exchange.request, label)
    return EMPTY if value is None else escape(value)


def escape(text: str) -> str:
    """Literal text as it must stand in a template."""
    return text.replace("{", "{{").replace("}", "}}") if "{" in text or "}" in text else text


def fill(template: str, query: bytes, peer: Any, started: float) -> str:
    """A settled template for one query; `peer` is the transport's form of the client's address.

    `started` is when the query came in, in monotonic seconds. Places: 0 address with brackets,
    1 port, 2 id, 3 seconds since, 4 address without brackets.
    """
    host, port = peer_of(peer)
    return template.format(
        bracketed(host),
        port,
        query[0] << 8 | query[1],
        seconds_text(monotonic() - started),
        host,
    )


def bracketed(host: str) -> str:
    """An address as it stands before a port (RFC 3986): IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def seconds_text(seconds: float) -> str:
    """Seconds to the nanosecond, without exponent and without zeros at the end."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".")


@lru_cache(512)
def flags_text(flags: int) -> str:
    """The header flags that are set, in the order of the header: `qr,aa,rd`."""
    return ",".join([name for bit, name in _FLAGS if flags & bit])


def _local(request: Request) -> str:
    return request.local[0]


def _flags(request: Request, response: Response, size: int) -> int:
    """The header as it will be sent: TC is only known once the reply is cut."""
    flags, asked = response.flags, request.amended or request
    if not flags & wire.QR:
        echoed = 0 if request.opcode else wire.RD | wire.CD
        flags |= wire.QR | asked.flags & echoed
    room = max(UDP_MINIMUM, asked.size)
    if asked.opt and response.edns is None:
        size += 11 + len(asked.options)
    if size > room and not response.implicit:
        flags |= (finish(request, response)[2] << 8) & wire.TC
    return flags


def _request_size(request: Request, response: Response | None) -> int:
    """Octets of the query as it was parsed, without what may stand behind the last record.

    An answer takes over the query's OPT record, and with that the options that do not travel
    end to end are gone from it; CoreDNS counts what is left.
    """
    size = query_size(request)
    if request.plain or response is None or response.implicit:
        return size
    if not shares_options(request, response):
        return size
    return size - kept_back(request.options)
