"""Finds the template for a question and fills it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corepy import wire
from corepy.lib.expression import EvaluationError
from corepy.lib.gotemplate import ExecutionError, Template
from corepy.lib.lookup import lookup
from corepy.plugin import Next, Plugin
from corepy.record import Record
from corepy.request import Request
from corepy.response import DROP, FOREVER, Edns, Response
from corepy_plugins.template.counters import Counters
from corepy_plugins.template.data import Data
from corepy_plugins.template.record import RecordError, parse
from corepy_plugins.template.rule import Rule

_FAILED = Response.failure(wire.SERVFAIL)


class Templates(Plugin):
    """The templates of a server block in the order of the Corefile; the first one that fits."""

    repeatable = True
    eager = True

    def __init__(self, rules: Sequence[Rule], counters: Counters) -> None:
        self._rules = tuple(rules)
        self._counters = counters

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Answer by the first template that takes the question; pass on what none is about."""
        for rule in self._rules:
            zone = rule.concerns(request)
            if zone is None:
                continue
            try:
                data = rule.take(request, zone)
            except EvaluationError as error:
                return Response.failure(wire.SERVFAIL, str(error))
            if data is not None:
                return await self._answer(request, rule, data)
            if not rule.fallthrough.passes(request.qname):
                return _FAILED
        return await next(request)

    async def _answer(self, request: Request, rule: Rule, data: Data) -> Response:
        self._count(request, data)
        if rule.rcode == wire.SERVFAIL:
            return _FAILED
        reply = _Reply()
        try:
            for template in rule.answer:
                reply.answer.append(self._record(request, data, "answer", template))
                await _follow(request, reply)
            for template in rule.additional:
                reply.additional.append(self._record(request, data, "additional", template))
            for template in rule.authority:
                reply.authority.append(self._record(request, data, "authority", template))
        except (ExecutionError, RecordError) as error:
            return Response.failure(wire.SERVFAIL, str(error))
        return reply.response(rule)

    def _count(self, request: Request, data: Data) -> None:
        series = self._counters.match(request, data)
        series.value += 1

        def again(query: bytes, peer: Any, started: float) -> None:  # noqa: ARG001
            series.value += 1

        request.on_repeat(again)

    def _record(self, request: Request, data: Data, section: str, template: Template) -> Record:
        try:
            return parse(template.execute(data), data.name, request.qname)
        except (ExecutionError, RecordError) as error:
            misfit = isinstance(error, RecordError)
            self._counters.failed(request, data, section, str(template), misfit=misfit)
            raise


class _Reply:
    """The answer as it comes together."""

    __slots__ = ("additional", "answer", "authority", "fresh_until", "truncated")

    def __init__(self) -> None:
        self.answer: list[Record] = []
        self.additional: list[Record] = []
        self.authority: list[Record] = []
        self.fresh_until = FOREVER
        self.truncated = False

    def response(self, rule: Rule) -> Response:
        edns = None if rule.option is None else Edns(4096, do=True, options=rule.option)
        return Response(
            rule.rcode,
            self.answer,
            self.authority,
            self.additional,
            flags=wire.AA | (wire.TC if self.truncated else 0),
            edns=edns,
            fresh_until=self.fresh_until,
        )


async def _follow(request: Request, reply: _Reply) -> None:
    """Look the target of an alias up, for those who want an address."""
    record = reply.answer[-1]
    if record.rdtype != wire.CNAME or request.qtype not in (wire.A, wire.AAAA):
        return
    found = await lookup(request, record.rdata, request.qtype)
    if found is not DROP:
        reply.truncated = bool(found.flags & wire.TC)
        reply.answer += found.answer
    reply.fresh_until = min(reply.fresh_until, found.fresh_until)
