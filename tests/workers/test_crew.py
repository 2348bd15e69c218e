"""Several processes as their operator sees them: one server that happens to have workers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from corepy.testing import free_port
from corepy.transport.udp import BATCH
from tests.support.program import LIMIT, Program, program
from tests.support.queries import query
from tests.support.web import fetch

LOOPS = pytest.mark.parametrize("loop", ["asyncio", ""], ids=["asyncio", "default loop"])


def fixed(text: str = "yes", *lines: str) -> str:
    return "\n".join([". {", *lines, f" fixed {text}", "}", ""])


@asynccontextmanager
async def crew(
    text: str, folder: Path, *args: str, number: int = 2, loop: str = "", wait: bool = True
) -> AsyncIterator[Program]:
    async with program(text, folder, "-workers", str(number), *args, loop=loop, wait=wait) as it:
        yield it


def workers(it: Program) -> set[int]:
    """Their process ids."""
    task = Path(f"/proc/{it.process.pid}/task")
    found = [path.read_text() for path in task.glob("*/children")]
    return {int(word) for text in found for word in text.split()}


def descriptors(it: Program) -> int:
    return sum(1 for _ in Path(f"/proc/{it.process.pid}/fd").iterdir())


def lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def replaced(it: Program, before: set[int], number: int = 2) -> None:
    """Wait until all places are filled, by others than these."""
    async with asyncio.timeout(LIMIT):
        while len(now := workers(it)) < number or now & before:
            await asyncio.sleep(0.02)
    await it.line("[INFO] worker ", count=len(before))


async def until(port: int, path: str, status: int) -> bytes:
    async with asyncio.timeout(LIMIT):
        while True:
            reply = await fetch(port, path)
            if reply.status == status:
                return reply.body
            await asyncio.sleep(0.02)


async def sample(port: int, start: str) -> float:
    """The value of the only metric that begins like this."""
    lines = (await fetch(port, "/metrics")).body.decode().splitlines()
    found = [line for line in lines if line.startswith(start)]
    assert len(found) == 1, found
    return float(found[0].rpartition(" ")[2])


# ---- serving


@LOOPS
async def test_all_workers_answer_and_the_log_is_that_of_one(loop: str, tmp_path: Path) -> None:
    text = fixed("yes", "debug") + "b.test {\n fixed b\n}\n"
    async with crew(text, tmp_path, number=3, loop=loop) as it:
        assert len(workers(it)) == 3
        for _ in range(30):
            assert await it.ask() == "yes"
        assert [await it.ask(tcp=True) for _ in range(10)] == ["yes"] * 10
        assert await it.ask("x.b.test") == "b"
        assert it.lines[:2] == [f".:{it.port}", f"b.test.:{it.port}"]
        assert len(it.lines) == 4


async def test_one_worker_is_no_worker(tmp_path: Path) -> None:
    async with crew(fixed("yes", "multisocket 2"), tmp_path, number=1) as it:
        assert await it.ask() == "yes"
        assert not workers(it)


async def test_counters_are_summed_and_survive_their_worker(tmp_path: Path) -> None:
    port = free_port()
    start = "coredns_dns_requests_total{"
    async with crew(fixed("yes", f"prometheus 127.0.0.1:{port}"), tmp_path) as it:
        for _ in range(40):
            await it.ask()
        assert await sample(port, start) == 40
        assert await sample(port, "coredns_dns_request_duration_seconds_count{") == 40
        assert await sample(port, "coredns_build_info{") == 1
        enabled = f'coredns_plugin_enabled{{server="dns://:{it.port}",zone=".",view="",name="fixed"'
        assert await sample(port, enabled) == 1
        assert await sample(port, "process_open_fds ") > descriptors(it)
        before = workers(it)
        os.kill(min(before), signal.SIGKILL)
        await it.line("[INFO] worker ")
        assert await sample(port, start) == 40
        for _ in range(10):
            await it.ask()
        assert await sample(port, start) == 50


async def test_ready_means_all_of_them(tmp_path: Path) -> None:
    port = free_port()
    gate = tmp_path / "gate"
    text = fixed("yes", f"ready 127.0.0.1:{port}", f"unready {gate}")
    async with crew(text, tmp_path) as it:
        assert await until(port, "/ready", 503) == b"unready"
        first, second = workers(it)
        (tmp_path / f"gate.{first}").touch()
        assert (await fetch(port, "/ready")).status == 503
        (tmp_path / f"gate.{second}").touch()
        assert (await fetch(port, "/ready")).body == b"OK"
        # A new worker has everything still to do.
        os.kill(first, signal.SIGKILL)
        await it.line("[INFO] worker ")
        assert await until(port, "/ready", 503) == b"unready"
        gate.touch()
        assert await until(port, "/ready", 200) == b"OK"


async def test_a_worker_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    port = free_port()
    flag = tmp_path / "flag"
    text = fixed("yes", f"ready 127.0.0.1:{port}", f"doomed {flag}")
    async with crew(text, tmp_path) as it:
        assert await until(port, "/ready", 200) == b"OK"
        flag.touch()
        os.kill(min(workers(it)), signal.SIGKILL)
        assert await until(port, "/ready", 503) == b"worker"
        assert await it.ask() == "yes"
        flag.unlink()
        assert await until(port, "/ready", 200) == b"OK"


async def test_what_is_there_once_is_there_once(tmp_path: Path) -> None:
    """Endpoints, commands and lines of plugins."""
    health = free_port()
    text = fixed("yes", f"health 127.0.0.1:{health}", "on startup /bin/echo began", "talk hello")
    async with crew(text, tmp_path, number=3) as it:
        assert (await fetch(health, "/health")).body == b"OK"
        await it.line("began")
        await asyncio.sleep(0.1)
        assert it.lines.count("began") == 1
        assert it.lines.count("[INFO] plugin/talk: hello") == 1


async def test_lines_about_queries_come_out_each(tmp_path: Path) -> None:
    text = '. {\n log . "{name}"\n errors\n broken now\n fixed yes\n}\n'
    async with crew(text, tmp_path) as it:
        await asyncio.gather(*(it.ask(f"{'n' * 60}.{number}.test") for number in range(200)))
        await it.line("[INFO] n", count=200)
        found = {line for line in it.lines if line.startswith("[INFO] n")}
        assert found == {f"[INFO] {'n' * 60}.{number}.test." for number in range(200)}


# ---- a worker dies


@LOOPS
async def test_a_killed_worker_costs_no_query(loop: str, tmp_path: Path) -> None:
    """Only what it was answering at that moment is lost: at most a batch, as a rule nothing."""
    async with crew(fixed(), tmp_path, loop=loop) as it:
        before = workers(it)
        asked: set[int] = set()
        answered: set[int] = set()
        over = asyncio.Event()
        underway = BATCH * len(before)

        async def ask() -> None:
            socks = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(8)]
            loop = asyncio.get_running_loop()
            for sock in socks:
                sock.setblocking(False)
                sock.connect(("127.0.0.1", it.port))

                def receive(sock: socket.socket = sock) -> None:
                    try:
                        while True:
                            answered.add(int.from_bytes(sock.recv(512)[:2], "big"))
                    except BlockingIOError:
                        return

                loop.add_reader(sock, receive)
            while not over.is_set() and len(asked) < 60000:
                for sock in socks:
                    asked.add(len(asked))
                    sock.send(query(f"n{len(asked)}.test", ident=len(asked) - 1))
                await asyncio.sleep(0.004)
            async with asyncio.timeout(5):
                while len(answered) < len(asked) - underway:
                    await asyncio.sleep(0.01)
            for sock in socks:
                loop.remove_reader(sock)
                sock.close()

        async def kill() -> None:
            await asyncio.sleep(0.2)
            for pid in sorted(before):
                os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(1.0)
            await replaced(it, before)
            over.set()

        await asyncio.gather(ask(), kill())
        assert len(asked) > 5 * underway
        assert len(asked) - len(answered) <= underway
        ended = [line for line in it.lines if "has ended with signal SIGKILL" in line]
        assert len(ended) == 2


async def test_a_connection_waiting_for_a_killed_worker_is_taken_by_another(
    tmp_path: Path,
) -> None:
    flag = tmp_path / "flag"
    async with crew(fixed("yes", f"doomed {flag}"), tmp_path) as it:
        flag.touch()
        os.kill(min(workers(it)), signal.SIGKILL)
        assert [await it.ask(tcp=True) for _ in range(20)] == ["yes"] * 20
        await it.line("[ERROR] worker ", count=4)
        assert [await it.ask(tcp=tcp) for tcp in (False, True)] == ["yes", "yes"]
        # A reload while a place is empty serves the new addresses too.
        port = free_port()
        flag.unlink()
        await it.reload(fixed("two") + f"other.test:{port} {{\n fixed other\n}}\n")
        assert [await it.ask(tcp=tcp) for tcp in (False, True) for _ in range(8)] == ["two"] * 16
        it.port = port
        asked = [await it.ask("x.other.test", tcp=tcp) for tcp in (False, True) for _ in range(8)]
        assert asked == ["other"] * 16


async def test_without_any_worker_it_gives_up(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    async with crew(fixed("yes", f"doomed {flag}"), tmp_path) as it:
        flag.touch()
        for pid in workers(it):
            os.kill(pid, signal.SIGKILL)
        assert await it.status() == 1
        assert sum(line.startswith("[FATAL] worker ") for line in it.lines) == 1


async def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    async with crew(fixed(), tmp_path) as it:
        before = workers(it)
        it.process.kill()
        await it.status()
        async with asyncio.timeout(LIMIT):
            while any(alive(pid) for pid in before):
                await asyncio.sleep(0.02)


async def test_signals_to_workers_change_nothing(tmp_path: Path) -> None:
    async with crew(fixed(), tmp_path) as it:
        before = workers(it)
        for pid in before:
            for name in ("INT", "TERM", "QUIT", "HUP", "USR1", "USR2"):
                os.kill(pid, getattr(signal, f"SIG{name}"))
        await asyncio.sleep(0.2)
        assert workers(it) == before
        assert await it.ask() == "yes"


async def test_a_plugin_in_a_worker_can_end_the_server(tmp_path: Path) -> None:
    async with crew(fixed("yes", "doom"), tmp_path) as it:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await it.ask("doom.test")
        assert await it.status() == 1
        assert "[FATAL] doomed" in it.lines


# ---- reload


@LOOPS
async def test_a_reload_reaches_all(loop: str, tmp_path: Path) -> None:
    async with crew(fixed("one"), tmp_path, number=3, loop=loop) as it:
        before = workers(it)
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        await it.reload(fixed("two"))
        assert [await it.ask(tcp=tcp) for tcp in (False, True) for _ in range(12)] == ["two"] * 24
        writer.write(len(query()).to_bytes(2, "big") + query())
        assert (await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))[
            -3:
        ] == b"two"
        writer.close()
        assert workers(it) == before
        wanted = ["[INFO] SIGUSR1: Reloading", "[INFO] Reloading", "[INFO] Reloading complete"]
        assert [line for line in it.lines if line in wanted] == wanted


@pytest.mark.parametrize(
    "broken",
    [
        ". {\n nonsense\n}\n",
        ". {\n fixed two\n life {tmp}/x raises\n}\n",
        ". {\n fixed two\n}\nother.test:{taken} {\n fixed x\n}\n",
        ". {\n fixed two\n only_in {pid}\n}\n",
    ],
    ids=["unknown", "mistake", "port", "one of them"],
)
async def test_a_reload_that_fails_leaves_every_worker_as_it_is(
    broken: str, tmp_path: Path
) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        broken = broken.replace("{tmp}", str(tmp_path))
        broken = broken.replace("{taken}", str(taken.getsockname()[1]))
        async with crew(fixed("one"), tmp_path) as it:
            before = workers(it)
            broken = broken.replace("{pid}", str(max(before)))
            for times in (1, 2):
                await it.reload(broken)
                failed = [line for line in it.lines if line.startswith("[ERROR] Restart failed")]
                assert len(failed) == times
                asked = [await it.ask(tcp=tcp) for tcp in (False, True) for _ in range(8)]
                assert asked == ["one"] * 16
            assert workers(it) == before
            # A replacement serves what is served, not what the file says.
            os.kill(min(before), signal.SIGKILL)
            await it.line("[INFO] worker ")
            assert [await it.ask() for _ in range(12)] == ["one"] * 12
            await it.reload(fixed("two"))
            assert [await it.ask() for _ in range(12)] == ["two"] * 12


async def test_a_worker_that_dies_while_it_prepares_fails_the_reload(tmp_path: Path) -> None:
    async with crew(fixed("one"), tmp_path) as it:
        before = workers(it)
        await it.reload(fixed("two", f"dies_in {min(before)}"))
        failed = [line for line in it.lines if line.startswith("[ERROR] Restart failed")]
        assert failed[0].endswith("has ended before it was ready")
        await it.line("[INFO] worker ")
        assert [await it.ask() for _ in range(12)] == ["one"] * 12


async def test_the_reload_plugin_looks_once_for_all(tmp_path: Path) -> None:
    async with crew(fixed("one", "reload 2s 0"), tmp_path) as it:
        it.conf.write_text(fixed("two"))
        await it.line("[INFO] Reloading complete")
        assert [await it.ask() for _ in range(12)] == ["two"] * 12
        running = [line for line in it.lines if "Running configuration" in line]
        assert len(running) == 1


async def test_no_query_is_lost_over_reloads(tmp_path: Path) -> None:
    async with crew(fixed(), tmp_path) as it:
        over = asyncio.Event()

        async def ask() -> int:
            count = 0
            while not over.is_set():
                assert await it.ask(tcp=count % 4 == 0) == "yes"
                count += 1
            return count

        async def reloads() -> None:
            for _ in range(5):
                await it.reload()
            over.set()

        counts = await asyncio.gather(ask(), ask(), ask(), reloads())
        assert sum(counts[:3]) > 30


# ---- start and end


async def test_a_start_that_fails_says_so_once(tmp_path: Path) -> None:
    async with crew(fixed("x", f"life {tmp_path}/a fails"), tmp_path, wait=False) as it:
        assert await it.status() == 1
        assert it.errors == ["life: no will to live"]
        assert it.lines == []


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    port = free_port()  # free for TCP, which is bound first
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", port))
        async with program(fixed(), tmp_path, "-workers", "2", port=port, wait=False) as it:
            assert await it.status() == 1
            assert it.errors[0] == f"Listen: listen udp :{port}: bind: address already in use"
            assert it.lines == []


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGQUIT, 0)]
)
async def test_a_start_that_takes_long_can_be_given_up(
    number: signal.Signals, expected: int, tmp_path: Path
) -> None:
    text = f"a.test {{\n life {tmp_path}/a hangs\n fixed a\n}}\nb.test {{\n life {tmp_path}/b\n}}\n"
    async with crew(text, tmp_path, wait=False) as it:
        async with asyncio.timeout(LIMIT):
            while lines(tmp_path / "a") < 2 or lines(tmp_path / "b") < 2:
                await asyncio.sleep(0.02)
        it.signal(number)
        assert await it.status() == expected
        assert (tmp_path / "b").read_text().splitlines() == ["begin", "begin", "end", "end"]


@LOOPS
async def test_sigterm_drains_and_answers_what_is_under_way(loop: str, tmp_path: Path) -> None:
    health = free_port()
    text = (
        f". {{\n health 127.0.0.1:{health} {{\n lameduck 400ms\n }}\n"
        f" life {tmp_path}/life works 300ms\n slow 600ms\n fixed yes\n}}\n"
    )
    pidfile = tmp_path / "pid"
    async with crew(text, tmp_path, "-pidfile", str(pidfile), loop=loop) as it:
        assert int(pidfile.read_text()) == it.process.pid
        asking = [asyncio.ensure_future(it.ask("slow.test", tcp=tcp)) for tcp in (False, True)]
        await asyncio.sleep(0.1)
        it.signal(signal.SIGTERM)
        await it.line("[INFO] plugin/health: Going into lameduck mode for 400ms")
        # While it drains it serves.
        assert [await it.ask("now.test") for _ in range(8)] == ["yes"] * 8
        assert (await fetch(health, "/health")).body == b"OK"
        assert await asyncio.gather(*asking) == ["yes", "yes"]
        assert await it.status() == 0
        assert sorted((tmp_path / "life").read_text().split()) == sorted(
            ["begin", "drain", "end"] * 2
        )
        assert not pidfile.exists()


async def test_sigint_twice_is_the_end_at_once(tmp_path: Path) -> None:
    async with crew(fixed("yes", f"life {tmp_path}/life works 60s"), tmp_path) as it:
        before = workers(it)
        it.signal(signal.SIGINT)
        await it.line("[INFO] SIGINT: Shutting down")
        it.signal(signal.SIGINT)
        assert await it.status() == 2
        assert not any(alive(pid) for pid in before)


async def test_sigquit_is_the_end_at_once(tmp_path: Path) -> None:
    async with crew(fixed("yes", f"life {tmp_path}/life works 60s"), tmp_path) as it:
        before = workers(it)
        it.signal(signal.SIGQUIT)
        assert await it.status() == 0
        assert not any(alive(pid) for pid in before)


async def test_sigterm_during_a_reload_is_the_end(tmp_path: Path) -> None:
    async with crew(fixed("one"), tmp_path) as it:
        it.conf.write_text(fixed("two", f"life {tmp_path}/life hangs"))
        it.signal(signal.SIGUSR1)
        async with asyncio.timeout(LIMIT):
            while not (tmp_path / "life").exists():
                await asyncio.sleep(0.01)
        assert await it.ask() == "one"
        it.signal(signal.SIGTERM)
        assert await it.status() == 0


async def test_a_query_that_is_never_answered_is_told_by_the_status(tmp_path: Path) -> None:
    async with crew(fixed("yes", "slow 60s"), tmp_path) as it:
        asking = asyncio.ensure_future(it.ask("slow.test"))
        await asyncio.sleep(0.1)
        it.signal(signal.SIGTERM)
        assert await it.status() == 3
        asking.cancel()


async def test_the_number_of_processes_waits_for_the_next_start(tmp_path: Path) -> None:
    async with program(fixed("one"), tmp_path) as it:
        await it.reload(fixed("two", "several_processes 3"))
        assert await it.ask() == "two"
        assert not workers(it)
        warning = "[WARNING] multisocket: 3 processes from the next start on; until then 1"
        assert it.lines.count(warning) == 1
