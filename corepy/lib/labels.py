"""Metadata: values about a request under names such as `forward/upstream`, as *metadata* has them.

A server block without *metadata* has none: then nothing is kept, and asking finds nothing. The
plugin calls `begin` for each request, and for each look-up through the server; others `publish` and
read. A value is a function, called when somebody wants to know (CoreDNS's plugin/metadata).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from corepy.controller import Controller
from corepy.request import Request

Value = Callable[[], str]

_KEY: Final = "labels"


def in_use(c: Controller) -> bool:
    """Whether values may be asked for, once the instance is complete.

    It need not be the plugin's own block that has *metadata*: one whose view turns a request down
    hands what it has collected on to the next.
    """
    return any(name == "metadata" for _, name, _ in c.host.plugins)


def begin(request: Request) -> dict[str, Value]:
    """Start to collect anew for this request and all derived from it; returns the collection.

    What was collected before for a request that this one was derived from stays as it is.
    """
    found: dict[str, Value] = {}
    request.note(_KEY, found)
    return found


def collected(request: Request) -> dict[str, Value] | None:
    """The labels of the request, None in a block without *metadata*."""
    found: dict[str, Value] | None = request.noted(_KEY)
    return found


def publish(request: Request, label: str, value: Value) -> None:
    """Give a label a value, if anybody collects; the last one counts."""
    found = collected(request)
    if found is not None:
        found[label] = value


def value(request: Request, label: str) -> str | None:
    """What is known under a label, None if nothing is."""
    found = collected(request)
    get = found.get(label) if found else None
    return get() if get else None
