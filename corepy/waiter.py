"""Waiting without a task, and carrying a coroutine on in one when it needs it.

A query's coroutine is run up to its first real wait by calling `send(None)`; most end there. One
that awaits a `Waiter` is resumed straight from the callback that has its result, so a forwarded
query costs no task either. One that awaits anything else (a future, a timer, aiohttp) is carried on
in an asyncio task from there on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any, Generic, TypeVar

from corepy.tasks import spawn

T = TypeVar("T")
Done = Callable[[Any, BaseException | None], None]
"""Called once with a coroutine's result, or with None and its exception."""


class Waiter(Generic[T]):
    """One result that arrives later; awaited by one coroutine, inside a task or outside."""

    __slots__ = ("_error", "_future", "_resume", "_set", "_value")

    def __init__(self) -> None:
        self._set = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self._resume: Callable[[Waiter[Any]], None] | None = None
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
        if self._resume is not None:
            if asyncio.current_task() is None:
                self._resume(self)
            else:
                # The woken coroutine must not take the waker's task for its own.
                asyncio.get_running_loop().call_soon(self._resume, self)
        elif self._future is not None and not self._future.done():
            if self._error is not None:
                self._future.set_exception(self._error)
            else:
                self._future.set_result(self._value)  # type: ignore[arg-type]  # set by wake

    def __await__(self) -> Generator[Any, Any, T]:
        if not self._set:
            if asyncio.current_task() is not None:
                self._future = asyncio.get_running_loop().create_future()
                return (yield from self._future)
            yield self
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # set by wake


class _InTask:
    """Awaited by a coroutine that needs `asyncio.current_task()` from here on."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        if asyncio.current_task() is None:
            yield self


IN_TASK = _InTask()


def drive(coro: Coroutine[Any, Any, Any], done: Done) -> None:
    """Run a coroutine that has not started, outside a task as long as that is possible."""
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
    if type(pending) is Waiter:
        pending._resume = lambda _: _step(coro, done)  # noqa: SLF001 - the other half of Waiter
    else:
        spawn(_finish(coro, pending, done))


def _step(coro: Coroutine[Any, Any, Any], done: Done) -> None:
    # `drive`, but for a coroutine that is under way: its Waiter has the result already.
    drive(coro, done)


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
