"""The running program: start, reload, signals, the end. One instance serves at any time."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from corepy import banner, log
from corepy.build import Built, build
from corepy.config import Source
from corepy.errors import CorepyError
from corepy.host import Host
from corepy.registry import Registry
from corepy.runtime import brief, explain, loop_factory, settle_memory
from corepy.transport.sockets import Sockets

_log = logging.getLogger("corepy")

EXIT_FAILED = 1
EXIT_FORCED = 2
EXIT_STOP_FAILED = 3
EXIT_CALLBACKS_FAILED = 4


@dataclass
class Options:
    """What the command line says."""

    conf: str = ""
    port: int = 53
    pidfile: str = ""
    quiet: bool = False
    log_format: str = "text"
    plugin_path: list[Path] = field(default_factory=list)
    workers: int | None = None  # what the Corefile says, if it is not said here


class Stage(Protocol):
    """Where instances are performed: in this process, or in several others."""

    size: int

    async def start(self, built: Built, previous: Built | None) -> None:
        """Start an instance, in place of the previous one; raises what fails, all is as before."""
        ...

    async def retire(self, previous: Built, successor: Built) -> None:
        """End an instance that was replaced."""
        ...

    async def drain(self, built: Built) -> None:
        """Wait for what plugins want to wait for before serving stops."""
        ...

    async def stop(self, built: Built) -> bool:
        """Stop serving; False if some query was not answered."""
        ...

    async def close(self) -> None:
        """Leave nothing behind, whatever state this is in."""
        ...


class Alone:
    """The usual stage: the one process that there is."""

    size = 1

    def __init__(self) -> None:
        self._sockets = Sockets()

    async def start(self, built: Built, previous: Built | None) -> None:
        """As `Stage.start`."""
        await built.instance.start(self._sockets, previous.instance if previous else None)

    async def retire(self, previous: Built, successor: Built) -> None:
        """As `Stage.retire`."""
        await previous.instance.stop()
        self._sockets.keep(
            endpoint for site in successor.instance.sites for endpoint in site.endpoints
        )

    async def drain(self, built: Built) -> None:
        """As `Stage.drain`."""
        await built.instance.drain()

    async def stop(self, built: Built) -> bool:
        """As `Stage.stop`."""
        answered = await built.instance.stop()
        self._sockets.keep(())
        return answered

    async def close(self) -> None:
        """The end of the process closes everything."""


class Process:
    """Owns the stage and the current instance, and reacts to signals."""

    def __init__(self, options: Options, source: Source) -> None:
        self.options = options
        self.source = source
        self.stage: Stage = Alone()
        self.current: Built | None = None
        self._exit: asyncio.Future[int] | None = None
        self._reloading = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None
        self._interrupted = False

    async def run(self) -> int:
        """Serve until told otherwise; the exit status. Raises what a failed start raises."""
        loop = asyncio.get_running_loop()
        self._exit = loop.create_future()
        self._trap(loop)
        started = self._build(first=True)
        if (size := self._size(started)) > 1:
            self.stage = self._crew(size)
        try:
            return await self._perform(started)
        finally:
            await self.stage.close()
            log.flush()

    async def _perform(self, started: Built) -> int:
        assert self._exit is not None
        if not await self._began(started):
            return await self._exit
        self.current = started
        self._announce(started)
        if not started.instance.sites:
            # Nothing to serve, as after `bind` with an exception for every address.
            log.flush()
            return 0
        try:
            self._write_pid()
            settle_memory()
            return await self._exit
        finally:
            self._remove_pid()
            log.flush()

    def _size(self, built: Built) -> int:
        """The number of processes that are to serve, if there is anything to serve."""
        return (self.options.workers or built.workers) if built.instance.sites else 1

    def _check_size(self, built: Built) -> None:
        if (size := self._size(built)) != self.stage.size:
            _log.warning(
                "multisocket: %d processes from the next start on; until then %d",
                size,
                self.stage.size,
            )

    def _crew(self, size: int) -> Stage:
        from corepy.workers.crew import Crew  # noqa: PLC0415 - most servers are one process

        return Crew(size, self.options, self.source, self.reload, self.fatal)

    async def _began(self, built: Built) -> bool:
        """Start the first instance; False if a signal ended the process before that was done."""
        assert self._exit is not None
        starting = asyncio.get_running_loop().create_task(self._start(built))
        either: set[asyncio.Future[Any]] = {starting, self._exit}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            return True
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        return False

    async def stop(self) -> int:
        """Stop serving at once, queries under way excepted; the exit status."""
        status = 0
        if self.current is not None and not await self.stage.stop(self.current):
            status = EXIT_STOP_FAILED
        return status

    # ---- reload

    async def reload(self) -> str:
        """Swap to the configuration as it is now; why the old one goes on, empty if it does not."""
        async with self._reloading:
            _log.info("Reloading")
            if self._ending is not None or self.current is None:
                return "the server ends"
            try:
                successor = self._build(first=False)
                await self._start(successor, self.current)
            except Exception as error:  # noqa: BLE001 - also a plugin's mistake leaves the old one
                expected = isinstance(error, CorepyError | OSError)
                _log.error(
                    "Restart failed: %s",
                    explain(error) if expected else repr(error),
                    exc_info=None if expected else error,
                )
                return brief(error)
            previous, self.current = self.current, successor
            await self.stage.retire(previous, successor)
            self._check_size(successor)
            _log.info("Reloading complete")
            settle_memory()
            return ""

    def read(self) -> str:
        """The fingerprint of the configuration as it is now."""
        registry = Registry(self.options.plugin_path)
        return self.source.load(registry, self.options.port).fingerprint()

    def _build(self, *, first: bool) -> Built:
        registry = Registry(self.options.plugin_path)
        corefile = self.source.load(registry, self.options.port)
        host = Host(
            version=banner.VERSION,
            conf=self.source.name,
            fingerprint=corefile.fingerprint(),
            first=first,
            read=self.read,
            reload=self.reload,
            fatal=self.fatal,
        )
        return build(corefile, registry, host)

    async def _start(self, built: Built, previous: Built | None = None) -> None:
        for warning in built.warnings:
            _log.warning("%s", warning)
        log.set_debug(built.debug)
        try:
            await self.stage.start(built, previous)
        except BaseException:
            log.set_debug(previous.debug if previous else False)
            raise

    def _announce(self, built: Built) -> None:
        if self.options.quiet:
            return
        output = log.output()
        for line in (*built.banner, *banner.lines()):
            if output is not None:
                output.write(line)

    # ---- the end

    def fatal(self, message: str) -> None:
        """Log a last line and end with status 1, now."""
        _log.critical("%s", message)
        self._finish(EXIT_FAILED)

    def _finish(self, status: int) -> None:
        if self._exit is not None and not self._exit.done():
            self._exit.set_result(status)

    def _trap(self, loop: asyncio.AbstractEventLoop) -> None:
        for name in ("SIGHUP", "SIGPIPE", "SIGUSR2"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGTERM, self._terminate)
        loop.add_signal_handler(signal.SIGQUIT, self._quit)
        loop.add_signal_handler(signal.SIGUSR1, self._usr1)

    def _usr1(self) -> None:
        from corepy.tasks import spawn  # noqa: PLC0415 - the rule against bare tasks

        _log.info("SIGUSR1: Reloading")
        spawn(self._signalled())

    async def _signalled(self) -> None:
        if reason := self.source.unreadable():
            _log.error("SIGUSR1: loading updated Caddyfile: %s", reason)
            return
        if reason := await self.reload():
            _log.error("SIGUSR1: starting with listener file descriptors: %s", reason)

    def _quit(self) -> None:
        _log.info("SIGQUIT: Quitting process immediately")
        self._finish(0)

    def _interrupt(self) -> None:
        if self._interrupted:
            _log.info("SIGINT: Force quit")
            self._finish(EXIT_FORCED)
            return
        self._interrupted = True
        _log.info("SIGINT: Shutting down")
        self._end()

    def _terminate(self) -> None:
        _log.info("SIGTERM: Shutting down servers then terminating")
        self._end()

    def _end(self) -> None:
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._shut_down())

    async def _shut_down(self) -> None:
        status = 0
        try:
            if self.current is not None:
                await self.stage.drain(self.current)
            status = await self.stop()
        except Exception as error:  # noqa: BLE001 - the process ends, and says so
            _log.error("shutdown: %r", error, exc_info=error)
            status = EXIT_CALLBACKS_FAILED
        self._finish(status)

    # ---- pid file

    def _write_pid(self) -> None:
        if self.options.pidfile:
            try:
                Path(self.options.pidfile).write_text(f"{os.getpid()}\n", encoding="ascii")
            except OSError as error:
                raise CorepyError(f"could not write pid file: {error}") from None

    def _remove_pid(self) -> None:
        if self.options.pidfile:
            Path(self.options.pidfile).unlink(missing_ok=True)


def serve(options: Options, source: Source) -> int:
    """Run a process to its end; the exit status."""
    log.setup(as_json=options.log_format == "json")
    process = Process(options, source)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(process.run())
    except (CorepyError, OSError) as error:
        log.flush()
        print(explain(error), file=sys.stderr)  # noqa: T201 - there is no log without a start
        return EXIT_FAILED
