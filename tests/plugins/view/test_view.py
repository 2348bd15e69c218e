"""Which block takes a query."""

from __future__ import annotations

import pytest

from corepy import metrics, wire
from corepy.host import Host
from corepy.server import Listener
from corepy.testing import Start
from tests.support.builds import built
from tests.support.queries import query
from tests.support.serving import at_once, like_a_transport

BLOCKS = """
{
    view one {
        expr type() in ['MX', 'SRV']
        expr not (name() matches '^skip')
    }
    hosts {
        192.0.2.1 a.test
    }
}
"""


def listener(text: str, proto: str = "udp") -> Listener:
    """The only listener of a Corefile."""
    (site,) = built(text).instance.sites
    return Listener(site.server, proto, ("127.0.0.1", 53))


def block(view: str, address: str, zone: str = ".") -> str:
    """A block that answers with an address for two names."""
    return f"{zone} {{\n {view}\n hosts {{\n {address} a.test A.example\n no_reverse\n }}\n}}\n"


def view(name: str, *expressions: str) -> str:
    lines = "".join(f" expr {expression}\n" for expression in expressions)
    return f"view {name} {{\n{lines} }}"


def answer(to: Listener, octets: bytes, client: str = "192.0.2.7") -> str:
    """The address in a reply, or its rcode."""
    reply = like_a_transport(to, octets, (client, 4000))
    if reply[7] == 0:
        return f"rcode {reply[3] & 15}"
    return ".".join(map(str, reply[-4:]))


TWO = (
    block(view("one", "client_ip() == '192.0.2.7'", "proto() == 'udp'"), "192.0.2.1")
    + block(view("two", "name() == 'a.test.'"), "192.0.2.2")
    + block("", "192.0.2.3")
)


@pytest.mark.parametrize(
    ("proto", "name", "client", "wanted"),
    [
        ("udp", "a.test", "192.0.2.7", "192.0.2.1"),
        ("udp", "A.tesT", "192.0.2.8", "192.0.2.2"),
        ("udp", "a.example", "192.0.2.8", "192.0.2.3"),
        ("tcp", "a.test", "192.0.2.7", "192.0.2.2"),
    ],
)
def test_the_first_block_that_takes_it(proto: str, name: str, client: str, wanted: str) -> None:
    assert answer(listener(TWO, proto), query(name, wire.A), client) == wanted


def test_no_client_gets_the_answer_of_another() -> None:
    to = listener(TWO)
    for _ in range(3):
        assert answer(to, query("a.test", wire.A), "192.0.2.7") == "192.0.2.1"
        assert answer(to, query("a.test", wire.A), "192.0.2.8") == "192.0.2.2"


@pytest.mark.parametrize(
    ("expression", "repeated"),
    [
        ("name() == 'a.test.' && do() == false", True),
        ("size() < 500 && bufsize() == 512", True),
        ("client_ip() != ''", True),
        ("incidr(client_ip(), '192.0.2.0/24')", True),
        ("\"any(['10.0.0.0/8', '192.0.2.0/24'], incidr(client_ip(), #))\"", True),
        ("client_ip() != '' && type() == 'A'", False),
        ("client_ip() != '' && now().Year() > 2000", False),
        ("int(port()) > 0", False),
        ("id() >= 0", False),
        ("now().Year() > 2000", False),
        ("false || type() == 'A'", True),
    ],
)
def test_what_may_be_repeated(expression: str, repeated: bool) -> None:
    to = listener(block(view("v", expression), "192.0.2.1"))
    assert answer(to, query("a.test", wire.A)) == "192.0.2.1"
    assert bool(to.memo.young) is repeated


def test_what_clients_alike_get_is_repeated_to_them() -> None:
    to = listener(
        block(view("one", "incidr(client_ip(), '192.0.2.0/24')", "do() == false"), "192.0.2.1")
        + block(view("two", "client_ip() != '198.51.100.1'"), "192.0.2.2")
        + block("", "192.0.2.3")
    )
    clients = {
        "192.0.2.1": ("192.0.2.7", "192.0.2.8", "192.0.2.255"),
        "192.0.2.2": ("198.51.100.2", "2001:db8::1", "10.0.0.1"),
        "192.0.2.3": ("198.51.100.1",),
    }
    for _ in range(2):
        for wanted, hosts in clients.items():
            for host in hosts:
                assert answer(to, query("a.test", wire.A), host) == wanted
                assert answer(to, query("A.Test", wire.A), host) == wanted
    answers = [entry for entry in to.memo.young.values() if entry[0]]
    assert len(answers) == len(clients)


@pytest.mark.parametrize(
    "expression",
    ["false", "1", "'true'", "nil", "incidr(client_ip(), 'not-a-cidr')", "metadata('x') == 'y'",
     "[1][size()] == 1"],
)  # fmt: skip
def test_what_is_not_true_does_not_admit(expression: str) -> None:
    to = listener(block(view("v", expression), "192.0.2.1"))
    assert answer(to, query("a.test", wire.A)) == "rcode 5"


def test_shorter_zones_are_asked_when_no_view_takes_it() -> None:
    to = listener(
        block(view("never", "false"), "192.0.2.1", "a.test")
        + block(view("v", "type() == 'A'"), "192.0.2.2", "test")
        + block(view("root", "name() endsWith 'example.'"), "192.0.2.3")
    )
    assert answer(to, query("a.test", wire.A)) == "192.0.2.2"
    assert answer(to, query("a.example", wire.A)) == "192.0.2.3"
    assert answer(to, query("a.test", wire.MX)) == "rcode 5"


def test_the_view_without_expressions_takes_all() -> None:
    to = listener(block("view all", "192.0.2.1") + block("", "192.0.2.2"))
    assert answer(to, query("a.test", wire.A)) == "192.0.2.1"


def test_behind_the_last_plugin() -> None:
    """It stands behind all that answer, as in CoreDNS, and is named when there is no answer."""
    host = Host()
    built(block(view("v", "true"), "192.0.2.1"), host)
    assert [name for _, name, _ in host.plugins] == ["hosts", "view"]
    to = listener(". {\n errors\n view v\n}\n")
    assert at_once(to, query("a.test"))[3] & 15 == 2


async def test_metrics_and_metadata_know_the_view(corefile: Start) -> None:
    text = (
        ". {\n metadata\n view v-one {\n expr metadata('view/name') == 'v-one'\n"
        " expr name() startsWith 'a'\n }\n"
        ' log . "in {/view/name}"\n prometheus 127.0.0.1:0\n whoami\n}\n'
        '. {\n log . "out {/view/name}"\n whoami\n}\n'
    )
    async with corefile(text) as dns:
        await dns.query("a.test A")
        await dns.query("b.test A")
        lines = [line.split("] ")[-1] for line in dns.log if "n v-" in line or "out" in line]
        # The second block has no metadata of its own: it sees what was left.
        assert lines == ["in v-one", "out v-one"]
        family = metrics.counter(
            "coredns_dns_requests_total", "", "server", "zone", "view", "proto", "family", "type"
        )
        assert [labels[2] for labels in family.series if labels[0].endswith(str(dns.port))] == [
            "v-one"
        ]
