"""The supervisor's part: the workers of a server, and what is done with all of them together.

A configuration is taken by all workers or by none: each prepares it (sets plugins up, starts them),
and only when the last one has done so the sockets are opened and all take over. A worker that fails
in between is a reason to stop; one that dies later is replaced.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from corepy import log
from corepy.build import Built
from corepy.config import Source
from corepy.corefile.portable import dump
from corepy.errors import CorepyError
from corepy.instance import GRACE
from corepy.metrics import Family
from corepy.sums import Sums
from corepy.tasks import spawn
from corepy.workers.channel import Lost, Refused
from corepy.workers.lines import Lines
from corepy.workers.member import Member
from corepy.workers.ports import Ports

if TYPE_CHECKING:
    from corepy.process import Options

_log = logging.getLogger("corepy")

PATIENCE: Final = 60.0
"""Seconds in which a worker must have prepared a configuration, or must have said anything."""

STEADY: Final = 10.0
"""Seconds that a worker must have lived for its death to count as the first one."""

PAUSES: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before a replacement, by the number of deaths in a row."""

HOPELESS: Final = 5
"""Deaths in a row after which the server ends, if no worker is left."""

_ANSWER: Final = 3.0
_ROUND: Final = 5.0


class Crew:
    """`size` workers, and their sockets. It is the `Stage` of a process with several workers."""

    def __init__(
        self,
        size: int,
        options: Options,
        source: Source,
        reload: Callable[[], Awaitable[str]],
        fatal: Callable[[str], None],
    ) -> None:
        self.size = size
        self._options = options
        self._source = source
        self._reload = reload
        self._fatal = fatal
        self._ports = Ports(size)
        self._members: list[Member | None] = [None] * size
        self._heirs: list[Member | None] = [None] * size  # who reads for a place that is empty
        self._deaths = [0] * size
        self._running: dict[str, Any] | None = None  # the configuration that is served
        self._turn = asyncio.Lock()
        self._ending = self._stopped = False
        self._sums = Sums()
        self._lines = Lines()
        self._watching: asyncio.Task[None] | None = None
        if (output := log.output()) is not None:
            output.share()

    # ---- a configuration

    async def start(self, built: Built, previous: Built | None) -> None:
        """Have all workers serve this; if one of them cannot, none does, and the reason is raised.

        Those of its plugins that live in the supervisor are started here.
        """
        async with self._turn:
            built.instance.only("supervisor")
            built.host.workers = self
            if previous is None:
                for slot in range(self.size):
                    self._hire(slot)
            form = dump(built.corefile)
            await built.instance.begin()
            try:
                await self._prepare_all(form, first=previous is None)
                self._ports.open(built.instance)
            except BaseException:
                for member in self._present():
                    member.channel.tell("abort")
                await built.instance.abandon()
                raise
            self._running = form
            await self._commit_all()
            built.instance.tell_started()
        if self._watching is None:
            self._watching = spawn(self._watch(), name="workers")

    async def _prepare_all(self, form: dict[str, Any], *, first: bool) -> None:
        loop = asyncio.get_running_loop()
        members = self._present()
        steps = [loop.create_task(self._prepare(one, form, first=first)) for one in members]
        try:
            await asyncio.gather(*steps)
        finally:
            # One that fails is enough to know.
            for step in steps:
                step.cancel()
        if self._ending:
            raise CorepyError("the server is about to end")

    async def _prepare(self, member: Member, form: dict[str, Any], *, first: bool) -> None:
        options = self._options
        asked = member.channel.ask(
            "prepare",
            slot=member.slot,
            conf=self._source.conf,
            stdin=self._source.stdin,
            plugin_path=[str(path) for path in options.plugin_path],
            port=options.port,
            as_json=options.log_format == "json",
            corefile=form,
            first=first,
        )
        try:
            await asyncio.wait_for(asked, PATIENCE)
        except Lost:
            raise Lost(f"{member.name} has ended before it was ready") from None
        except TimeoutError:
            member.kill()
            raise CorepyError(f"{member.name} was not ready within {PATIENCE:.0f} s") from None

    async def _commit_all(self) -> None:
        await asyncio.gather(*map(self._commit, self._present()))
        self._provide()

    async def _commit(self, member: Member) -> None:
        rows, files = self._ports.parcel(member.slot)
        asked = member.channel.ask("commit", files, sockets=rows)
        # From here on it does: what it is asked waits until it has taken over.
        member.serving = True
        try:
            await asyncio.wait_for(asked, PATIENCE)
        except (CorepyError, TimeoutError) as error:
            # It may be half-way between two configurations; its replacement will not be.
            if not isinstance(error, Lost):
                _log.error("%s cannot serve: %s", member.name, str(error) or "no answer")
            member.serving = False
            member.kill()

    async def retire(self, previous: Built, successor: Built) -> None:
        """End what lives here of an instance that was replaced."""
        await previous.instance.stop()
        self._ports.keep(
            endpoint for site in successor.instance.sites for endpoint in site.endpoints
        )

    # ---- workers come and go

    def _hire(self, slot: int) -> Member:
        member = self._members[slot] = Member(slot, self._said, self._lost)
        return member

    def _lost(self, member: Member) -> None:
        if self._members[member.slot] is not member:
            return
        self._members[member.slot] = None
        self._sums.retire(member)
        if self._ending or self._running is None:
            spawn(member.ended())
            return
        self._provide()
        spawn(self._replace(member), name=f"replace worker {member.slot + 1}")

    def _provide(self) -> None:
        """See to it that somebody reads from the sockets of each worker that is not there."""
        serving = [member for member in self._members if member is not None and member.serving]
        for slot, member in enumerate(self._members):
            heir = self._heirs[slot]
            if member is not None and member.serving:
                if heir in serving and heir is not None:
                    heir.channel.tell("release", slot=slot)
                self._heirs[slot] = None
            elif serving:
                if heir not in serving:
                    heir = min(serving, key=lambda one: (self._heirs.count(one), one.slot <= slot))
                    self._heirs[slot] = heir
                # Again after a reload, for the sockets that are new; the others are there already.
                rows, files = self._ports.parcel(slot)
                heir.channel.tell("adopt", files, slot=slot, sockets=rows)

    async def _replace(self, gone: Member) -> None:
        slot = gone.slot
        how = await gone.ended()
        lived = monotonic() - gone.born
        self._deaths[slot] = 1 if gone.serving and lived > STEADY else self._deaths[slot] + 1
        pause = PAUSES[min(self._deaths[slot], len(PAUSES)) - 1]
        later = f" in {pause:g} s" if pause else ""
        _log.error("%s has ended with %s, to be replaced%s", gone.name, how, later)
        if self._deaths[slot] > HOPELESS and not any(self._members):
            self._fatal(f"{gone.name} was the last of many that have ended")
            return
        await asyncio.sleep(pause)
        while not await self._refill(slot):  # noqa: ASYNC110 - nobody tells when there is room
            await asyncio.sleep(PAUSES[-1])

    async def _refill(self, slot: int) -> bool:
        """False if there is no process to be had, so this is to be tried again."""
        async with self._turn:
            if self._ending or self._running is None:
                return True
            try:
                member = self._hire(slot)
            except OSError as error:
                _log.error("worker %d cannot be started: %s", slot + 1, error)
                return False
            try:
                await self._prepare(member, self._running, first=False)
                await self._commit(member)
            except CorepyError as error:
                if not isinstance(error, Lost):
                    _log.error("%s cannot start: %s", member.name, error)
                member.kill()
            if member.serving:
                _log.info("%s serves", member.name)
                self._provide()
            return True

    async def _watch(self) -> None:
        """End a worker that says nothing any more: something in it never returns."""
        while True:
            await asyncio.sleep(_ROUND)
            for member in self._present():
                spawn(_ping(member))
                silence = monotonic() - member.heard
                if member.serving and silence > PATIENCE:
                    _log.error("%s has said nothing for %.0f s", member.name, silence)
                    member.kill()

    def _present(self) -> list[Member]:
        return [member for member in self._members if member is not None]

    async def _said(self, member: Member, what: str, fields: dict[str, Any]) -> Any:
        match what:
            case "log":
                self._lines.take(member.slot, fields)
            case "fatal":
                self._fatal(fields["text"])
            case "reload":
                return await self._reload()
        return None

    # ---- for the plugins that live here

    async def ask(self, name: str) -> list[Any]:
        """One answer for each place; None where no worker serves, or none answers in time."""
        return [answer for _, answer in await self._ask(name)]

    async def _ask(self, name: str) -> list[tuple[Member | None, Any]]:
        members = [one if one is not None and one.serving else None for one in self._members]
        answers = await asyncio.gather(*(_answer(member, name) for member in members))
        return list(zip(members, answers, strict=True))

    async def families(self) -> list[Family[Any]]:
        """The metrics of this process and of all workers together."""
        for member, told in await self._ask("metrics"):
            if told is not None and member in self._members:
                self._sums.put(member, told)
        return self._sums.families()

    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [member.pid for member in self._present()]

    # ---- the end

    async def drain(self, built: Built) -> None:
        """Wait for the plugins here and in the workers."""
        asked = [member.channel.ask("drain") for member in self._present()]
        results = await asyncio.gather(built.instance.drain(), *asked, return_exceptions=True)
        for fault in results:
            if isinstance(fault, BaseException) and not isinstance(fault, Lost):
                raise fault

    async def stop(self, built: Built) -> bool:
        """Stop serving, in all workers at the same time."""
        self._ending = True
        answered = await asyncio.gather(*map(_stop, self._present()))
        await built.instance.stop()
        self._stopped = True
        return all(answered)

    async def close(self) -> None:
        """End all workers: those that serve at once, unless they were stopped before.

        Others are told by the end of the channel, and have a moment to leave things in order.
        """
        self._ending = True
        if self._watching is not None:
            self._watching.cancel()
        members = self._present()
        for member in members:
            member.channel.close()
        for member in members:
            if member.serving and not self._stopped:
                member.kill()
        await asyncio.gather(*(member.ended() for member in members))
        self._ports.keep(())


async def _answer(member: Member | None, name: str) -> Any:
    if member is None:
        return None
    with suppress(CorepyError, TimeoutError):
        return await asyncio.wait_for(member.channel.ask("answer", name=name), _ANSWER)
    return None


async def _ping(member: Member) -> None:
    with suppress(CorepyError):
        await member.channel.ask("ping")
        member.heard = monotonic()


async def _stop(member: Member) -> bool:
    with suppress(Lost, Refused, TimeoutError):
        return bool(await asyncio.wait_for(member.channel.ask("stop"), GRACE * 2))
    return False
