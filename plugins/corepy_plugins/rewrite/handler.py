"""Applies the rules to a query and undoes in the answer what is to be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from corepy import wire
from corepy.plugin import Next, Plugin
from corepy.request import Request
from corepy.response import DROP, Response
from corepy_plugins.rewrite.plan import Plan
from corepy_plugins.rewrite.query import Query
from corepy_plugins.rewrite.rule import Rule, Undo
from corepy_plugins.rewrite.undoing import renewed, undone, written

Key = tuple[bytes, int, int, bytes]
"""Name, type and class of a question, and the options in wire form."""

_KEPT: Final = 4096


class Rewrite(Plugin):
    """The rules of a server block, in the order of the Corefile.

    What they make of a question and its options is remembered, unless they look at anything else.
    """

    repeatable = True
    eager = True

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._plans: dict[Key, Plan] = {}

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Ask what the rules make of the question; answer what was asked."""
        options = b"" if request.plain else request.options
        key = (request.qname, request.qtype, request.qclass, options)
        plan = self._plans.get(key) or self._plan(request, key)
        derived = plan.derive(request)
        if plan.fault is not None:
            return Response.failure(wire.SERVFAIL, plan.fault)
        response = await next(derived)
        if not plan.written or response is DROP:
            return response
        known = plan.known(response)
        if known is not None:
            return known
        given = written(derived, response) if response.implicit else response
        if plan.simple:
            given = renewed(given, plan.undos)
        else:
            given = await undone(request, derived, given, plan.undos)
        plan.remember(response, given)
        return given

    def _plan(self, request: Request, key: Key) -> Plan:
        """Apply one rule after the other."""
        query = Query(request)
        undos: list[Undo] = []
        stopped = False
        for rule in self._rules:
            found = rule.apply(query)
            if found is None:
                continue
            if not query.legal:
                break
            undos += found
            if rule.stop:
                stopped = True
                break
        plan = Plan(request, query, undos[::-1], stopped=stopped)
        if query.plain:
            if len(self._plans) >= _KEPT:
                self._plans.clear()
            self._plans[key] = plan
        return plan
