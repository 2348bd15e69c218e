"""The line for an error, and which errors get one."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from corepy import names
from corepy.lib.mnemonics import type_text
from corepy.lib.rewritten import latest
from corepy.plugin import Next, Plugin
from corepy.request import Request
from corepy.response import Response
from corepy_plugins.errors.consolidate import Consolidation


class Errors(Plugin):
    """Reads `Response.error` of what passes."""

    repeatable = True
    eager = True

    def __init__(self, log: logging.Logger, rules: Sequence[Consolidation] = ()) -> None:
        self._log = log
        self._rules = tuple(rules)

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Pass the query on and report what went wrong."""
        response = await next(request)
        if response.error is not None:
            self._watch(request, response, response.error)
        return response

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Counts that are not due yet are reported at the end."""
        try:
            yield
        finally:
            for rule in self._rules:
                rule.stop()

    def _watch(self, request: Request, response: Response, error: str) -> None:
        asked = latest(request)
        # CoreDNS's plugins return 0 beside an error once they have written an answer themselves.
        rcode = response.rcode if response.implicit else 0
        line = f"{rcode} {names.to_text(asked.qname)} {type_text(asked.qtype)}: {error}"

        def report(*_: Any) -> None:
            self._report(line, error)

        report()
        if response.fresh_until > 0.0:
            request.on_repeat(report)

    def _report(self, line: str, error: str) -> None:
        level = logging.ERROR
        for rule in self._rules:
            if rule.matches(error):
                if rule.absorb():
                    return
                level = rule.level
                break
        self._log.log(level, "%s", line, extra={"each": True})
