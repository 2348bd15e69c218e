"""Datagrams that leave together."""

from __future__ import annotations

from corepy.outbox import Outbox, send_all


class Socket:
    """Notes what is sent; datagrams named `bad` cannot be."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.failed: list[str] = []

    def send(self, datagram: str) -> None:
        if datagram.startswith("bad"):
            raise OSError(datagram)
        self.sent.append(datagram)

    def fail(self, error: OSError) -> None:
        self.failed.append(str(error))


def test_outside_of_a_batch_a_datagram_leaves_at_once() -> None:
    outbox, sock = Outbox(), Socket()
    outbox.post((sock.send, ("a",), sock.fail))
    assert sock.sent == ["a"]


def test_those_of_a_batch_leave_at_its_end_in_their_order() -> None:
    outbox, sock = Outbox(), Socket()
    outbox.collect()
    for datagram in ("a", "b"):
        outbox.post((sock.send, (datagram,), sock.fail))
    assert sock.sent == []
    outbox.flush()
    assert sock.sent == ["a", "b"]


def test_after_a_batch_a_datagram_leaves_at_once_again() -> None:
    outbox, sock = Outbox(), Socket()
    outbox.collect()
    outbox.flush()
    outbox.post((sock.send, ("a",), sock.fail))
    assert sock.sent == ["a"]


def test_one_that_cannot_be_sent_is_its_own_loss() -> None:
    outbox, sock = Outbox(), Socket()
    outbox.collect()
    for datagram in ("a", "bad 1", "bad 2", "b"):
        outbox.post((sock.send, (datagram,), sock.fail))
    outbox.flush()
    assert sock.sent == ["a", "b"]
    assert sock.failed == ["bad 1", "bad 2"]


def test_a_failure_may_lead_to_another_datagram() -> None:
    outbox, sock = Outbox(), Socket()
    outbox.collect()
    again = (sock.send, ("again",), sock.fail)
    outbox.post((sock.send, ("bad",), lambda _: outbox.post(again)))
    outbox.post((sock.send, ("b",), sock.fail))
    outbox.flush()
    assert sock.sent == ["again", "b"]


def test_all_are_sent_but_those_that_cannot_be() -> None:
    sock = Socket()
    send_all(sock.send, [("a",), ("bad",), ("b",)], sock.fail)
    assert (sock.sent, sock.failed) == (["a", "b"], ["bad"])
