import dns.message
import pytest

from corepy import wire
from corepy.request import Request
from corepy_plugins.forward.query import body_of

QUESTION = b"\3www\7example\0\0\1\0\1"
OPT = b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"
NSID = b"\0\0\x29\x04\xd0\0\0\0\0\0\4\0\3\0\0"
NOTE = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1"


def request(octets: bytes) -> Request:
    shape = wire.admit(octets)
    assert not isinstance(shape, bytes)
    return Request(*shape, ("127.0.0.1", 1), None)  # type: ignore[arg-type]  # not asked


def message(counts: bytes, behind: bytes, flags: bytes = b"\1\x30") -> bytes:
    return b"\x12\x34" + flags + b"\0\1" + counts + QUESTION + behind


@pytest.mark.parametrize(
    "octets",
    [
        message(b"\0\0\0\0\0\0", b""),
        message(b"\0\0\0\0\0\1", OPT),
        message(b"\0\0\0\0\0\1", NSID),
        message(b"\0\0\0\0\0\2", NOTE + OPT),
        message(b"\0\1\0\0\0\1", NOTE + OPT),
    ],
)
def test_whole_queries_go_on_as_they_came(octets: bytes) -> None:
    assert body_of(request(octets)) == octets[2:]


@pytest.mark.parametrize(
    ("octets", "sent"),
    [
        (message(b"\0\0\0\0\0\1", NSID + b"junk"), message(b"\0\0\0\0\0\1", NSID)),
        (message(b"\0\0\0\0\0\0", b"junk"), message(b"\0\0\0\0\0\0", b"")),
        (message(b"\0\0\0\0\0\1", b""), message(b"\0\0\0\0\0\0", b"")),
        (message(b"\0\0\0\0\0\2", OPT), message(b"\0\0\0\0\0\1", OPT)),
        (message(b"\0\1\0\0\0\1", NOTE), message(b"\0\1\0\0\0\0", NOTE)),
    ],
    ids=["junk behind opt", "junk", "opt missing", "one missing", "authority only"],
)
def test_others_are_put_right(octets: bytes, sent: bytes) -> None:
    body = body_of(request(octets))
    assert body == sent[2:]
    dns.message.from_wire(b"\0\0" + body)  # and a strict reader takes it
