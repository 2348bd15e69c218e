"""What a refresh of a large Headscale network costs those who ask meanwhile (see README.md).

A stand-in for Headscale in a process of its own has a new list at each poll; a client measures each
answer from outside, first without refreshes, then with one every other second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

NAMESPACES = 20


def node(number: int, services: int, turn: int) -> dict[str, Any]:
    """A node in the form of Headscale 0.28: a gateway to one service; in turn some are offline."""
    service, cluster = number % services, f"c{number % 7}"
    return {
        "id": str(number + 1),
        "ipAddresses": [f"100.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"],
        "name": f"gw-{number}",
        "givenName": f"gw-{number}",
        "lastSeen": f"2026-01-01T00:00:{turn % 60:02d}Z",
        "createdAt": f"2025-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "expiry": None,
        "online": (number + turn) % 50 != 0,
        "subnetRoutes": [],
        "user": {"id": "1", "name": "admin"},
        "tags": [
            f"tag:cluster--{cluster}",
            f"tag:mcs--svc{service}--ns{service % NAMESPACES}--tcp--80--http",
        ],
    }


def serve(port: int, nodes: int, services: int) -> None:
    """Be that Headscale. Lists are made ahead: that is not to be measured."""
    from aiohttp import web  # noqa: PLC0415 - the other process does without

    turns = [
        json.dumps({"nodes": [node(number, services, turn) for number in range(nodes)]}).encode()
        for turn in range(8)
    ]
    polls = 0

    async def listing(_: web.Request) -> web.Response:
        nonlocal polls
        polls += 1
        return web.Response(body=turns[polls % len(turns)], content_type="application/json")

    async def count(_: web.Request) -> web.Response:
        return web.Response(text=str(polls))

    async def run() -> None:
        app = web.Application()
        app.add_routes([web.get("/api/v1/node", listing), web.get("/polls", count)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()

    asyncio.run(run())


def free_port(kind: socket.SocketKind) -> int:
    """A port of loopback nobody has."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], folder: str) -> Iterator[int]:
    """A process for a while; its id."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def memory(pid: int) -> float:
    """The resident set of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def question(number: int, services: int) -> bytes:
    """A query for the addresses of one of the services."""
    service = random.randrange(services)
    labels = (f"svc{service}", f"ns{service % NAMESPACES}", "svc", "clusterset", "local")
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels)
    return (number & 0xFFFF).to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0" + name + b"\0\0\1\0\1"


def measure(port: int, services: int, seconds: float, pause: float) -> tuple[list[float], int]:
    """Milliseconds each answer took, one question at a time, and how many never came."""
    taken: list[float] = []
    lost = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(1.0)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            query = question(len(taken), services)
            started = time.perf_counter()
            try:
                sock.send(query)
                while sock.recv(4096)[:2] != query[:2]:
                    pass
                taken.append((time.perf_counter() - started) * 1000)
            except OSError:
                lost += 1
            time.sleep(pause)
    return sorted(taken), lost


def answered(port: int, services: int) -> bool:
    """Whether the server knows a service by now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(0.5)
        try:
            sock.send(question(0, services))
            reply = sock.recv(4096)
        except OSError:
            return False
    return reply[3] & 15 == 0 and reply[7] > 0


def wait(port: int, services: int) -> None:
    """Until it does."""
    end = time.monotonic() + 60
    while not answered(port, services):
        if time.monotonic() > end:
            raise SystemExit("the server has no services after a minute")
        time.sleep(0.1)


def share(taken: list[float], part: float) -> float:
    """The value that this part of the measurements does not exceed."""
    return taken[min(len(taken) - 1, int(len(taken) * part))]


def phase(name: str, refresh: str, args: argparse.Namespace) -> None:
    """Start both servers, measure, print one line."""
    web, dns = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Corefile").write_text(
            f"clusterset.local:{dns} {{\n bind 127.0.0.1\n k8s_cross {{\n"
            f"  headscale_url http://127.0.0.1:{web} key\n"
            f"  refresh {refresh}\n }}\n}}\n",
            encoding="ascii",
        )
        stand_in = [sys.executable, __file__, "--serve", str(web)]
        stand_in += ["--nodes", str(args.nodes), "--services", str(args.services)]
        corepy = [*shlex.split(args.corepy), "-conf", "Corefile", "-quiet"]
        with running(corepy, folder) as pid:
            time.sleep(2.0)
            before = memory(pid)
            with running(stand_in, folder):
                wait(dns, args.services)
                taken, lost = measure(dns, args.services, args.seconds, args.pause)
                after = memory(pid)
                with urlopen(f"http://127.0.0.1:{web}/polls") as reply:
                    polls = int(reply.read())
    late = sum(value > args.late for value in taken)
    print(
        f"{name:14}{len(taken):8} answers  "
        f"p50 {share(taken, 0.5):6.2f}  p99 {share(taken, 0.99):6.2f}  max {taken[-1]:6.2f} ms  "
        f"over {args.late:g} ms {late:4}  lost {lost}  "
        f"polls {polls:3}  {before:5.0f} -> {after:.0f} MiB",
        flush=True,
    )


def main() -> None:
    """Both phases."""
    parser = argparse.ArgumentParser(description="Answers during refreshes (see README.md).")
    parser.add_argument("--corepy", default=shutil.which("corepy") or f"{sys.executable} -m corepy")
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--services", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=12.0, help="of load per phase")
    parser.add_argument("--pause", type=float, default=0.0005, help="seconds between questions")
    parser.add_argument("--late", type=float, default=5.0, help="milliseconds that count as late")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.nodes, args.services)
    phase("one list", "1h", args)
    phase("refresh 2s", "2s", args)


if __name__ == "__main__":
    main()
