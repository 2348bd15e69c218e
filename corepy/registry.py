"""Finds the setup function of a directive: built in, installed, or a single file.

Nothing is imported before a Corefile names it, and entry points are looked at only for a name that
is neither built in nor a file.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from corepy.corefile.faults import OnceError, SetupError
from corepy.errors import ConfigError, ConfigErrors, CorepyError
from corepy.order import Place, weave
from corepy.plugin import place_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from corepy.controller import Controller
    from corepy.plugin import Setup

GROUP = "corepy.plugins"
BUILT_IN = "built-in"
MISSING = "not available yet"


class MissingExtra(CorepyError):  # noqa: N818 - reads as what it says in a plugin
    """A plugin needs a package that comes with an extra; `extra` is its name."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"this directive needs corepy-dns[{extra}]")
        self.extra = extra


def need(module: str, *, extra: str) -> ModuleType:
    """Import an optional package for a plugin. Raises `MissingExtra` when it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtra(extra) from None


class Registry:
    """All directives one reading of a configuration may use. Make a new one for each reading."""

    def __init__(
        self, paths: Iterable[str | Path] = (), environ: Mapping[str, str] = os.environ
    ) -> None:
        listed = environ.get("COREPY_PLUGIN_PATH", "").split(os.pathsep)
        self._folders = [Path(path) for path in (*paths, *listed) if str(path)]
        self._loaded: dict[str, Setup] = {}

    @cached_property
    def built_in(self) -> tuple[str, ...]:
        """CoreDNS's order, ours included."""
        order: tuple[str, ...] = importlib.import_module("corepy_plugins").ORDER
        return order

    def known(self, name: str) -> bool:
        """Whether a Corefile may use this directive."""
        return name in self.built_in or name in self._files or name in self._entry_points

    def names(self) -> list[str]:
        """All directives there are, for suggestions."""
        return [*self.built_in, *self._externals()]

    def setup(self, name: str) -> Setup:
        """Import a plugin. Raises `ConfigError` when it does not load, `MissingExtra` likewise."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def run(self, controller: Controller) -> Any:
        """Set a plugin up; what it refuses becomes a `SetupError` at the place of the mistake."""
        name = controller.name
        try:
            made = self.setup(name)(controller)
        except OnceError as error:
            raise ConfigErrors([*self._first(controller), SetupError(name, error)]) from error
        except ConfigError as error:
            error.span = error.span or controller.directives[0].name.span
            raise SetupError(name, error) from error
        except ConfigErrors as errors:
            raise ConfigErrors([SetupError(name, error) for error in errors.errors]) from errors
        except MissingExtra as error:
            hint = f"pip install 'corepy-dns[{error.extra}]'"
            raise SetupError(name, controller.error(str(error), hint=hint)) from error
        except Exception as error:
            if self._origin(name) == BUILT_IN:
                raise
            message = f"setup failed: {type(error).__name__}: {error}"
            raise SetupError(name, controller.error(message)) from error
        unopened = [error for one in controller.directives for error in one.unopened()]
        if unopened:
            raise ConfigErrors([SetupError(name, error) for error in unopened])
        return made

    def _first(self, controller: Controller) -> Sequence[ConfigError]:
        """What is wrong with the first of several occurrences, which CoreDNS reads before it."""
        if len(controller.directives) == 1:
            return ()
        try:
            self.run(controller.first())
        except ConfigErrors as errors:
            return errors.errors
        except ConfigError as error:
            return (error,)
        return ()

    def order(self, used: Iterable[str] | None = None) -> list[tuple[str, str]]:
        """Directives with their origin, in chain order: the externals in `used`, or all there are.

        Raises `ConfigErrors` for places that cannot be; what does not load is left to `run`.
        """
        if used is not None:
            used = [name for name in used if name not in self.built_in]
        chosen = self._externals() if used is None else used
        places = {name: self._place(name) for name in chosen}
        asked = {other for place in places.values() for other in (*place.before, *place.after)}
        idle = {name for name in asked if self.known(name)}
        return [(name, self._origin(name)) for name in weave(self.built_in, places, idle)]

    def listing(self) -> str:
        """What `corepy -plugins` prints: one directive a line, in chain order, with its origin."""
        return "\n".join(f"{name:<14} {origin}" for name, origin in self.order())

    def _place(self, name: str) -> Place:
        try:
            return place_of(self.setup(name))
        except (ConfigError, MissingExtra):
            return Place()

    def _load(self, name: str) -> Setup:
        if self._is_shipped(name):
            return _setup_of(importlib.import_module(f"corepy_plugins.{name}"))
        origin = self._origin(name)
        try:
            if name in self._files:
                return _setup_of(_fresh(name, self._files[name]))
            if name in self._entry_points:
                return _setup_of(self._entry_points[name].load())
        except MissingExtra:
            raise
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            raise ConfigError(f"plugin '{name}' ({origin}) does not load: {fault}") from error
        raise ConfigError(f"directive '{name}' is not available yet in this version")

    def _origin(self, name: str) -> str:
        if self._is_shipped(name):
            return BUILT_IN
        if name in self._files:
            return str(self._files[name])
        if (entry := self._entry_points.get(name)) is None:
            return MISSING
        return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value

    def _is_shipped(self, name: str) -> bool:
        if name not in self.built_in:
            return False
        spec = importlib.util.find_spec(f"corepy_plugins.{name}")
        return spec is not None and spec.origin is not None  # a bare folder has no origin

    def _externals(self) -> list[str]:
        found = {*self._files, *self._entry_points}
        return sorted(found.difference(self.built_in))

    @cached_property
    def _files(self) -> dict[str, Path]:
        """`NAME.py` or `NAME/__init__.py` of the plugin folders; the first folder wins."""
        found: dict[str, Path] = {}
        for folder in self._folders:
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                inner = path / "__init__.py"
                file = inner if inner.is_file() else path
                if file.suffix == ".py" and path.stem.isidentifier() and path.stem[0] != "_":
                    found.setdefault(path.stem, file)
        return found

    @cached_property
    def _entry_points(self) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points  # noqa: PLC0415 - a slow look at all packages

        return {entry.name: entry for entry in entry_points(group=GROUP)}


class _Source(SourceFileLoader):
    """Compiles the text as it is now: a cached file may be older than an edit of this second."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _fresh(name: str, path: Path) -> ModuleType:
    """Run a plugin file in a module of its own, so that a reload takes the edited text."""
    qualified = f"corepy_external_{name}"
    for stale in [key for key in sys.modules if key.partition(".")[0] == qualified]:
        del sys.modules[stale]
    within = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_loader(
        qualified, _Source(qualified, str(path)), is_package=within is not None
    )
    assert spec
    assert spec.loader
    if within:
        spec.submodule_search_locations = within
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[qualified] = module
    spec.loader.exec_module(module)
    return module


def _setup_of(found: Any) -> Setup:
    setup: Setup | None = getattr(found, "setup", None) if isinstance(found, ModuleType) else found
    if not callable(setup):
        raise TypeError("there is no function 'setup(c)'")
    return setup
