"""CPU per query of corepy and other servers, side by side on the same questions (see README.md)."""

from __future__ import annotations

import argparse
import os
import random
import re
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
from dataclasses import dataclass
from pathlib import Path

NAMES = 1000
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Workload:
    """A Corefile and the questions it is asked."""

    name: str
    corefile: str
    questions: str = "hosts"


FULL_CHAIN = (
    "example.org:{port} {{\n errors\n log\n prometheus 127.0.0.1:{web}\n cache\n loadbalance\n"
    " file {zone}\n}}\n"
)
TEMPLATE = (
    ".:{port} {{\n template IN A example.org {{\n"
    '  match "^(?P<host>[a-z0-9]+)[.]example[.]org[.]$"\n'
    '  answer "{{{{ .Name }}}} 60 IN A 10.0.0.1"\n }}\n}}\n'
)
WORKLOADS = (
    Workload("whoami", ".:{port} {{\n whoami\n}}\n"),
    Workload("hosts", ".:{port} {{\n hosts {hosts} {{\n  no_reverse\n }}\n}}\n"),
    Workload("hosts-miss", ".:{port} {{\n hosts {hosts}\n}}\n", "random"),
    Workload("cache-forward", ".:{port} {{\n cache\n forward . 127.0.0.1:{upstream}\n}}\n"),
    Workload("forward", ".:{port} {{\n forward . 127.0.0.1:{upstream}\n}}\n"),
    Workload(
        "cache-forward-miss",
        ".:{port} {{\n errors\n cache\n forward . 127.0.0.1:{upstream}\n}}\n",
        "random",
    ),
    Workload(
        "observed",
        ".:{port} {{\n errors\n log\n prometheus 127.0.0.1:{web}\n cache\n loadbalance\n"
        " forward . 127.0.0.1:{upstream}\n}}\n",
    ),
    Workload(
        "kubeadm",
        ".:{port} {{\n errors\n health 127.0.0.1:{web2}\n ready 127.0.0.1:{web3}\n"
        " prometheus 127.0.0.1:{web}\n hosts {hosts} {{\n  fallthrough\n }}\n"
        " forward . 127.0.0.1:{upstream}\n cache 30\n reload\n loadbalance\n}}\n",
        "mixed",
    ),
    Workload("file", "example.org:{port} {{\n file {zone}\n}}\n"),
    Workload("file-nxdomain", "example.org:{port} {{\n file {zone}\n}}\n", "random"),
    Workload("full-chain", FULL_CHAIN),
    Workload("full-chain-nxdomain", FULL_CHAIN, "random"),
    Workload("template", TEMPLATE),
    Workload("template-random", TEMPLATE, "random"),
    Workload(
        "rewrite-acl",
        ".:{port} {{\n acl {{\n  allow net 127.0.0.0/8\n  block\n }}\n"
        " rewrite name regex (host[0-9]+)\\.example\\.org {{1}}.example.net answer auto\n"
        " file {zone} example.net\n}}\n",
    ),
)


def free_port() -> int:
    """A port that is free for UDP and TCP, below the range that clients use."""
    while True:
        port = random.randrange(20000, 32000)
        try:
            with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port


def lay_out(folder: Path) -> None:
    """Zone and hosts files, and three lists of questions."""
    rows = [(f"host{i}.example.org", f"10.0.{i // 256}.{i % 256}") for i in range(1, NAMES + 1)]
    (folder / "hosts").write_text("".join(f"{address} {name}\n" for name, address in rows))
    zone = "@ 3600 SOA ns hostmaster 1 7200 1800 86400 30\n@ 3600 NS ns\nns 3600 A 10.0.0.1\n"
    zone += "".join(f"{name.partition('.')[0]} 3600 A {address}\n" for name, address in rows)
    (folder / "zone").write_text(zone)  # no origin: good for any zone
    pick = random.Random(1)  # the same questions in each run
    known = [f"{name} A" for name, _ in rows]
    pick.shuffle(known)
    unknown = [f"x{pick.getrandbits(40):x}.example.org A" for _ in range(200_000)]
    mixed = [
        pick.choice(known) if pick.random() < 0.8 else pick.choice(unknown[:2000])
        for _ in range(20_000)
    ]
    for name, lines in (("hosts", known), ("random", unknown), ("mixed", mixed)):
        (folder / f"{name}.questions").write_text("\n".join(lines) + "\n")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, in seconds."""
    total = 0.0
    for entry in (pid, *children(pid)):
        fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []


@contextmanager
def server(command: list[str], port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; yields once something listens on its UDP port."""
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 15
        pattern = re.compile(rf":{port:04X} [0-9A-F]+:0000 ")
        while not any(
            pattern.search(Path(f"/proc/net/{table}").read_text()) for table in ("udp", "udp6")
        ):
            if process.poll() is not None or time.monotonic() > deadline:
                text = (folder / "output").read_text(errors="replace")[-2000:]
                raise SystemExit(f"{shlex.join(command)} does not serve:\n{text}")
            time.sleep(0.02)
        time.sleep(0.3)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Result:
    """What one server did under one workload."""

    cpu: float
    """Microseconds per query."""
    rate: float
    """Queries per second."""
    lost: int
    memory: float
    """Resident, MiB."""


def measure(command: list[str], port: int, questions: Path, folder: Path, seconds: int) -> Result:
    """Start a server, warm it up for a moment, load it, stop it."""
    with server(command, port, folder) as process:
        load(port, questions, 1)
        before = cpu_seconds(process.pid)
        completed, lost, rate = load(port, questions, seconds)
        used = cpu_seconds(process.pid) - before
        status = Path(f"/proc/{process.pid}/status").read_text()
        resident = re.search(r"VmRSS:\s+(\d+)", status)
        memory = int(resident[1]) / 1024 if resident else 0.0
    return Result(used * 1e6 / max(completed, 1), rate, lost, memory)


def load(port: int, questions: Path, seconds: int) -> tuple[int, int, float]:
    """Completed and lost queries, and queries per second."""
    command = f"dnsperf -s 127.0.0.1 -p {port} -d {questions} -l {seconds} -c 4 -T 1 -q 100"
    text = subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout

    def find(label: str) -> float:
        match = re.search(rf"{label}:\s+([\d.]+)", text)
        return float(match[1]) if match else 0.0

    return int(find("Queries completed")), int(find("Queries lost")), find("Queries per second")


def knot(folder: Path, port: int) -> list[str]:
    """The command of an authoritative knotd that serves example.org."""
    (folder / "knot.conf").write_text(
        f"server:\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  tcp-workers: 1\n"
        f"  rundir: {folder}\n  pidfile: {folder}/knot.pid\n"
        f"database:\n  storage: {folder}\n"
        f"zone:\n  - domain: example.org\n    file: {folder}/zone\n"
    )
    return ["knotd", "-c", str(folder / "knot.conf")]


def main() -> int:
    """Measure and print a table."""
    options = arguments()
    for program in ("dnsperf", "knotd"):
        if shutil.which(program) is None:
            print(f"{program} is not installed", file=sys.stderr)
            return 2
    folder = Path(tempfile.mkdtemp(prefix="corepy-bench-"))
    try:
        lay_out(folder)
        run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def run(options: argparse.Namespace, folder: Path) -> None:
    """All servers under all workloads; one line each."""
    port = free_port()
    limit = measure(knot(folder, port), port, folder / "hosts.questions", folder, options.seconds)
    titles = f"{'CPU us/query':>13}{'queries/s':>11}{'lost':>6}{'MiB':>6}"
    print(f"{'workload':<20}{'server':<12}{titles}")
    show("file", "knotd", limit, None)
    servers = {"corepy": shlex.split(options.corepy)}
    if options.coredns:
        servers["coredns"] = [str(Path(options.coredns).resolve())]
    prototypes = dict(item.split("=", 1) for item in options.prototype)
    upstream = free_port()
    upstream_folder = folder / "upstream"
    upstream_folder.mkdir()
    shutil.copy(folder / "zone", upstream_folder)
    with server(knot(upstream_folder, upstream), upstream, upstream_folder):
        for workload in WORKLOADS:
            if options.only and workload.name not in options.only.split(","):
                continue
            base: Result | None = None
            for name, command in servers.items():
                port = free_port()
                text = workload.corefile.format(
                    port=port, upstream=upstream, hosts=folder / "hosts",
                    zone=folder / "zone",
                    web=free_port(), web2=free_port(), web3=free_port(),
                )  # fmt: skip
                (folder / "Corefile").write_text(text)
                full = [*command, "-conf", "Corefile", "-quiet"]
                questions = folder / f"{workload.questions}.questions"
                result = measure(full, port, questions, folder, options.seconds)
                show(workload.name, name, result, base)
                base = base or result
            if workload.name in prototypes:
                port = free_port()
                filled = prototypes[workload.name].format(port=port, upstream=upstream)
                questions = folder / f"{workload.questions}.questions"
                result = measure(shlex.split(filled), port, questions, folder, options.seconds)
                show(workload.name, "prototype", result, base)


def show(workload: str, name: str, result: Result, base: Result | None) -> None:
    """One line; the ratio is corepy's CPU by this server's."""
    ratio = f"   corepy/{name} {base.cpu / result.cpu:.2f}" if base and result.cpu else ""
    print(
        f"{workload:<20}{name:<12}{result.cpu:>13.1f}{result.rate:>11.0f}"
        f"{result.lost:>6}{result.memory:>6.0f}{ratio}",
        flush=True,
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corepy", default=f"{sys.executable} -m corepy", help="its command")
    parser.add_argument("--coredns", help="path of a CoreDNS binary to measure too")
    parser.add_argument("--prototype", action="append", default=[], metavar="WORKLOAD=COMMAND")
    parser.add_argument("--only", help="workloads, separated by commas")
    parser.add_argument("--seconds", type=int, default=4, help="of load per measurement")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
