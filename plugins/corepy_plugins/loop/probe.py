"""The query a server sends to itself."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from corepy import names

HINFO: Final = 13

ANSWER_TIME: Final = 2.0
"""Seconds."""

_BITS: Final = 62
"""Of each of the two random labels: nobody guesses both while a probe is under way."""


class Probe:
    """`HINFO RANDOM.RANDOM.ZONE`; raises `WireError` if the zone leaves no room for that.

    `source` is host and port that the last question was sent from.
    """

    def __init__(self, zone: str) -> None:
        first, second = secrets.randbits(_BITS), secrets.randbits(_BITS)
        self.text = f"{first}.{second}.{zone.removeprefix('.')}"
        self.qname = names.from_text(self.text).lower()
        self.source: tuple[str, int] = ("", 0)

    async def ask(self, host: str, port: int) -> None:
        """Ask over UDP and wait for an answer, whatever it says.

        Raises `OSError` if nobody listens there and `TimeoutError` if nobody answers.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Client(answered), remote_addr=(host, port)
        )
        try:
            self.source = transport.get_extra_info("sockname")[:2]
            transport.sendto(self._query())
            async with asyncio.timeout(ANSWER_TIME):
                await answered
        finally:
            transport.close()

    def _query(self) -> bytes:
        header = secrets.token_bytes(2) + b"\1\0\0\1\0\0\0\0\0\0"
        return header + self.qname + HINFO.to_bytes(2, "big") + b"\0\1"


class _Client(asyncio.DatagramProtocol):
    def __init__(self, answered: asyncio.Future[None]) -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        if not self._answered.done():
            self._answered.set_result(None)

    def error_received(self, exc: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc)
