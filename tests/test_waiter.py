"""Coroutines without tasks, and with one when they need it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from corepy.waiter import IN_TASK, Waiter, drive


class Outcome:
    """What `drive` told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, BaseException | None]] = []
        self.ready = asyncio.Event()

    def __call__(self, value: Any, error: BaseException | None) -> None:
        self.calls.append((value, error))
        self.ready.set()

    async def value(self) -> Any:
        async with asyncio.timeout(5):
            await self.ready.wait()
        ((value, error),) = self.calls
        if error is not None:
            raise error
        return value


def outside_tasks(coro: Coroutine[Any, Any, Any]) -> Outcome:
    """Drive from a callback of the loop, where there is no current task, as transports do."""
    outcome = Outcome()
    asyncio.get_running_loop().call_soon(drive, coro, outcome)
    return outcome


async def test_a_coroutine_that_does_not_wait_needs_no_loop_turn() -> None:
    async def answer() -> int:
        return 7

    outcome = Outcome()
    drive(answer(), outcome)
    assert outcome.calls == [(7, None)]


async def test_an_exception_is_told() -> None:
    async def mistake() -> None:
        raise LookupError

    async def later() -> None:
        await asyncio.sleep(0)
        raise LookupError

    for coro in (mistake(), later()):
        with pytest.raises(LookupError):
            await outside_tasks(coro).value()


async def test_a_waiter_is_awaited_without_a_task() -> None:
    waiter: Waiter[int] = Waiter()
    tasks: list[object] = []

    async def waits() -> int:
        value = await waiter
        tasks.append(asyncio.current_task())
        return value + 1

    outcome = outside_tasks(waits())
    await asyncio.sleep(0)
    assert not waiter.done
    asyncio.get_running_loop().call_soon(waiter.wake, 1)
    assert await outcome.value() == 2
    assert tasks == [None]
    assert waiter.done


async def test_a_waiter_woken_from_a_task_does_not_lend_that_task() -> None:
    waiter: Waiter[int] = Waiter()
    tasks: list[object] = []

    async def waits() -> int:
        value = await waiter
        tasks.append(asyncio.current_task())
        async with asyncio.timeout(5):  # needs a task of its own, which it gets by IN_TASK only
            await asyncio.sleep(0)
        return value

    async def guarded() -> int:
        await IN_TASK
        return await waits()

    first, second = outside_tasks(waits()), None
    await asyncio.sleep(0)
    waiter.wake(1)  # from this test's task
    with pytest.raises(RuntimeError, match="inside a task"):
        await first.value()
    assert tasks == [None]
    second = outside_tasks(guarded())
    assert await second.value() == 1


async def test_a_waiter_is_awaited_in_a_task() -> None:
    waiter: Waiter[int] = Waiter()

    async def waits() -> int:
        return await waiter

    task = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    waiter.wake(3)
    waiter.wake(4)  # the first one counts
    assert await task == 3
    assert await waiter == 3  # it is there already


@pytest.mark.parametrize("in_task", [False, True])
async def test_a_waiter_fails(in_task: bool) -> None:
    waiter: Waiter[int] = Waiter()

    async def waits() -> int:
        if in_task:
            await IN_TASK
        return await waiter

    outcome = outside_tasks(waits())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(waiter.fail, LookupError("no"))
    with pytest.raises(LookupError):
        await outcome.value()
    waiter.fail(KeyError("late"))
    waiter.wake(1)
    with pytest.raises(LookupError):
        await waiter


async def test_several_waits_of_all_kinds_in_a_row() -> None:
    loop = asyncio.get_running_loop()

    def soon(value: int) -> Waiter[int]:
        waiter: Waiter[int] = Waiter()
        loop.call_later(0.001, waiter.wake, value)
        return waiter

    async def waits() -> list[int]:
        found = [await soon(1), await soon(2)]
        await asyncio.sleep(0.001)
        found.append(await soon(3))
        await IN_TASK
        async with asyncio.timeout(5):
            found.append(await soon(4))
        future: asyncio.Future[int] = loop.create_future()
        loop.call_soon(future.set_result, 5)
        found.append(await future)
        found.append(await soon(6))
        return found

    assert await outside_tasks(waits()).value() == [1, 2, 3, 4, 5, 6]


async def test_a_woken_coroutine_may_carry_on_in_a_task() -> None:
    waiter: Waiter[int] = Waiter()

    async def waits() -> int:
        value = await waiter
        await IN_TASK
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        return value

    outcome = outside_tasks(waits())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(waiter.wake, 1)
    assert await outcome.value() == 1


async def test_a_coroutine_can_handle_what_is_thrown_into_it() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def waits() -> str:
        try:
            await future
        except LookupError:
            await asyncio.sleep(0)
            return "handled"
        return "not"

    outcome = outside_tasks(waits())
    await asyncio.sleep(0)
    future.set_exception(LookupError())
    assert await outcome.value() == "handled"


@pytest.mark.parametrize("later", [False, True])
async def test_a_cancellation_that_escapes_is_told_like_an_error(later: bool) -> None:
    async def cancelled() -> None:
        if later:
            await asyncio.sleep(0)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    with pytest.raises(asyncio.CancelledError):
        await outside_tasks(cancelled()).value()


async def test_in_task_is_nothing_inside_a_task() -> None:
    await IN_TASK
