"""One worker: a process that builds and serves what its supervisor hands to it.

It takes no signals, which a terminal or an init system sends to all processes of a group alike; it
is told what to do, and ends when the supervisor does.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from corepy import banner, log, sums
from corepy.build import Built, build
from corepy.config import Source
from corepy.corefile.portable import restore
from corepy.errors import CorepyError
from corepy.host import Host
from corepy.instance import Instance
from corepy.registry import Registry
from corepy.runtime import explain, loop_factory, settle_memory
from corepy.workers.channel import Channel, Lost
from corepy.workers.lines import Forwarder
from corepy.workers.ports import Given

_log = logging.getLogger("corepy")

IGNORED: Final = tuple(
    getattr(signal, f"SIG{name}") for name in ("HUP", "INT", "QUIT", "PIPE", "TERM", "USR1", "USR2")
)
"""Signals that are the supervisor's business. It blocks them while it starts a worker."""


Parcel = Sequence[Sequence[Any]]


class Worker:
    """The process; `channel` leads to the supervisor."""

    def __init__(self, sock: socket.socket) -> None:
        self._sockets = Given()
        self._current: Built | None = None
        self._next: Built | None = None
        self._preparing: asyncio.Task[Any] | None = None
        self._slot = 0
        self._stopping = False
        self._turn = asyncio.Lock()
        self._over = asyncio.Event()
        self._channel = Channel(sock, self._do, self._over.set)

    async def run(self) -> int:
        """Serve until the supervisor hangs up; the exit status."""
        await self._over.wait()
        await self._abort()
        if self._current is not None and not self._stopping:
            # The supervisor died. Queries that wait here are answered, then all is over.
            await self._current.instance.stop()
        log.flush()
        return 0

    async def _do(self, what: str, fields: dict[str, Any], files: list[socket.socket]) -> Any:
        match what:
            case "ping":
                return None
            case "answer":
                return self._answer(fields["name"])
            case "drain":
                return await self._drain()
            case "abort":
                return await self._abort()
            case "stop":
                return await self._stop()
        async with self._turn:
            match what:
                case "prepare":
                    await self._prepare(**fields)
                case "commit":
                    await self._commit(fields["sockets"], files)
                case "adopt":
                    await self._adopt(fields["slot"], fields["sockets"], files)
                case "release":
                    self._release(fields["slot"])
        return None

    def _answer(self, name: str) -> Any:
        if name == "metrics":
            return sums.tell()
        built = self._current or self._next
        answer = built.host.answers.get(name) if built else None
        return answer() if answer else None

    # ---- a configuration: first prepare, then commit or abort

    async def _prepare(
        self, *, slot: int, conf: str, stdin: str | None, plugin_path: list[str], port: int,
        as_json: bool, corefile: dict[str, Any], first: bool,
    ) -> None:  # fmt: skip
        self._slot = slot
        if self._current is None:
            self._take_log(as_json=as_json)
        registry = Registry([Path(path) for path in plugin_path])
        read = restore(corefile)
        host = Host(
            version=banner.VERSION,
            conf=Source(conf).name,
            fingerprint=read.fingerprint(),
            first=first,
            read=lambda: Source(conf, stdin).load(registry, port).fingerprint(),
            reload=self._reload,
            fatal=self._fatal,
            worker=True,
            leader=slot == 0,
        )
        try:
            built = build(read, registry, host)
            built.instance.only("workers")
            log.set_debug(built.debug)
            self._preparing = asyncio.current_task()
            await built.instance.begin()
            self._next = built
        except Exception as error:  # noqa: BLE001 - also a plugin's mistake leaves the old one
            self._restore_debug()
            if isinstance(error, CorepyError | OSError):
                raise CorepyError(explain(error)) from None
            _log.error("%r", error, exc_info=error)
            raise CorepyError(repr(error)) from None
        finally:
            self._preparing = None

    async def _abort(self) -> None:
        """Forget what was prepared, or is being prepared, and go on as before."""
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait([self._preparing])
        if self._next is not None:
            built, self._next = self._next, None
            await built.instance.abandon()
        self._restore_debug()

    def _restore_debug(self) -> None:
        if self._current is not None:
            log.set_debug(self._current.debug)

    async def _commit(self, sockets: Parcel, files: list[socket.socket]) -> None:
        """Serve what was prepared, in place of what was served; done when that has ended."""
        built, previous = self._next, self._current
        if built is None or self._stopping:
            raise CorepyError("nothing was prepared")
        self._sockets.put(self._slot, sockets, files)
        before = previous.instance if previous else None
        await built.instance.take_over(self._sockets, before, self._sockets.endpoints())
        self._current, self._next = built, None
        built.instance.tell_started()
        if previous is not None:
            await previous.instance.stop()
        self._sockets.keep(_endpoints(built.instance))
        settle_memory()

    # ---- the sockets of others

    async def _adopt(self, slot: int, sockets: Parcel, files: list[socket.socket]) -> None:
        """Read also from the sockets of a worker that is gone."""
        self._sockets.put(slot, sockets, files)
        if self._current is not None:
            wanted = set(_endpoints(self._current.instance))
            self._sockets.keep(wanted)
            await self._current.instance.extend(self._sockets)

    def _release(self, slot: int) -> None:
        """Its replacement is here."""
        if self._current is not None:
            self._current.instance.leave(self._sockets.of(slot))
        self._sockets.drop(slot)

    # ---- the end

    async def _drain(self) -> None:
        if self._current is not None:
            await self._current.instance.drain()

    async def _stop(self) -> bool:
        """Stop serving; False if some query was not answered."""
        self._stopping = True
        await self._abort()
        answered = self._current is None or await self._current.instance.stop()
        self._sockets.keep(())
        log.flush()
        return answered

    # ---- what plugins ask of the process

    async def _reload(self) -> str:
        with suppress(Lost):
            return str(await self._channel.ask("reload"))
        return "the supervisor is gone"

    def _fatal(self, message: str) -> None:
        self._channel.tell("fatal", text=message)

    def _take_log(self, *, as_json: bool) -> None:
        log.setup(as_json=as_json).share()
        direct = log.ROOT.handlers[0]
        log.ROOT.removeHandler(direct)
        log.ROOT.addHandler(Forwarder(self._channel, direct))


def _endpoints(instance: Instance) -> list[Any]:
    return [endpoint for site in instance.sites for endpoint in site.endpoints]


async def _run(sock: socket.socket) -> int:
    return await Worker(sock).run()


def main(args: Sequence[str]) -> int:
    """Run a worker; the argument is the descriptor of its end of the channel."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED)
    sock = socket.socket(fileno=int(args[0]))
    os.set_inheritable(sock.fileno(), False)
    _restore_path()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_run(sock))


def _restore_path() -> None:
    """PYTHONPATH as the supervisor found it, for programs that plugins start."""
    found = os.environ.pop("COREPY_PYTHONPATH", None)
    os.environ.pop("PYTHONPATH", None)
    if found is not None:
        os.environ["PYTHONPATH"] = found
