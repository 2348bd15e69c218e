"""Sets of networks, asked all at once which of them hold an address."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from socket import AF_INET, inet_pton

from corepy.lib import cidr
from corepy.lib.cidr import Network


class NetworkSets:
    """Any number of sets of any number of networks; the time to find an address hardly grows.

    The addresses of each family are cut into ranges in which all are in the same sets.
    """

    __slots__ = ("_v4", "_v6")

    def __init__(self, sets: Sequence[Sequence[Network]]) -> None:
        self._v4 = _ranges(sets, 4)
        self._v6 = _ranges(sets, 6)

    def holding(self, host: str) -> int:
        """A bit for each set that holds an address, that of the first one is 1.

        `host` is text form; a scope after `%` does not matter. In no set is what is no address.
        """
        try:
            number = int.from_bytes(inet_pton(AF_INET, host), "big")
        except (OSError, ValueError):
            found = cidr.address(host.partition("%")[0])
            if found is None:
                return 0
            (starts, bits), number = self._v4 if found.version == 4 else self._v6, int(found)
        else:
            starts, bits = self._v4
        return bits[bisect_right(starts, number) - 1]


def _ranges(sets: Sequence[Sequence[Network]], version: int) -> tuple[list[int], list[int]]:
    """Where each range begins, as a number, and the bits of the sets that hold it."""
    edges: list[tuple[int, int, int]] = []
    for index, networks in enumerate(sets):
        for network in networks:
            if network.version == version:
                first = int(network.network_address)
                edges += ((first, index, 1), (first + network.num_addresses, index, -1))
    starts, bits, depths = [0], [0], [0] * len(sets)
    for at, index, step in sorted(edges):
        depths[index] += step
        if at != starts[-1]:
            starts.append(at)
            bits.append(bits[-1])
        if depths[index]:
            bits[-1] |= 1 << index
        else:
            bits[-1] &= ~(1 << index)
    return starts, bits
