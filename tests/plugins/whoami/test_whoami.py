"""The client's address, whatever is asked, for every family and transport."""

from __future__ import annotations

from typing import Any

import pytest

from corepy import names, wire
from corepy.record import Record
from corepy.testing import Start
from corepy_plugins.whoami import Whoami
from tests.support.builds import refused
from tests.support.queries import request_of


async def nothing(_: object) -> Any:
    """The rest of a chain that must not be asked."""
    raise AssertionError


async def told(**parts: Any) -> list[Record]:
    """The additional records of the answer to a query."""
    request = request_of(**parts)
    response = await Whoami().serve(request, nothing)
    assert (response.rcode, response.answer, response.authority) == (0, (), ())
    assert response.flags == wire.AA
    assert request.client_seen
    return list(response.additional)


V4, V6 = "192.0.2.7", "2001:db8::1"


@pytest.mark.parametrize(
    ("parts", "address", "service"),
    [
        ({"peer": (V4, 40000)}, f"a.test. 0 IN A {V4}", "_udp.a.test. 0 IN SRV 0 0 40000 ."),
        ({"proto": "tcp"}, f"a.test. 0 IN A {V4}", "_tcp.a.test. 0 IN SRV 0 0 40000 ."),
        ({"peer": (V6, 9, 0, 0)}, f"a.test. 0 IN AAAA {V6}", "_udp.a.test. 0 IN SRV 0 0 9 ."),
        (
            {"peer": ("fe80::1%lo", 9, 0, 1)},
            "a.test. 0 IN AAAA fe80::1",
            "_udp.a.test. 0 IN SRV 0 0 9 .",
        ),
        (
            {"peer": (f"::ffff:{V4}", 65535, 0, 0)},
            f"a.test. 0 IN A {V4}",
            "_udp.a.test. 0 IN SRV 0 0 65535 .",
        ),
        ({"name": "A.Test."}, f"A.Test. 0 IN A {V4}", "_udp.A.Test. 0 IN SRV 0 0 40000 ."),
        ({"name": "."}, f". 0 IN A {V4}", "_udp. 0 IN SRV 0 0 40000 ."),
        ({"qtype": 65280}, f"a.test. 0 IN A {V4}", "_udp.a.test. 0 IN SRV 0 0 40000 ."),
    ],
)
async def test_who_asked(parts: dict[str, Any], address: str, service: str) -> None:
    """Two records in the letters of the question."""
    assert [record.to_text() for record in await told(**parts)] == [address, service]


async def test_the_class_is_that_of_the_question() -> None:
    """Where other classes get in at all."""
    assert {record.rdclass for record in await told(qclass=wire.CH)} == {wire.CH}


async def test_a_name_without_room_for_the_service_label() -> None:
    """Only the address; CoreDNS would not answer."""
    name = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 58]) + "."
    assert len(names.from_text(name)) == 252
    (record,) = await told(name=name)
    assert record.rdtype == wire.A


async def test_each_client_is_told_its_own_port(corefile: Start) -> None:
    """Nothing is repeated from memory."""
    async with corefile(". {\n whoami\n}\n") as dns:
        ports = {(await dns.query("a.test A")).additional[1][0].port for _ in range(5)}
        assert len(ports) > 1


@pytest.mark.parametrize(
    ("line", "text", "word"),
    [
        ("whoami me", "Wrong argument count or unexpected line ending after 'me'", "me"),
        ("whoami {\n}", "Unexpected token '{', expecting argument", "{"),
    ],
)
def test_takes_no_arguments(line: str, text: str, word: str) -> None:
    """Nor a block."""
    message = f"plugin/whoami: Corefile:2 - Error during parsing: {text}"
    assert refused(f". {{\n{line}\n}}\n") == (message, word)
