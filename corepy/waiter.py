"""Waiting without a task, and carrying a coroutine on in one when it needs it.

A query's coroutine is run up to its first real wait by calling `send(None)`; most end there. One
that awaits a `Waiter` is resumed straight from the callback that has its result, so a forwarded
query costs no task either. One that awaits anything else (a future, a timer, aiohttp) is carried on
in an asyncio task from there on.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any, Generic, TypeVar

from corepy.tasks import spawn

T = TypeVar("T")

# Before 3.12 asyncio.current_task asks the system for the process id each time. This table of its
# has an entry just while some task is running: if it is empty there is none.
_RUNNING: Any = (
    getattr(asyncio.tasks, "_current_tasks", None) if sys.version_info < (3, 12) else None
)


def in_task() -> bool:
    """True inside an asyncio task, False in a callback."""
    return bool(_RUNNING is None or _RUNNING) and asyncio.current_task() is not None


Done = Callable[[Any, BaseException | None], None]
"""Called once with a coroutine's result, or with None and its exception."""


class Waiter(Generic[T]):
    """One result that arrives later; awaited by one coroutine, inside a task or outside."""

    __slots__ = ("_coro", "_done", "_error", "_future", "_set", "_value")

    _done: Done
    _value: T

    def __init__(self) -> None:
        self._set = False
        self._error: BaseException | None = None
        # Who waits outside a task, and whom to tell when it ends: set by `carry`.
        self._coro: Coroutine[Any, Any, Any] | None = None
        self._future: asyncio.Future[T] | None = None

    def wake(self, value: T) -> None:
        """Give the result; the first one counts."""
        if self._set:
            return
        self._set, self._value = True, value
        self._continue()

    def fail(self, error: BaseException) -> None:
        """Give an exception instead of a result."""
        if self._set:
            return
        self._set, self._error = True, error
        self._continue()

    @property
    def done(self) -> bool:
        """True once there is a result."""
        return self._set

    def _continue(self) -> None:
        coro = self._coro
        if coro is not None:
            if not in_task():
                drive(coro, self._done)
            else:
                # The woken coroutine must not take the waker's task for its own.
                asyncio.get_running_loop().call_soon(drive, coro, self._done)
        elif self._future is not None and not self._future.done():
            if self._error is not None:
                self._future.set_exception(self._error)
            else:
                self._future.set_result(self._value)

    def __await__(self) -> Generator[Any, Any, T]:
        if not self._set:
            if in_task():
                self._future = asyncio.get_running_loop().create_future()
                return (yield from self._future)
            yield self
        if self._error is not None:
            raise self._error
        return self._value


class _InTask:
    """Awaited by a coroutine that needs `asyncio.current_task()` from here on."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        if not in_task():
            yield self


IN_TASK = _InTask()


def drive(coro: Coroutine[Any, Any, Any], done: Done) -> None:
    """Run a coroutine up to its next wait, outside a task as long as that is possible."""
    try:
        pending = coro.send(None)
    except StopIteration as stop:
        done(stop.value, None)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - `done` judges
        done(None, error)
    else:
        carry(coro, pending, done)


def carry(coro: Coroutine[Any, Any, Any], pending: Any, done: Done) -> None:
    """Carry on a coroutine that yielded `pending` at its first wait."""
    if isinstance(pending, Waiter):
        pending._coro, pending._done = coro, done  # noqa: SLF001 - the other half of Waiter
    else:
        spawn(_finish(coro, pending, done))


async def _finish(coro: Coroutine[Any, Any, Any], pending: Any, done: Done) -> None:
    try:
        result = await _resume(coro, pending)
    except asyncio.CancelledError as error:
        # Also what a plugin let escape that had awaited something cancelled: somebody waits.
        done(None, error)
        raise
    except Exception as error:  # noqa: BLE001
        done(None, error)
    else:
        done(result, None)


@coroutine
def _resume(coro: Coroutine[Any, Any, Any], pending: Any) -> Generator[Any, Any, Any]:
    """Drive `coro` inside the current task, from the wait it stands at."""
    while True:
        try:
            value = None if pending is IN_TASK else (yield pending)
        except BaseException as error:  # noqa: BLE001 - cancellation is the coroutine's to handle
            try:
                pending = coro.throw(error)
            except StopIteration as stop:
                return stop.value
        else:
            try:
                pending = coro.send(value)
            except StopIteration as stop:
                return stop.value
