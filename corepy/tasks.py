"""Background tasks that are not lost.

asyncio holds only weak references to tasks: one that nobody keeps may be collected while it runs,
and its exception is never seen. `spawn` keeps it and logs what went wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_running: set[asyncio.Task[Any]] = set()
_log = logging.getLogger("corepy")


def spawn(coro: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """Run a coroutine in a task of its own; its exception, if any, is logged."""
    task = asyncio.get_running_loop().create_task(coro, name=name)
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("background task failed: %r", error, exc_info=error)
