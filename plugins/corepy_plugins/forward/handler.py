"""All forward lines of a server block, in the order of the file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

from corepy import Next, Plugin, Request, Response
from corepy.corefile.faults import SetupError
from corepy.errors import ConfigError, ConfigErrors
from corepy_plugins.forward.stanza import Stanza


class Forward(Plugin):
    """Asks the first line that takes the name; it may leave the answer to the next one."""

    repeatable = True  # what upstreams say is never repeated here: that is for *cache* to do
    eager = True
    any_class = True  # a server with *forward* takes queries of all classes

    def __init__(self, stanzas: Sequence[Stanza], labelled: Callable[[], bool]) -> None:
        self.stanzas = tuple(stanzas)
        self._last = self.stanzas[-1]
        self._labelled = labelled
        # The usual Corefile: one coroutine less per query. A last line always answers.
        sole = self._last.answer if len(self.stanzas) == 1 and self._last.takes_all else None
        self._sole = cast("Callable[[Request, bool], Coroutine[Any, Any, Response]] | None", sole)

    def serve(  # pyright: ignore[reportIncompatibleMethodOverride] - as good as `async def`
        self,
        request: Request,
        next: Next,  # noqa: A002
    ) -> Coroutine[Any, Any, Response]:
        """Forward the query, or pass it on if no line takes it."""
        if self._sole is not None:
            return self._sole(request, True)
        return self._choose(request, next)

    async def _choose(self, request: Request, next: Next) -> Response:  # noqa: A002
        name, last = request.qname, self._last
        for stanza in self.stanzas:
            if stanza.takes(name):
                response = await stanza.answer(request, stanza is last)
                if response is not None:
                    return response
        return await next(request)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Look host names up, and close all sockets at the end."""
        async with AsyncExitStack() as stack:
            labelled = self._labelled()
            for stanza in self.stanzas:
                stack.push_async_callback(stanza.stop)
                try:
                    await stanza.start(labelled=labelled)
                except ConfigError as error:
                    raise ConfigErrors([SetupError("forward", error)]) from None
            yield
