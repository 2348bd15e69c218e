"""Lets queries through or ends them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from corepy import DROP, Edns, Next, Plugin, Request, Response, wire
from corepy.lib.netsets import NetworkSets
from corepy_plugins.acl.counters import Counters
from corepy_plugins.acl.rule import Action, Rule

_EXTENDED_ERROR: Final = 15  # the option of RFC 8914
_BLOCKED: Final = b"\0\x0f"
_FILTERED: Final = b"\0\x11"

_UDP_SIZE: Final = 4096
_REMEMBERED: Final = 4096


def _explained(rcode: int, code: bytes) -> Response:
    # CoreDNS tells the reason to clients without EDNS too, and sets DO for them.
    edns = Edns(_UDP_SIZE, True).with_option(_EXTENDED_ERROR, code)
    return Response(rcode, flags=0, edns=edns)


_ANSWERS: Final = {
    Action.BLOCK: _explained(wire.REFUSED, _BLOCKED),
    Action.FILTER: _explained(wire.NOERROR, _FILTERED),
    Action.DROP: DROP,
}


class Acl(Plugin):
    """Asks one rule after the other, until one lets the query through or ends it."""

    repeatable = True
    eager = True

    def __init__(self, rules: Sequence[Rule], counters: Counters) -> None:
        self._rules = tuple(rules)
        self._counters = counters
        self._last = False
        policies = [
            policy for rule in rules for policy in rule.policies if policy.networks is not None
        ]
        for index, policy in enumerate(policies):
            policy.bit = 1 << index
        sets = NetworkSets([policy.networks or () for policy in policies])
        # Clients come again, and even a quick search costs more than a look at the last ones.
        self._networks = lru_cache(_REMEMBERED)(sets.holding)

    def placed(self, following: str) -> None:
        """Nothing may come behind it."""
        self._last = not following

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Pass on what no rule stops."""
        for rule in self._rules:
            zone = rule.zones.match(request.qname)
            if zone is None:
                continue
            action = self._decide(rule, request)
            if action is Action.ALLOW:
                break
            if action is not None:
                return self._stop(request, action, zone)
        count = self._counters.allowed(request)
        count.one()
        if self._last:
            # CoreDNS names the query here, not the plugin.
            error = f"plugin/{request.qname_text}: no next plugin found"
            return Response.failure(wire.SERVFAIL, error)
        response = await next(request)
        if response.fresh_until:
            request.on_repeat(count.again)
        return response

    def _decide(self, rule: Rule, request: Request) -> Action | None:
        """The action of the first line about such a query; None if no line is.

        The client is looked at only where it matters: other answers are the same for everybody.
        """
        qtype, held = request.qtype, -1
        for policy in rule.policies:
            if policy.concerns(qtype):
                if policy.bit and held < 0:
                    held = request.vary(self._networks)
                if not policy.bit or held & policy.bit:
                    return policy.action
        return None

    def _stop(self, request: Request, action: Action, zone: str) -> Response:
        count = self._counters.stopped(action, zone, request)
        count.one()
        request.on_repeat(count.again)
        return _ANSWERS[action]
