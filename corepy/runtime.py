"""What every process of the program does alike: its event loop, its memory, words for a fault."""

from __future__ import annotations

import asyncio
import gc
import os

from corepy.corefile.faults import BareError
from corepy.corefile.report import headline, render
from corepy.errors import ConfigErrors
from corepy.transport.sockets import ListenError


def explain(error: Exception) -> str:
    """What an operator is told of a failed start."""
    if isinstance(error, ConfigErrors):
        return render(error)
    if isinstance(error, ListenError):
        return render(BareError(f"Listen: {error}", error.span, error.hint))
    return str(error)


def brief(error: Exception) -> str:
    """The same in one line, as CoreDNS has it behind what failed."""
    if isinstance(error, ConfigErrors):
        return headline(error.errors[0])
    if isinstance(error, ListenError):
        return f"Listen: {error}"
    return str(error) or repr(error)


def loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop if it is installed (extra `fast`), unless COREPY_LOOP says `asyncio`."""
    if os.environ.get("COREPY_LOOP", "") == "asyncio":
        return None
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return None
    factory: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return factory


def settle_memory() -> None:
    """Tell the collector that what is there now is there to stay."""
    # What is loaded now stays: the collector need not look at it again, and queries make no cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
