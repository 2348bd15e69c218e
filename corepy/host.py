"""What a plugin may ask of the process it runs in (`Controller.host`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from corepy.metrics import Family


def _unsupported(*_: object) -> Any:
    raise RuntimeError("this instance is not part of a running process")


class Workers(Protocol):
    """The processes that serve, as the plugins in their supervisor see them."""

    async def ask(self, name: str) -> list[Any]:
        """What each says to a question (`Host.answers`); None for one that is not there."""
        ...

    async def families(self) -> list[Family[Any]]:
        """The metrics of all of them together."""
        ...

    def pids(self) -> list[int]:
        """Their process ids."""
        ...


@dataclass
class Host:
    """Services of the process for the plugins of one instance.

    * `conf`: what `-conf` named, or the default; `fingerprint`: SHA-512 (hex) of the configuration
      this instance was built from;
    * `first`: True for the first instance of the process, False after a reload;
    * `shared`: what several server blocks of this instance share, by any key;
    * `plugins`: every plugin object of the instance with its block and directive name, in chain
      order; complete once lifespans are entered;
    * `read`: read the Corefile again and return its fingerprint; raises `ConfigErrors` or
      `OSError`;
    * `reload`: build a new instance and swap, as SIGUSR1 does; returns why the old one goes on,
      an empty text if it does not;
    * `fatal`: log a line at level FATAL and end the process with status 1;
    * `workers`: None, except in the supervisor of several processes;
    * `worker`: True in each of these processes;
    * `leader`: True in exactly one process that serves: for what has to be done once, such as
      telling other servers of a change;
    * `answers`: functions by name that a supervisor may have called in each of them. What they
      return travels as JSON.
    """

    version: str = ""
    conf: str = ""
    fingerprint: str = ""
    first: bool = True
    shared: dict[Hashable, Any] = field(default_factory=dict)
    plugins: list[tuple[Any, str, object]] = field(default_factory=list)
    read: Callable[[], str] = _unsupported
    reload: Callable[[], Awaitable[str]] = _unsupported
    fatal: Callable[[str], None] = _unsupported
    workers: Workers | None = None
    worker: bool = False
    leader: bool = True
    answers: dict[str, Callable[[], Any]] = field(default_factory=dict)
