"""What is collected, when, and for which names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from corepy import Request, Zones, wire
from corepy.host import Host
from corepy.lib import labels
from corepy.server import Listener, Route, Server
from corepy.testing import Start
from corepy_plugins.metadata import Metadata
from tests.support.builds import built, refused
from tests.support.queries import query, request_of
from tests.support.serving import at_once


class Provider:
    """Publishes a label, and counts how often it was asked to."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked = 0

    def metadata(self, request: Request) -> dict[str, Callable[[], str]]:
        self.asked += 1
        return {"fake/text": lambda: self.text, f"fake/{self.text}": lambda: "yes"}


@pytest.mark.parametrize(
    ("zones", "name", "wanted"),
    [
        (["."], "a.test.", "two"),
        (["test."], "A.TEST.", "two"),
        (["b.test.", "a.test."], "x.a.test.", "two"),
        (["b.test."], "a.test.", None),
    ],
)
def test_providers_are_asked_below_the_zones(
    zones: list[str], name: str, wanted: str | None
) -> None:
    metadata = Metadata(Zones(zones))
    providers = [Provider("one"), Provider("two")]
    metadata.attach(providers)
    request = request_of(name=name)
    metadata.collect(request)
    assert labels.value(request, "fake/text") == wanted
    assert [provider.asked for provider in providers] == [int(wanted is not None)] * 2
    # What is published on the way is kept for all names.
    labels.publish(request, "up/stream", lambda: "x")
    assert labels.value(request, "up/stream") == "x"


def test_collected_anew_for_each_block_and_look_up() -> None:
    metadata = Metadata(Zones(["."]))
    request = request_of()
    metadata.collect(request)
    labels.publish(request, "a/b", lambda: "outer")
    derived = request.replace(qtype=wire.A)
    metadata.collect(derived)
    assert labels.value(derived, "a/b") is None
    assert labels.value(request, "a/b") == "outer"
    metadata.collect(request)
    assert labels.value(request, "a/b") is None


def test_before_the_view_is_asked() -> None:
    seen: list[str | None] = []

    class Peeks:
        name = "peeks"

        def admits(self, request: Request) -> bool:
            seen.append(labels.value(request, "fake/text"))
            return False

    metadata = Metadata(Zones(["."]))
    metadata.attach([Provider("one")])
    server = Server("dns://:53")
    server.add(Route(".", lambda _: None, (Peeks(),), metadata))  # type: ignore[arg-type, return-value]
    assert at_once(Listener(server, "udp", ("", 53)), query())[3] & 15 == wire.REFUSED
    assert seen == ["one"]


def test_the_plugins_of_the_block_and_no_others_are_attached() -> None:
    host = Host()
    built(
        ". {\n metadata a.test b.test\n view v {\n expr true\n }\n whoami\n}\n"
        ". {\n view w {\n expr true\n }\n whoami\n}\n",
        host,
    )
    (metadata,) = [plugin for _, name, plugin in host.plugins if name == "metadata"]
    assert isinstance(metadata, Metadata)
    request = request_of(name="b.test.")
    metadata.collect(request)
    assert labels.collected(request) is not None
    assert labels.value(request, "view/name") == "v"


@pytest.mark.parametrize(
    ("directive", "marked"),
    [
        ("metadata {\n x\n }", "x"),
        ("metadata a.test {\n x y\n }\n metadata", "x"),
    ],
)
def test_no_options(directive: str, marked: str) -> None:
    found = refused(f". {{\n {directive}\n whoami\n}}\n")
    message = f"Wrong argument count or unexpected line ending after '{marked}'"
    assert found == (f"plugin/metadata: Corefile:3 - Error during parsing: {message}", marked)


def test_an_empty_block_is_ignored() -> None:
    (notice,) = built(". {\n metadata {\n }\n whoami\n}\n").notices
    assert notice.message == "metadata has no options; this block is ignored"


def test_only_once() -> None:
    message = "Wrong argument count or unexpected line ending after 'metadata'"
    found = refused(". {\n metadata\n metadata\n whoami\n}\n")
    assert found == (f"plugin/metadata: Corefile:3 - Error during parsing: {message}", "metadata")


async def test_log_lines_show_values(corefile: Start) -> None:
    text = (
        '. {\n metadata on.test\n log . "M {/log/class} {/view/name} {/no/such}"\n'
        " view v {\n expr true\n }\n whoami\n}\n"
    )
    async with corefile(text) as dns:
        await dns.query("a.on.test A")
        await dns.query("off.test A")
        lines = [line.partition("M ")[2] for line in dns.log if "M " in line]
        assert lines == ["success v -", "success - -"]
