"""What a hosts file says, kept small: addresses by name, names by address.

Names are keys in text form, lower case, without the final dot and with the escapes that CoreDNS
compares (`a\\.b.test`); so a line of a file becomes a key without being taken apart. Addresses are
packed, several of one name in one `bytes`. Each mapping is spread over many small dicts: with a
single one of a million entries, growing it or throwing it away would stop the event loop.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from corepy import names, wire
from corepy.errors import WireError

SHARDS: Final = 64
_MASK: Final = SHARDS - 1

MOST_ADDRESSES: Final = 1 << 16
"""Octets of addresses kept for one name and family: no message could carry more."""

MOST_NAMES: Final = 5_100
"""Names kept for one address: a 64 KiB message has room for 5 040 PTR records at most."""

Shards = tuple[dict[bytes, bytes], ...]

_LONGEST_KEY: Final = wire.MAX_NAME - 2
_DOT: Final = 0x2E
_STAR: Final = 0x2A
_BACKSLASH: Final = b"\\"
_ESCAPED: Final = frozenset(b".\\ '@;()\"")
_PLAIN: Final = bytes(octet for octet in range(0x21, 0x7F) if octet not in _ESCAPED)
_TEXT: Final = [
    bytes((0x5C, octet))
    if octet in _ESCAPED
    else bytes((octet,))
    if octet in _PLAIN
    else b"\\%03d" % octet
    for octet in range(256)
]


def key_of(qname: bytes) -> bytes:
    """The key of a name in lower-case wire form."""
    octets = bytearray(qname)
    at = labels = 0
    while size := octets[at]:
        octets[at] = _DOT
        at += size + 1
        labels += 1
    key = bytes(octets[1:-1])
    if labels and len(key.translate(None, _PLAIN)) != labels - 1:
        return _escaped(qname)
    return key


def _escaped(qname: bytes) -> bytes:
    labels, at = [], 0
    while size := qname[at]:
        label = qname[at + 1 : at + 1 + size]
        labels.append(b"".join([_TEXT[octet] for octet in label]))
        at += size + 1
    return b".".join(labels)


def wire_of(key: bytes) -> bytes | None:
    """A key as an uncompressed name; None if it is no legal one."""
    if _BACKSLASH in key:
        try:
            return names.from_text(key.decode("utf-8", "replace") + ".")
        except WireError:
            return None
    labels = key.split(b".") if key else []
    if len(key) > _LONGEST_KEY or not all(0 < len(label) < 64 for label in labels):
        return None
    return b"".join([b"%c%b" % (len(label), label) for label in labels]) + b"\0"


def pack(text: bytes) -> bytes | None:
    """An address as 4 or 16 octets: a scope is ignored, IPv4 in IPv6 form is IPv4; or None."""
    address = text.partition(b"%")[0].decode("latin-1")
    try:
        if ":" not in address:
            return socket.inet_pton(socket.AF_INET, address)
        packed = socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return None
    return packed[12:] if packed.startswith(b"\0\0\0\0\0\0\0\0\0\0\xff\xff") else packed


class Below:
    """Tells whether a key is in one of some zones, given in text form with the final dot."""

    def __init__(self, zones: Iterable[str]) -> None:
        keys = [zone.encode("utf-8", "surrogateescape")[:-1] for zone in zones]
        self.everything = b"" in keys
        self._same = frozenset(keys)
        self._ends = tuple(b"." + key for key in keys)

    def __contains__(self, key: bytes) -> bool:
        if self.everything or key in self._same:
            return True
        if not key.endswith(self._ends):
            return False
        # An escaped dot in front of the zone's text is part of a label.
        return _BACKSLASH not in key or any(
            key.endswith(end) and not _ends_in_escape(key[: -len(end)]) for end in self._ends
        )


def _ends_in_escape(text: bytes) -> bool:
    return (len(text) - len(text.rstrip(_BACKSLASH))) % 2 == 1


class Table:
    """The entries of one file, or of the lines in a Corefile.

    `below` says which names are taken at all, `reverse` whether addresses lead back to names.
    `entries` counts as CoreDNS does: each address of a name, and each name of an address.
    """

    def __init__(self, below: Below, *, reverse: bool) -> None:
        self.entries = 0
        self._below = below
        self._reverse = reverse
        self._v4: Shards = tuple({} for _ in range(SHARDS))
        self._v6: Shards = tuple({} for _ in range(SHARDS))
        self._wild_v4: dict[bytes, bytes] = {}
        self._wild_v6: dict[bytes, bytes] = {}
        self._owners: tuple[dict[bytes, bytes | list[bytes]], ...] = tuple(
            {} for _ in range(SHARDS)
        )

    # ---- looking up

    def addresses(self, key: bytes, v4: bool) -> bytes:
        """The packed addresses of one family; the exact name first, else a wildcard's."""
        shards, wild = (self._v4, self._wild_v4) if v4 else (self._v6, self._wild_v6)
        found = shards[hash(key) & _MASK].get(key)
        if found is None and wild:
            found = wild.get(_without_first(key))
        return found or b""

    def owners(self, packed: bytes) -> Sequence[bytes]:
        """The names of an address, as keys."""
        found = self._owners[hash(packed) & _MASK].get(packed)
        if found is None:
            return ()
        return (found,) if isinstance(found, bytes) else found

    # ---- filling

    def add(self, text: bytes) -> None:
        """Take whole lines in lower case: an address and its names; others are passed over."""
        commented, plain = b"#" in text, text.isascii()
        last, packed = b"", None
        for line in text.split(b"\n"):
            if commented and b"#" in line:
                line = line[: line.index(b"#")]
            words = line.split() if plain or line.isascii() else _split(line)
            if len(words) < 2:
                continue
            if words[0] != last:
                last = words[0]
                packed = pack(last)
            if packed is not None:
                self._add(packed, words)

    def _add(self, packed: bytes, words: list[bytes]) -> None:
        shards = self._v4 if len(packed) == 4 else self._v6
        below, everything = self._below, self._below.everything
        owners = self._owners[hash(packed) & _MASK]
        del words[0]
        for name in words:
            if name[-1] == _DOT:
                name = _relative(name)
            if not everything and name not in below:
                continue
            self.entries += 1
            if name[:1] == b"*" and (len(name) == 1 or name[1] == _DOT):
                self._add_wildcard(packed, name[2:])
                continue
            shard = shards[hash(name) & _MASK]
            if name not in shard:
                shard[name] = packed
            elif len(shard[name]) < MOST_ADDRESSES:
                shard[name] += packed
            if self._reverse:
                self.entries += 1
                if packed not in owners:
                    owners[packed] = name
                else:
                    _append(owners, packed, name)

    def _add_wildcard(self, packed: bytes, parent: bytes) -> None:
        if not parent:
            # A lone `*` matches nothing in CoreDNS; it counts as an entry all the same.
            return
        wild = self._wild_v4 if len(packed) == 4 else self._wild_v6
        known = wild.get(parent, b"")
        if len(known) < MOST_ADDRESSES:
            wild[parent] = known + packed

    # ---- the end

    def dismantle(self) -> Iterator[None]:
        """Empty the table piece by piece; who iterates may let others work in between."""
        for shards in (self._v4, self._v6, self._owners):
            for shard in shards:
                shard.clear()
                yield


def _append(owners: dict[bytes, bytes | list[bytes]], packed: bytes, name: bytes) -> None:
    known = owners[packed]
    if isinstance(known, bytes):
        owners[packed] = [known, name]
    elif len(known) < MOST_NAMES:
        known.append(name)


def _without_first(key: bytes) -> bytes:
    """The key without its first label; a key of one label has none of them left."""
    at = key.find(b".")
    while at > 0 and _ends_in_escape(key[:at]):
        at = key.find(b".", at + 1)
    return key[at + 1 :] if at > 0 else b""


def _relative(name: bytes) -> bytes:
    """The name without its final dot, unless that is escaped."""
    return name if _ends_in_escape(name[:-1]) else name[:-1]


def _split(line: bytes) -> list[bytes]:
    """Words of a line that is not plain ASCII: Unicode's spaces separate too, as in CoreDNS."""
    # Characters such as U+001C are spaces to Python but not to CoreDNS; no name has them.
    words = line.decode("utf-8", "surrogateescape").split()
    return [word.encode("utf-8", "surrogateescape") for word in words]
