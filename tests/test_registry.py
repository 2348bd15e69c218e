"""Where plugins are found."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from corepy.controller import BlockInfo, Controller
from corepy.corefile import load
from corepy.corefile.faults import SetupError
from corepy.corefile.report import headline
from corepy.errors import ConfigError, ConfigErrors
from corepy.registry import MissingExtra, Registry, need
from corepy_plugins import ORDER


def controller(name: str) -> Controller:
    block = load(f". {{\n {name} a\n}}", "Corefile", known=lambda _: True, environ={}).blocks[0]
    return Controller(name, block.directives[name], BlockInfo(block.keys))


def folder(path: Path, **files: str) -> Registry:
    for name, text in files.items():
        file = path / (name.replace("_slash_", "/") + ".py")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return Registry([path], {})


def refused(registry: Registry, name: str) -> SetupError:
    with pytest.raises(SetupError) as caught:
        registry.run(controller(name))
    return caught.value


def test_the_order_is_coredns_own_with_k8s_cross_behind_kubernetes() -> None:
    assert len(ORDER) == len(set(ORDER)) == 61
    assert ORDER[0] == "root"
    assert ORDER[-1] == "nomad"
    assert ORDER.index("k8s_cross") == ORDER.index("kubernetes") + 1
    assert ORDER.index("acl") < ORDER.index("cache") < ORDER.index("forward")


def test_nothing_is_imported_to_know_a_name() -> None:
    registry = Registry([], {})
    before = set(sys.modules)
    assert all(registry.known(name) for name in ORDER)
    assert not {name for name in set(sys.modules) - before if name.startswith("corepy_plugins.")}
    assert not registry.known("import")


def test_names_without_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry([], {})
    monkeypatch.setattr(Registry, "built_in", ("later", "forward"))
    assert registry.known("later")
    assert headline(refused(registry, "later")) == (
        "plugin/later: Corefile:2 - Error during parsing: "
        "directive 'later' is not available yet in this version"
    )
    assert registry.order()[0] == ("later", "not available yet")


def test_files(tmp_path: Path) -> None:
    registry = folder(
        tmp_path,
        motd="def setup(c): return c.args[0].text",
        more_slash___init__="from .inner import setup",
        more_slash_inner="def setup(c): return 'inner'",
        _private="raise SystemExit",
    )
    assert registry.known("motd")
    assert not registry.known("_private")
    assert registry.run(controller("motd")) == "a"
    assert registry.run(controller("more")) == "inner"


def test_files_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "motd.py").write_text("def setup(c): return 1")
    assert Registry([], {"COREPY_PLUGIN_PATH": f"/nowhere:{tmp_path}"}).known("motd")


def test_each_registry_reads_the_file_anew(tmp_path: Path) -> None:
    first, answers = folder(tmp_path, motd="N = 1\ndef setup(c): return N"), []
    answers.append(first.run(controller("motd")))
    second = folder(tmp_path, motd="N = 2\ndef setup(c): return N")
    answers += [second.run(controller("motd")), first.run(controller("motd"))]
    assert answers == [1, 2, 1]


def test_places(tmp_path: Path) -> None:
    mark = "from corepy.plugin import plugin\n@plugin(before='cache')\n"
    registry = folder(tmp_path, motd=mark + "def setup(c): pass", other="def setup(c): pass")
    names = [name for name, _ in registry.order()]
    assert names.index("motd") == names.index("cache") - 1
    assert names.index("other") == names.index("forward") - 1
    assert dict(registry.order())["motd"] == str(tmp_path / "motd.py")
    assert "motd" not in dict(registry.order(["other", "cache"]))
    assert f"motd           {tmp_path / 'motd.py'}" in registry.listing().splitlines()


def test_a_place_next_to_nothing(tmp_path: Path) -> None:
    text = "from corepy.plugin import plugin\n@plugin(after='nothing')\ndef setup(c): pass"
    with pytest.raises(ConfigErrors):
        folder(tmp_path, motd=text).order()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def setup(c:", "does not load: SyntaxError"),
        ("import nowhere_at_all", "does not load: ModuleNotFoundError"),
        ("x = 1", "does not load: TypeError: there is no function 'setup(c)'"),
        ("def setup(c): return 1 / 0", "setup failed: ZeroDivisionError: division by zero"),
        ("def setup(c): raise c.error('no', c.args[0])", "no"),
        ("def setup(c): return c.args[7]", "Wrong argument count or unexpected line ending"),
    ],
)
def test_what_fails_is_said_at_its_place(tmp_path: Path, text: str, message: str) -> None:
    registry = folder(tmp_path, motd=text)
    assert ("motd", str(tmp_path / "motd.py")) in registry.order(["motd"])
    error = refused(registry, "motd")
    assert message in error.message
    assert error.span
    assert (error.plugin, error.span.line) == ("motd", 2)


def test_several_mistakes_of_one_setup(tmp_path: Path) -> None:
    text = (
        "from corepy.errors import ConfigErrors\n"
        "def setup(c): raise ConfigErrors([c.error('one'), c.error('two')])"
    )
    with pytest.raises(ConfigErrors) as caught:
        folder(tmp_path, motd=text).run(controller("motd"))
    assert [headline(error).partition(":")[0] for error in caught.value.errors] == [
        "plugin/motd", "plugin/motd",
    ]  # fmt: skip


def test_missing_extras(tmp_path: Path) -> None:
    text = "from corepy.registry import need\nneed('nowhere_at_all', extra='quic')\n"
    error = refused(folder(tmp_path, motd=text), "motd")
    assert error.message == "this directive needs corepy-dns[quic]"
    assert error.hint == "pip install 'corepy-dns[quic]'"
    assert need("json", extra="x").__name__ == "json"
    with pytest.raises(MissingExtra):
        need("nowhere_at_all", extra="x")


def test_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [EntryPoint("motd", "json:dumps", group)]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    registry = Registry([], {})
    assert registry.known("cache")
    assert asked == []
    assert registry.known("motd")
    assert not registry.known("nope")
    assert asked == ["corepy.plugins"]
    assert registry.setup("motd").__module__ == "json"
    assert ("motd", "json:dumps") in registry.order()


def test_a_bug_in_a_built_in_is_no_mistake_of_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_c: Controller) -> None:
        raise ZeroDivisionError

    registry = Registry([], {})
    monkeypatch.setattr(registry, "setup", lambda _: broken)
    monkeypatch.setattr(registry, "_origin", lambda _: "built-in")
    with pytest.raises(ZeroDivisionError):
        registry.run(controller("cache"))


def test_config_errors_without_a_place_get_one() -> None:
    registry = Registry([], {})
    registry._loaded["cache"] = _odd
    assert refused(registry, "cache").span == controller("cache").directives[0].name.span


def _odd(_c: Controller) -> None:
    raise ConfigError("odd")


def test_a_block_that_no_plugin_asks_for(tmp_path: Path) -> None:
    registry = folder(
        tmp_path,
        takes="def setup(c): return [one.name.text for one in c.directives[0].body[0].block()]",
        none="def setup(c): return 0",
        wrong="def setup(c): raise c.error('no')",
    )
    text = ". {\n NAME {\n  a {\n   b\n  }\n  c {\n  }\n }\n}"

    def run(name: str) -> list[str]:
        text_ = text.replace("NAME", name)
        block = load(text_, "Corefile", known=lambda _: True, environ={}).blocks[0]
        try:
            registry.run(Controller(name, block.directives[name], BlockInfo(block.keys)))
        except ConfigErrors as several:
            return [headline(error) for error in several.errors]
        except ConfigError as error:
            return [headline(error)]
        return []

    refused_ = "Error during parsing: unknown property '{'"
    assert run("none") == [f"plugin/none: Corefile:{at} - {refused_}" for at in (3, 6)]
    assert run("takes") == [f"plugin/takes: Corefile:6 - {refused_}"]
    assert run("wrong") == ["plugin/wrong: Corefile:2 - Error during parsing: no"]


@pytest.mark.parametrize(
    ("first", "messages"),
    [
        ("once", []),
        ("once x", ["Corefile:2 - Error during parsing: no"]),
        ("once {\n y {\n }\n }", ["Corefile:3 - Error during parsing: unknown property '{'"]),
    ],
)
def test_the_first_of_two_is_looked_at_all_the_same(
    tmp_path: Path, first: str, messages: list[str]
) -> None:
    setup = "def setup(c):\n one = c.once()\n if one.args:\n  raise c.error('no')"
    registry = folder(tmp_path, once=setup)
    text = f". {{\n {first}\n once\n}}"
    block = load(text, "Corefile", known=lambda _: True, environ={}).blocks[0]
    with pytest.raises(ConfigErrors) as caught:
        registry.run(Controller("once", block.directives["once"], BlockInfo(block.keys)))
    again = "this plugin can only be used once per Server Block"
    found = [headline(error).removeprefix("plugin/once: ") for error in caught.value.errors]
    assert found == [*messages, again]
