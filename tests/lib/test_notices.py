"""Who tells of a changed zone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from corepy.controller import BlockInfo, Controller
from corepy.corefile.line import Directive
from corepy.corefile.token import Source, Token
from corepy.host import Host
from corepy.lib.notices import teller


class Announcer:
    def __init__(self) -> None:
        self.told: list[str] = []

    def notify(self, zone: str, failed: Callable[[str], None]) -> None:
        self.told.append(zone)


@pytest.mark.parametrize(("leader", "told"), [(True, ["a.test."]), (False, [])])
def test_one_of_several_processes_tells_those_of_its_block(leader: bool, told: list[str]) -> None:
    block, other = BlockInfo([]), BlockInfo([])
    near, far = Announcer(), Announcer()
    host = Host(leader=leader)
    host.plugins = [(block, "transfer", near), (other, "transfer", far), (block, "x", object())]
    word = Token("file", Source("Corefile", "file"), 1, 1, 4)
    teller(Controller("file", [Directive(word, [])], block, host))("a.test.")
    assert near.told == told
    assert far.told == []
