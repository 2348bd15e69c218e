"""Questions and answers between the supervisor and a worker, with open sockets where need be.

A message is four octets of length and a JSON object; descriptors travel beside it (SCM_RIGHTS).
Both ends may ask at any time. Nothing here ever waits for the other end to read: what it does not
take yet is kept.
"""

from __future__ import annotations

import array
import asyncio
import json
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any, Final

from corepy.errors import CorepyError
from corepy.tasks import spawn

Answer = Callable[[str, dict[str, Any], list[socket.socket]], Awaitable[Any]]
"""What is done with a message: its kind, its fields, its sockets. The result is the answer.

A `CorepyError` is answered with its text.
"""

_MOST_FILES: Final = 250
"""Descriptors that go with one write; the kernel takes 253."""

_CHUNK: Final = 1 << 18
_MOST_WAITING: Final = 1 << 20


class Lost(CorepyError):  # noqa: N818 - what happened, in one word
    """The other end is gone."""

    def __init__(self, message: str = "the other process has ended") -> None:
        super().__init__(message)


class Refused(CorepyError):  # noqa: N818 - what happened, in one word
    """The other end has answered with an error; its text."""


class Channel:
    """One end. `lost` is called once, when the other end is gone or `close` was called."""

    def __init__(self, sock: socket.socket, answer: Answer, lost: Callable[[], None]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._answer = answer
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._out: deque[tuple[bytes, Sequence[socket.socket]]] = deque()
        self._size = 0
        self._in = bytearray()
        self._files: deque[int] = deque()
        self._loop.add_reader(sock, self._readable)

    @property
    def open(self) -> bool:
        """True until the other end is gone."""
        return self._sock.fileno() >= 0

    async def ask(self, what: str, files: Sequence[socket.socket] = (), **fields: Any) -> Any:
        """The answer. Raises `Refused` or `Lost`."""
        if not self.open:
            raise Lost
        number = next(self._numbers)
        answer = self._waiting[number] = self._loop.create_future()
        self._send({"id": number, "do": what, "with": fields}, files)
        try:
            return await answer
        finally:
            self._waiting.pop(number, None)

    def tell(self, what: str, files: Sequence[socket.socket] = (), **fields: Any) -> None:
        """Say something that wants no answer."""
        if self.open:
            self._send({"do": what, "with": fields}, files)

    @property
    def crowded(self) -> bool:
        """True if so much waits to be read by the other end that some things are better left."""
        return self._size > _MOST_WAITING

    def close(self) -> None:
        """Hang up."""
        if not self.open:
            return
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        for descriptor in self._files:
            os.close(descriptor)
        self._files.clear()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Lost())
        self._lost()

    # ---- out

    def _send(self, message: dict[str, Any], files: Sequence[socket.socket] = ()) -> None:
        if files:
            message["files"] = len(files)
        text = json.dumps(message, separators=(",", ":")).encode("ascii")
        frame = len(text).to_bytes(4, "big") + text
        # Each batch of descriptors needs an octet to go with; the last one takes the rest.
        while len(files) > _MOST_FILES:
            self._put(frame[:1], files[:_MOST_FILES])
            frame, files = frame[1:], files[_MOST_FILES:]
        self._put(frame, files)
        self._flush()

    def _put(self, octets: bytes, files: Sequence[socket.socket]) -> None:
        self._out.append((octets, files))
        self._size += len(octets)

    def _flush(self) -> None:
        try:
            while self._out:
                octets, files = self._out[0]
                sent = self._sock.sendmsg([octets], _rights(files))
                self._size -= sent
                if sent == len(octets):
                    self._out.popleft()
                else:
                    self._out[0] = (octets[sent:], ())
        except (BlockingIOError, InterruptedError):
            self._loop.add_writer(self._sock, self._writable)
        except OSError:
            # Not from here: who sends something does not expect to be told that all is over.
            self._loop.call_soon(self.close)
            self._out.clear()

    def _writable(self) -> None:
        self._loop.remove_writer(self._sock)
        self._flush()

    # ---- in

    def _readable(self) -> None:
        space = socket.CMSG_SPACE(4 * _MOST_FILES)
        try:
            octets, ancillary, _, _ = self._sock.recvmsg(_CHUNK, space, socket.MSG_CMSG_CLOEXEC)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            octets, ancillary = b"", []
        for _, kind, data in ancillary:
            if kind == socket.SCM_RIGHTS:
                self._files.extend(array.array("i", data))
        if not octets:
            self.close()
            return
        self._in += octets
        while self.open and len(self._in) >= 4:
            end = 4 + int.from_bytes(self._in[:4], "big")
            if len(self._in) < end:
                return
            message = json.loads(self._in[4:end])
            del self._in[:end]
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        descriptors = [self._files.popleft() for _ in range(message.get("files", 0))]
        files = [socket.socket(fileno=one) for one in descriptors]
        if "re" not in message:
            answering = self._do(message.get("id"), message["do"], message["with"], files)
            spawn(answering, name=f"channel {message['do']}")
            return
        waiting = self._waiting.get(message["re"])
        if waiting is None or waiting.done():
            return
        if "error" in message:
            waiting.set_exception(Refused(message["error"]))
        else:
            waiting.set_result(message["value"])

    async def _do(
        self, number: int | None, what: str, fields: dict[str, Any], files: list[socket.socket]
    ) -> None:
        try:
            answer = {"re": number, "value": await self._answer(what, fields, files)}
        except CorepyError as error:
            answer = {"re": number, "error": str(error)}
        except asyncio.CancelledError:
            answer = {"re": number, "error": "given up"}
        if number is not None and self.open:
            self._send(answer)


def _rights(files: Sequence[socket.socket]) -> list[tuple[int, int, array.array[int]]]:
    if not files:
        return []
    return [
        (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [one.fileno() for one in files]))
    ]
