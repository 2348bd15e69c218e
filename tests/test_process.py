"""The program as its operator sees it: start, signals, reload, the end."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import pytest

from corepy.testing import free_port
from tests.support.program import LIMIT, PLUGINS, Program, output_of, program, start
from tests.support.queries import query

LOOPS = pytest.mark.parametrize("loop", ["asyncio", ""], ids=["asyncio", "default loop"])


def fixed(text: str = "yes", zone: str = ".") -> str:
    return f"{zone} {{\n fixed {text}\n}}\n"


def descriptors(it: Program) -> int:
    return sum(1 for _ in Path(f"/proc/{it.process.pid}/fd").iterdir())


# ---- start


@LOOPS
async def test_it_serves_and_says_so(loop: str, tmp_path: Path) -> None:
    async with program(fixed() + fixed("b", "b.test"), tmp_path, loop=loop) as it:
        assert [await it.ask(tcp=tcp) for tcp in (False, True)] == ["yes", "yes"]
        assert await it.ask("x.b.test") == "b"
        assert it.lines[:2] == [f".:{it.port}", f"b.test.:{it.port}"]
        assert it.lines[2].startswith("corepy-")
        assert len(it.lines) == 4


async def test_quiet(tmp_path: Path) -> None:
    async with program(fixed(), tmp_path, "-quiet", wait=False) as it:
        async with asyncio.timeout(LIMIT):
            while True:
                try:
                    assert await it.ask(tcp=True) == "yes"
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        assert it.lines == []


async def test_the_pid_file_is_there_while_it_runs(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    async with program(fixed(), tmp_path, "-pidfile", str(pidfile)) as it:
        await it.ask()
        assert pidfile.read_text() == f"{it.process.pid}\n"
        it.signal(signal.SIGTERM)
        assert await it.status() == 0
        assert not pidfile.exists()


async def test_a_pid_file_that_cannot_be_written(tmp_path: Path) -> None:
    async with program(fixed(), tmp_path, "-pidfile", "/nowhere/pid", wait=False) as it:
        assert await it.status() == 1
        assert it.errors[0].startswith("could not write pid file: ")


async def test_the_configuration_may_come_by_standard_input() -> None:
    port = free_port()
    args = ["-conf", "stdin", "-p", str(port), "-plugin-path", str(PLUGINS)]
    process = await start(args)
    assert process.stdin is not None
    process.stdin.write(fixed().encode())
    process.stdin.close()
    it = Program(process, port, Path("stdin"))
    try:
        await it.line("corepy-")
        assert await it.ask() == "yes"
        # It can be read once only: a reload keeps what it said.
        await it.reload()
        assert await it.ask() == "yes"
    finally:
        await it.kill()


async def test_a_missing_file(tmp_path: Path) -> None:
    status, out, err = await output_of("-conf", "missing", cwd=tmp_path)
    assert (status, out) == (1, "")
    assert err == "loading Caddyfile via flag: open missing: no such file or directory\n"


async def test_mistakes_are_all_told_with_their_places(tmp_path: Path) -> None:
    async with program(
        "a.test {\n fixd x\n}\nb.test {\n slow often\n}\n", tmp_path, wait=False
    ) as it:
        assert await it.status() == 1
        text = "\n".join(it.errors)
        assert "fixd" in text
        assert it.lines == []


@pytest.mark.parametrize(
    ("args", "status", "err"),
    [
        (("-nope",), 2, "flag provided but not defined: -nope"),
        (("a", "b"), 1, "extra command line arguments: [a b]"),
        (("-p", "x"), 1, 'invalid port "x": -dns.port wants a number from 0 to 65535'),
    ],
)
async def test_command_lines_that_are_refused(args: tuple[str, ...], status: int, err: str) -> None:
    found = await output_of(*args)
    assert (found[0], found[1]) == (status, "")
    assert found[2].splitlines()[0] == err


async def test_version_and_plugins() -> None:
    status, out, err = await output_of("-version")
    assert (status, err) == (0, "")
    assert out.startswith("corepy-")
    status, out, err = await output_of("-plugins")
    assert (status, err) == (0, "")
    assert len(out.splitlines()) > 50


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_port_that_is_taken(kind: socket.SocketKind, tmp_path: Path) -> None:
    port = free_port()  # free but for this one: the other kind is not the first to be refused
    with socket.socket(type=kind) as taken:
        taken.bind(("0.0.0.0", port))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        async with program(fixed(), tmp_path, port=port, wait=False) as it:
            assert await it.status() == 1
            name = "udp" if kind == socket.SOCK_DGRAM else "tcp"
            assert it.errors[0] == f"Listen: listen {name} :{port}: bind: address already in use"
            assert it.errors[1].endswith("Corefile:1:1")
            assert it.errors[-1].startswith("  hint: another program listens there")
            assert it.lines == []


async def test_a_lifespan_that_fails_fails_the_start_and_ends_the_others(tmp_path: Path) -> None:
    text = f"a.test {{\n life {tmp_path}/a\n fixed a\n}}\nb.test {{\n life {tmp_path}/b fails\n}}\n"
    async with program(text, tmp_path, wait=False) as it:
        assert await it.status() == 1
        assert it.errors == ["life: no will to live"]
        assert (tmp_path / "a").read_text() == "begin\nend\n"


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGQUIT, 0)]
)
async def test_a_start_that_takes_long_can_be_given_up(
    number: signal.Signals, expected: int, tmp_path: Path
) -> None:
    text = f"a.test {{\n life {tmp_path}/a hangs\n fixed a\n}}\nb.test {{\n life {tmp_path}/b\n}}\n"
    async with program(text, tmp_path, wait=False) as it:
        async with asyncio.timeout(LIMIT):
            while not (tmp_path / "b").exists() or not (tmp_path / "a").exists():
                await asyncio.sleep(0.02)
        it.signal(number)
        assert await it.status() == expected
        assert (tmp_path / "b").read_text() == "begin\nend\n"


# ---- the end


@LOOPS
async def test_sigterm_drains_and_answers_what_is_under_way(loop: str, tmp_path: Path) -> None:
    text = f". {{\n life {tmp_path}/life works 300ms\n slow 500ms\n fixed yes\n}}\n"
    async with program(text, tmp_path, loop=loop) as it:
        asking = asyncio.ensure_future(it.ask("slow.test"))
        await asyncio.sleep(0.1)
        it.signal(signal.SIGTERM)
        await it.line("[INFO] SIGTERM: Shutting down servers then terminating")
        # While it drains it serves.
        assert await it.ask("now.test") == "yes"
        assert await asking == "yes"
        assert await it.status() == 0
        assert (tmp_path / "life").read_text() == "begin\ndrain\nend\n"


async def test_sigint_once_is_the_end_and_twice_is_the_end_at_once(tmp_path: Path) -> None:
    text = f". {{\n life {tmp_path}/life works TIME\n fixed yes\n}}\n"
    async with program(text.replace("TIME", "10ms"), tmp_path) as it:
        await it.ask()
        it.signal(signal.SIGINT)
        assert await it.status() == 0
        assert "[INFO] SIGINT: Shutting down" in it.lines
    async with program(text.replace("TIME", "60s"), tmp_path) as it:
        await it.ask()
        it.signal(signal.SIGINT)
        await it.line("[INFO] SIGINT: Shutting down")
        it.signal(signal.SIGINT)
        assert await it.status() == 2


async def test_sigquit_is_the_end_at_once(tmp_path: Path) -> None:
    async with program(f". {{\n life {tmp_path}/life works 60s\n fixed yes\n}}\n", tmp_path) as it:
        await it.ask()
        it.signal(signal.SIGQUIT)
        assert await it.status() == 0
        assert it.lines[-1] == "[INFO] SIGQUIT: Quitting process immediately"


async def test_other_signals_are_ignored(tmp_path: Path) -> None:
    async with program(fixed(), tmp_path) as it:
        for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR2):
            it.signal(number)
        assert await it.ask() == "yes"


async def test_lines_that_nobody_reads_do_not_stop_it(tmp_path: Path) -> None:
    async with program(fixed(), tmp_path) as it:
        for reader in it._readers:
            reader.cancel()
        assert it.process.stdout is not None
        it.process.stdout._transport.close()  # type: ignore[attr-defined]
        for _ in range(3):
            it.signal(signal.SIGUSR1)
            await asyncio.sleep(0.2)
        assert await it.ask() == "yes"
        it._readers.clear()


# ---- reload


@LOOPS
async def test_a_reload_brings_the_new_configuration(loop: str, tmp_path: Path) -> None:
    async with program(fixed("one") + fixed("old", "old.test"), tmp_path, loop=loop) as it:
        assert await it.ask() == "one"
        await it.reload(fixed("two") + fixed("new", "new.test"))
        assert [await it.ask(tcp=tcp) for tcp in (False, True)] == ["two", "two"]
        assert await it.ask("x.new.test") == "new"
        assert await it.ask("x.old.test") == "two"
        wanted = ["[INFO] SIGUSR1: Reloading", "[INFO] Reloading", "[INFO] Reloading complete"]
        assert [line for line in it.lines if line in wanted] == wanted
        assert it.lines[-1] == wanted[-1]  # the banner is for the start only


async def test_lifespans_overlap_and_the_old_one_ends(tmp_path: Path) -> None:
    text = ". {{\n life {0}/{1}\n fixed {1}\n}}\n"
    async with program(text.format(tmp_path, "one"), tmp_path) as it:
        await it.reload(text.format(tmp_path, "two"))
        assert (tmp_path / "one").read_text() == "begin\nend\n"
        assert (tmp_path / "two").read_text() == "begin\n"


@pytest.mark.parametrize(
    "broken",
    [
        ". {\n nonsense\n}\n",
        ". {\n fixed\n}\n",
        ". {\n life {tmp}/x fails\n fixed two\n}\n",
        ". {\n life {tmp}/x raises\n fixed two\n}\n",
        ". {\n fixed two\n}\nother.test:{taken} {\n fixed x\n}\n",
        ". {",
    ],
    ids=["unknown", "setup", "lifespan", "mistake", "port", "syntax"],
)
async def test_a_reload_that_fails_leaves_everything_as_it_is(broken: str, tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        broken = broken.replace("{tmp}", str(tmp_path)).replace("{taken}", str(port))
        async with program(fixed("one"), tmp_path) as it:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
            before = descriptors(it)
            for times in (1, 2, 3):
                await it.reload(broken)
                failed = [line for line in it.lines if line.startswith("[ERROR] Restart failed")]
                assert len(failed) == times
                assert [await it.ask(tcp=tcp) for tcp in (False, True)] == ["one", "one"]
            await asyncio.sleep(0.1)
            assert descriptors(it) <= before + 2
            writer.write(len(query()).to_bytes(2, "big") + query())
            assert await reader.readexactly(2)
            writer.close()
            await it.reload(fixed("two"))
            assert await it.ask() == "two"


@LOOPS
async def test_no_query_is_lost_over_twenty_reloads(loop: str, tmp_path: Path) -> None:
    async with program(fixed("yes"), tmp_path, loop=loop) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        asked: set[int] = set()
        answered: set[int] = set()
        over = asyncio.Event()

        async def udp() -> None:
            """A steady stream, some of them under way at any moment."""
            loop = asyncio.get_running_loop()
            with socket.socket(type=socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.connect(("127.0.0.1", it.port))

                def receive() -> None:
                    try:
                        while True:
                            answered.add(int.from_bytes(sock.recv(512)[:2], "big"))
                    except BlockingIOError:
                        return

                loop.add_reader(sock, receive)
                while not over.is_set() and len(asked) < 60000:
                    for _ in range(4):
                        asked.add(len(asked))
                        sock.send(query(f"n{len(asked)}.test", ident=len(asked) - 1))
                    await asyncio.sleep(0.001)
                async with asyncio.timeout(5):
                    while len(answered) < len(asked):
                        await asyncio.sleep(0.01)
                loop.remove_reader(sock)

        async def tcp() -> int:
            count = 0
            while not over.is_set():
                writer.write(len(query()).to_bytes(2, "big") + query())
                size = int.from_bytes(await reader.readexactly(2), "big")
                assert (await reader.readexactly(size)).endswith(b"\3yes")
                count += 1
                await asyncio.sleep(0.002)
            return count

        async def reloads() -> None:
            for _ in range(20):
                await it.reload()
            over.set()

        _, count, _ = await asyncio.gather(udp(), tcp(), reloads())
        writer.close()
        assert answered == asked
        assert len(asked) > 100
        assert count > 10
        assert sum(line == "[INFO] Reloading complete" for line in it.lines) == 20


async def test_a_query_under_way_is_answered_by_the_instance_that_has_it(tmp_path: Path) -> None:
    text = ". {{\n slow 400ms\n fixed {}\n}}\n"
    async with program(text.format("one"), tmp_path) as it:
        asking = [asyncio.ensure_future(it.ask("slow.test", tcp=tcp)) for tcp in (False, True)]
        await asyncio.sleep(0.15)
        await it.reload(text.format("two"))
        assert await asyncio.gather(*asking) == ["one", "one"]
        assert await it.ask("now.test") == "two"


async def test_sigterm_during_a_reload_is_the_end(tmp_path: Path) -> None:
    text = f". {{\n life {tmp_path}/life hangs\n fixed two\n}}\n"
    async with program(fixed("one"), tmp_path) as it:
        it.conf.write_text(text)
        it.signal(signal.SIGUSR1)
        async with asyncio.timeout(LIMIT):
            while not (tmp_path / "life").exists():
                await asyncio.sleep(0.01)
        assert await it.ask() == "one"
        it.signal(signal.SIGTERM)
        assert await it.status() == 0


async def test_a_reload_without_a_file_fails(tmp_path: Path) -> None:
    async with program(fixed(), tmp_path) as it:
        it.conf.unlink()
        it.signal(signal.SIGUSR1)
        reason = f"open {it.conf}: no such file or directory"
        await it.line(f"[ERROR] SIGUSR1: loading updated Caddyfile: {reason}")
        assert "[INFO] Reloading" not in it.lines
        assert await it.ask() == "yes"


@LOOPS
async def test_more_connections_than_descriptors(loop: str, tmp_path: Path) -> None:
    async with program(fixed(), tmp_path, loop=loop, descriptors=64) as it:
        clients = [socket.create_connection(("127.0.0.1", it.port)) for _ in range(150)]
        await asyncio.sleep(0.1)
        for _ in range(5):
            assert await it.ask() == "yes"
        for client in clients:
            client.close()
        async with asyncio.timeout(LIMIT):
            # uvloop turns clients away until it has noticed that the others are gone.
            while True:
                try:
                    assert await it.ask(tcp=True) == "yes"
                except ConnectionError:
                    await asyncio.sleep(0.05)
                else:
                    break
        assert await it.ask() == "yes"


async def test_descriptors_and_connections_do_not_pile_up(tmp_path: Path) -> None:
    async with program(fixed(), tmp_path) as it:
        await it.reload()
        before = descriptors(it)
        for _ in range(10):
            await it.ask(tcp=True)
            await it.reload()
        async with asyncio.timeout(LIMIT):
            while descriptors(it) > before:
                await asyncio.sleep(0.02)
