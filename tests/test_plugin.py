"""The contract with plugins."""

from __future__ import annotations

import pytest

from corepy import plugin as module
from corepy.order import Place
from corepy.plugin import (
    Drain,
    Home,
    Lifespan,
    Metadata,
    Placed,
    Plugin,
    Ready,
    View,
    lives_in,
    place_of,
    plugin,
)
from corepy.response import Response
from tests.support.queries import request_of


def test_a_place_is_a_mark_on_setup() -> None:
    @plugin(before="cache", after=["errors", "log"])
    def setup(c: object) -> None: ...

    assert place_of(setup) == Place(("cache",), ("errors", "log"))
    assert place_of(lambda c: None) == Place()


async def test_the_base_class_passes_everything_on() -> None:
    response = Response()

    async def following(request: object) -> Response:
        return response

    assert await Plugin().serve(request_of(), following) is response
    assert not Plugin.eager
    assert not Plugin.repeatable


def test_changed_without_a_server_is_nothing() -> None:
    Plugin().changed()
    calls: list[int] = []
    one = Plugin()
    one._forget = (lambda: calls.append(1), lambda: calls.append(2))
    one.changed()
    assert calls == [1, 2]


@pytest.mark.parametrize(
    ("capability", "method"),
    [
        (Lifespan, "lifespan"), (Ready, "ready"), (Drain, "drain"), (Placed, "placed"),
        (Metadata, "metadata"),
    ],
)  # fmt: skip
def test_a_capability_is_having_its_method(capability: type, method: str) -> None:
    assert not isinstance(Plugin(), capability)
    assert isinstance(type("Has", (), {method: lambda self: None})(), capability)


def test_a_view_has_a_name_too() -> None:
    admits = {"admits": lambda self, request: True}
    assert not isinstance(type("Has", (), admits)(), View)
    assert isinstance(type("Has", (), {**admits, "name": "x"})(), View)
    assert module.View is View


@pytest.mark.parametrize(
    ("home", "places"),
    [
        (None, {"workers"}),
        ("workers", {"workers"}),
        ("supervisor", {"supervisor"}),
        ("both", {"workers", "supervisor"}),
    ],
)
def test_where_a_plugin_lives(home: str | None, places: set[str]) -> None:
    part = Plugin() if home is None else type("Has", (), {"home": home})()
    homes: list[Home] = ["workers", "supervisor"]
    assert {place for place in homes if lives_in(part, place)} == places
