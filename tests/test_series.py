"""`corepy.series`: CoreDNS's labels, and counts that are worked out when somebody looks."""

from __future__ import annotations

import uuid

import pytest

from corepy import metrics, series, wire
from corepy.request import Request
from corepy.series import Cell, rcode_text
from tests.support.queries import FakeListener, query


def values(server: str) -> dict[str, float]:
    """All samples of one server, with the labels that are not empty."""
    found: dict[str, float] = {}
    for family in metrics.collect():
        for sample in family.samples:
            labels = dict(sample.labels)
            if labels.pop("server", None) == server:
                shown = ",".join(f"{k}={v}" for k, v in sorted(labels.items()) if v)
                found[f"{sample.name.removeprefix('coredns_dns_')} {shown}"] = sample.value
    return found


@pytest.fixture
def server() -> str:
    return f"dns://{uuid.uuid4()}:53"


def ask(
    server: str,
    qtype: int = 1,
    *,
    peer: tuple[str, int] = ("192.0.2.7", 40000),
    proto: str = "udp",
    do: bool = False,
) -> Request:
    octets = query("a.test.", qtype, edns=1232 if do else None, do=do)
    shape = wire.admit(octets)
    assert isinstance(shape, tuple)
    return Request(*shape, peer, FakeListener(proto, server))


def count(request: Request, rcode: int = 0, plugin: str = "file") -> Cell:
    return series.tally(request, "a.test.", rcode, plugin).add(0.001, 24, 40)


def test_one_answer_is_counted_in_every_family(server: str) -> None:
    count(ask(server))
    found = {k: v for k, v in values(server).items() if "bucket" not in k}
    assert found == {
        "request_duration_seconds_count zone=a.test.": 1,
        "request_duration_seconds_sum zone=a.test.": 0.001,
        "request_size_bytes_count proto=udp,zone=a.test.": 1,
        "request_size_bytes_sum proto=udp,zone=a.test.": 24,
        "requests_total family=1,proto=udp,type=A,zone=a.test.": 1,
        "response_size_bytes_count proto=udp,zone=a.test.": 1,
        "response_size_bytes_sum proto=udp,zone=a.test.": 40,
        "responses_total plugin=file,rcode=NOERROR,zone=a.test.": 1,
    }


@pytest.mark.parametrize(
    ("qtype", "label"),
    [
        *((1, "A"), (28, "AAAA"), (64, "SVCB"), (65, "HTTPS"), (50, "NSEC3"), (48, "DNSKEY")),
        *((251, "IXFR"), (252, "AXFR"), (255, "ANY"), (13, "other"), (0, "other"), (99, "other")),
    ],
)
def test_types(server: str, qtype: int, label: str) -> None:
    count(ask(server, qtype))
    assert values(server)[f"requests_total family=1,proto=udp,type={label},zone=a.test."] == 1


@pytest.mark.parametrize(
    ("rcode", "text"),
    [(0, "NOERROR"), (3, "NXDOMAIN"), (4, "NOTIMP"), (16, "BADSIG"), (11, "RCODE11")],
)
def test_rcodes(rcode: int, text: str) -> None:
    assert rcode_text(rcode) == text


@pytest.mark.parametrize(
    ("peer", "family"),
    [(("192.0.2.1", 1), 1), (("2001:db8::1", 1), 2), (("::ffff:192.0.2.1", 1), 1)],
)
def test_family(server: str, peer: tuple[str, int], family: int) -> None:
    count(ask(server, peer=peer, proto="tcp"))
    found = f"requests_total family={family},proto=tcp,type=A,zone=a.test."
    assert values(server)[found] == 1


def test_repetitions_count_like_first_answers_but_take_no_time(server: str) -> None:
    cell = count(ask(server))
    for _ in range(3):
        cell.repeat(b"", ("192.0.2.7", 1), 0.0)
    found = values(server)
    assert found["responses_total plugin=file,rcode=NOERROR,zone=a.test."] == 4
    assert found["request_duration_seconds_count zone=a.test."] == 4
    assert found["request_duration_seconds_bucket le=0.00025,zone=a.test."] == 3
    assert found["request_size_bytes_sum proto=udp,zone=a.test."] == 96
    assert found["response_size_bytes_bucket le=100.0,proto=udp,zone=a.test."] == 4
    cell.repeat(b"", ("192.0.2.7", 1), 0.0)
    assert values(server)["responses_total plugin=file,rcode=NOERROR,zone=a.test."] == 5


def test_repetitions_to_the_other_family_are_its_own(server: str) -> None:
    cell = count(ask(server, do=True))
    for host in ("192.0.2.9", "2001:db8::1", "2001:db8::2", "::ffff:192.0.2.1", "192.0.2.7"):
        cell.repeat(b"", (host, 1), 0.0)
    found = values(server)
    for family, number in ((1, 4), (2, 2)):
        assert found[f"requests_total family={family},proto=udp,type=A,zone=a.test."] == number
    assert found["responses_total plugin=file,rcode=NOERROR,zone=a.test."] == 6
    assert found["do_requests_total zone=a.test."] == 6
    assert found["request_size_bytes_sum proto=udp,zone=a.test."] == 6 * 24


def test_do_is_counted_when_asked_for(server: str) -> None:
    count(ask(server))
    assert "do_requests_total zone=a.test." not in values(server)
    count(ask(server, do=True))
    assert values(server)["do_requests_total zone=a.test."] == 1


def test_what_strangers_ask_does_not_fill_the_memory(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "_MOST", 4)
    tally = series.tally(ask(server), "a.test.", 0, "file")
    kept = tally.add(0.0, 1, 1)
    for size in range(2, 20):
        tally.add(0.0, size, size)
    assert len(series._pending) <= 5
    kept.repeat(b"", ("192.0.2.7", 1), 0.0)  # forgotten by the tally, remembered by a memo
    assert values(server)["responses_total plugin=file,rcode=NOERROR,zone=a.test."] == 20
