"""Background tasks are kept, and their mistakes are seen."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from corepy import tasks
from corepy.tasks import spawn


async def test_a_task_is_kept_until_it_ends() -> None:
    event = asyncio.Event()

    async def waits() -> str:
        await event.wait()
        return "done"

    kept = weakref.ref(spawn(waits(), name="waits"))
    gc.collect()
    task = kept()
    assert task is not None
    assert task.get_name() == "waits"
    event.set()
    assert await task == "done"
    await asyncio.sleep(0)
    assert task not in tasks._running


async def test_a_mistake_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise LookupError("x")

    task = spawn(fails())
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert "background task failed: LookupError('x')" in caplog.text


async def test_a_cancelled_task_is_no_mistake(caplog: pytest.LogCaptureFixture) -> None:
    task = spawn(asyncio.sleep(60))
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert caplog.text == ""
