"""Which queries get a line, and the line."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from corepy import log, names
from corepy.lib import labels
from corepy.lib.classify import Class, classify, typify
from corepy.lib.replacer import Exchange, Format, fill
from corepy.plugin import Next, Plugin
from corepy.request import Request
from corepy.response import DROP, Response
from corepy_plugins.log.record import settle_record, write_record

_ROOT = b"\0"


class Rule:
    """The format and the classes for names at or below `scope` (wire form, lower case)."""

    __slots__ = ("_any_class", "_classes", "_format", "scope")

    def __init__(self, scope: bytes, form: Format, classes: frozenset[Class]) -> None:
        self.scope = scope
        self._format = form
        self._classes = classes
        self._any_class = Class.ALL in classes

    def matches(self, name: bytes) -> bool:
        """True for names this rule decides about."""
        return self.scope == _ROOT or names.below(name, self.scope)

    def wants(self, request: Request, response: Response) -> bool:
        """Whether the answer's class is among the chosen ones; publishes the class as metadata."""
        collected = labels.collected(request)
        if self._any_class and collected is None:
            return True
        kind = "OTHERERROR"
        group = Class.ERROR
        if response is not DROP:
            found = typify(request, response, do=_signed(request, response))
            kind, group = found.value, classify(found)
        if collected is not None:
            collected["log/type"] = lambda: kind
            collected["log/class"] = lambda: group.value
        return self._any_class or group in self._classes

    def write(self, request: Request, response: Response, started: float) -> None:
        """Write the line, and see to it that a repeated answer gets one too."""
        exchange = Exchange(request, response)
        template = self._format.settle(exchange)
        if log.as_json():
            template, emit = settle_record(exchange, template), write_record
        else:
            template, emit = "[INFO] " + template, _write_line
        emit(template, request.wire, request.peer, started)
        if response.fresh_until > 0.0:

            def again(query: bytes, peer: Any, started: float) -> None:
                emit(template, query, peer, started)

            request.on_repeat(again)


def _write_line(template: str, query: bytes, peer: Any, started: float) -> None:
    output = log.output()
    if output is not None:
        output.write(fill(template, query, peer, started))


def _signed(request: Request, response: Response) -> bool:
    """Whether signatures matter: the reply has the DO bit of the query or one of its own."""
    if response.implicit:
        return False
    return request.do or (response.edns is not None and response.edns.do)


class Log(Plugin):
    """Watches what passes; the first rule whose scope holds the name decides."""

    repeatable = True
    eager = True

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Pass the query on, then write about it."""
        for rule in self._rules:
            if rule.matches(request.qname):
                break
        else:
            return await next(request)
        started = monotonic()
        response = await next(request)
        if rule.wants(request, response):
            rule.write(request, response, started)
        return response
