"""JSON bit by bit: the same as the standard library's, wherever the text is cut."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy_plugins.k8s_cross.stream import CHUNK, Broken, pieces, read


def cut(octets: bytes, size: int) -> Iterator[bytes]:
    """The octets in pieces of this size."""
    return (octets[at : at + size] for at in range(0, len(octets), size))


def taken(octets: bytes, size: int = 3) -> tuple[dict[str, Any], list[Any]]:
    """What is left of the document, and the elements of its list `items`."""
    items: list[Any] = []
    head = read(cut(octets, size), lambda name: items.append if name == "items" else None)
    return head, items


TEXTS = [
    "{}",
    " { } ",
    '{"items": []}',
    '{"items": [1, 2.5, -3e4, true, null, "x"], "a": 7}',
    '{"a": [1, {"items": [2]}], "items": [{"b": [3]}, [4], "\\u00e4\\"ü"]}',
    '\n{\t"a" :\r1e5 , "b":-0.25,"items"  : [ 12345 , 67890 ] , "c" : 100 }\n',
    '{"items": 7, "b": false}',
    '{"": "", "items": ["ä", "日本", "\U0001f600"]}',
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_documents(text: str, size: int) -> None:
    """Lists that are wanted are taken, the rest is returned."""
    expected = json.loads(text)
    items = expected.pop("items") if isinstance(expected.get("items"), list) else []
    assert taken(text.encode(), size) == (expected, items)


def test_a_byte_order_mark() -> None:
    """Some editors leave one."""
    assert taken("\ufeff{}".encode(), 1) == ({}, [])


@pytest.mark.parametrize(
    "octets",
    [
        b"", b" ", b"{", b"}", b"[]", b"1", b"null", b'"x"', b"{]", b"{,}", b"{1:2}", b'{"a"}',
        b'{"a":}', b'{"a":1', b'{"a":1,}', b'{"a":1 "b":2}', b'{"items":[1,]}', b'{"items":[,1]}',
        b'{"items":[1', b'{"items":[1 2]}', b'{"a":1}x', b'{"a":1}{}', b'{"a":01}', b'{"a":1x}',
        b'{"a":1.}', b'{"a":NaN}', b'{"items":[Infinity]}', b'{"a":tru}', b'{"a":"',
        b'{"a":"\xff"}', b'{"a":"\xc3', b'{"a":\x0b1}', b'{"a":' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 1000])
def test_what_is_none(octets: bytes, size: int) -> None:
    """The standard library refuses it too, or it is no object."""
    with pytest.raises(ValueError):
        taken(octets, size)


def test_too_deep() -> None:
    """The parser's own limit."""
    with pytest.raises(RecursionError):
        taken(b'{"a":' * 100_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["items", "a", "b"]), json_values), st.integers(1, 9))
def test_any_document(document: dict[str, Any], size: int) -> None:
    """However it is cut."""
    expected = json.loads(json.dumps(document))
    items = expected.pop("items") if isinstance(expected.get("items"), list) else []
    octets = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        octets.decode()
    except UnicodeDecodeError:
        return
    if "Infinity" not in octets.decode():
        assert taken(octets, size) == (expected, items)


@given(st.text(alphabet='{}[]":,1e.- at"rue\\n', max_size=30), st.integers(1, 9))
def test_any_text(text: str, size: int) -> None:
    """What is taken is what the standard library takes."""
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    if not isinstance(expected, dict):
        with pytest.raises(ValueError):
            taken(text.encode(), size)
    else:
        assert taken(text.encode(), size)[0].keys() <= expected.keys()


def test_a_long_value_is_not_tried_at_each_piece() -> None:
    """A text of megabytes takes its time once, not once a piece."""
    octets = b'{"a": "' + b"x" * (4 << 20) + b'"}'
    assert len(taken(octets, CHUNK)[0]["a"]) == 4 << 20


def test_pieces() -> None:
    """Plain or packed, in chunks, to the octet."""
    octets = bytes(range(256)) * 1024
    for body, packed in ((octets, False), (gzip.compress(octets), True)):
        found = list(pieces(body, packed=packed, limit=len(octets)))
        assert b"".join(found) == octets
        assert max(map(len, found)) <= CHUNK
        with pytest.raises(Broken, match="too large"):
            list(pieces(body, packed=packed, limit=len(octets) - 1))


@pytest.mark.parametrize("octets", [b"", b"plain", gzip.compress(b"x" * 100, mtime=0)[:-3]])
def test_bad_gzip(octets: bytes) -> None:
    """Nothing of it is trusted."""
    with pytest.raises(Broken, match=r"gzip|cut short"):
        list(pieces(octets, packed=True, limit=1000))
