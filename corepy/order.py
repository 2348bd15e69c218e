"""Where external plugins stand between the built-in ones, whose own order never changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corepy.errors import ConfigError, ConfigErrors
from corepy.lib.suggest import hint as did_you_mean

DEFAULT = "forward"
"""A plugin that asks for no place stands just before this one."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a plugin asks for: directives it stands before, and directives it stands after."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def weave(
    order: Sequence[str], externals: Mapping[str, Place], installed: Collection[str] = ()
) -> list[str]:
    """The whole order: `before` alone means just before, `after` alone just after.

    A constraint may also name another external plugin; one that is `installed` but not in use
    constrains nothing. Raises `ConfigErrors` for unknown names, cycles and places that cannot be.
    """
    slots = {name: at for at, name in enumerate(order)}
    places = {name: externals[name] for name in sorted(externals) if name not in slots}
    _check_names(places, {*slots, *installed, *externals})
    edges = _edges(places)
    ranked = _sorted(edges)
    earliest: dict[str, int] = {}
    latest: dict[str, int] = {}
    for name in ranked:
        bounds = [slots[other] + 1 for other in places[name].after if other in slots]
        earliest[name] = max([0, *bounds, *(earliest[other] for other in edges[name])])
    for name in reversed(ranked):
        bounds = [slots[other] for other in places[name].before if other in slots]
        followers = [latest[other] for other in ranked if name in edges[other]]
        latest[name] = min([len(order), *bounds, *followers])
    _check_bounds(places, earliest, latest)
    at: dict[str, int] = {}
    for name in ranked:
        least = max([earliest[name], *(at[other] for other in edges[name])])
        at[name] = min(max(_wish(name, places, slots, ()), least), latest[name])
    return list(_merged(order, ranked, at))


def _merged(order: Sequence[str], ranked: list[str], at: dict[str, int]) -> Iterator[str]:
    for slot in range(len(order) + 1):
        yield from (name for name in ranked if at[name] == slot)
        yield from order[slot : slot + 1]


def _wish(
    name: str, places: Mapping[str, Place], slots: Mapping[str, int], asked: tuple[str, ...]
) -> int:
    """The slot a plugin would like best; a slot is the index of the built-in that follows."""
    default = slots.get(DEFAULT, len(slots))
    if name in asked:
        return default
    place, asked = places[name], (*asked, name)
    for names, pick, step in ((place.before, min, 0), (place.after, max, 1)):
        wishes = [
            slots[other] + step if other in slots else _wish(other, places, slots, asked)
            for other in names
            if other in slots or other in places
        ]
        if wishes:
            return pick(wishes)
    return default


def _edges(places: Mapping[str, Place]) -> dict[str, set[str]]:
    """For each external plugin the external ones that stand before it."""
    edges = {
        name: {other for other in place.after if other in places} for name, place in places.items()
    }
    for name, place in places.items():
        for other in place.before:
            if other in places:
                edges[other].add(name)
    return edges


def _sorted(edges: Mapping[str, set[str]]) -> list[str]:
    """Topological, by name where that leaves a choice."""
    done: list[str] = []
    waiting = sorted(edges)
    while waiting:
        ready = next((name for name in waiting if edges[name] <= set(done)), None)
        if ready is None:
            cycle = _cycle(edges, waiting[0], done)
            raise ConfigErrors([ConfigError("plugin order has a cycle: " + " -> ".join(cycle))])
        waiting.remove(ready)
        done.append(ready)
    return done


def _cycle(edges: Mapping[str, set[str]], name: str, done: list[str]) -> list[str]:
    path = [name]
    while True:
        name = min(edges[name] - set(done))
        if name in path:
            return [name, *reversed(path[path.index(name) :])]
        path.append(name)


def _check_names(places: Mapping[str, Place], known: set[str]) -> None:
    errors = [
        ConfigError(
            f"plugin '{name}' wants a place next to the unknown plugin '{other}'",
            hint=did_you_mean(other, known),
        )
        for name, place in places.items()
        for other in (*place.before, *place.after)
        if other not in known
    ]
    if errors:
        raise ConfigErrors(errors)


def _check_bounds(
    places: Mapping[str, Place], earliest: Mapping[str, int], latest: Mapping[str, int]
) -> None:
    errors = [
        ConfigError(
            f"plugin '{name}' cannot stand before {_listed(place.before)}"
            f" and after {_listed(place.after)}"
        )
        for name, place in places.items()
        if earliest[name] > latest[name]
    ]
    if errors:
        raise ConfigErrors(errors)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "what others ask for"
