"""The order of the records in a section: by kind first, then among the addresses."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Final

from corepy import wire
from corepy.record import Record

_CNAME, _OTHER, _ADDRESS, _MX = range(4)
_RANK: Final = {wire.CNAME: _CNAME, wire.A: _ADDRESS, wire.AAAA: _ADDRESS, wire.MX: _MX}


class Shape:
    """What the types of a section say without looking at a record.

    `sorted`: the kinds are in order. `count`: how many records; `addresses`, `exchanges`: how
    many of them are A or AAAA, how many MX.
    """

    __slots__ = ("addresses", "count", "exchanges", "sorted")

    def __init__(self, types: Iterable[int]) -> None:
        self.sorted = True
        counts = [0, 0, 0, 0]
        last = _CNAME
        for rdtype in types:
            rank = _RANK.get(rdtype, _OTHER)
            counts[rank] += 1
            if rank < last:
                self.sorted = False
            last = rank
        self.count = sum(counts)
        self.addresses = counts[_ADDRESS]
        self.exchanges = counts[_MX]

    @property
    def settled(self) -> bool:
        """True if there is no other order."""
        return self.sorted and self.addresses < 2 and self.exchanges < 2


class Kinds:
    """The records of a section by kind."""

    __slots__ = ("addresses", "aliases", "exchanges", "others")

    def __init__(self, section: Sequence[Record]) -> None:
        groups: list[list[Record]] = [[], [], [], []]
        for record in section:
            groups[_RANK.get(record.rdtype, _OTHER)].append(record)
        self.aliases, self.others, self.addresses, self.exchanges = groups

    def joined(self) -> list[Record]:
        """CNAMEs, everything else, addresses, mail exchanges."""
        return [*self.aliases, *self.others, *self.addresses, *self.exchanges]

    def joined_addresses_early(self) -> list[Record]:
        """CNAMEs, addresses, mail exchanges, everything else."""
        return [*self.aliases, *self.addresses, *self.exchanges, *self.others]


def shuffled(section: Sequence[Record]) -> list[Record]:
    """A section with its addresses and its mail exchanges in any order."""
    kinds = Kinds(section)
    random.shuffle(kinds.addresses)
    random.shuffle(kinds.exchanges)
    return kinds.joined()
