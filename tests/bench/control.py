"""What the control socket and `auractl` cost, beside others: `python -m tests.bench.control [--quick]`.

CPU is the server's alone, all of its threads, divided by requests: next to a bare Trio server that sends every
line back. Start-up is the time to the first byte on a pipe, next to a Python that does nothing. Jobs go through
all five stages (toys in the daemon's process) and a durable journal, next to huey on SQLite doing as many tasks.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
PING = b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}\n'
AURACTL = Path(sys.executable).with_name("auractl")
LISTED = 1000  # jobs that `auractl ls` finds


class Server(NamedTuple):
    """A process that listens at `path`."""

    process: subprocess.Popen[bytes]
    path: Path

    @property
    def cpu(self) -> float:
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(PATIENCE)
        sock.connect(str(self.path))
        return sock


@contextmanager
def open_server(name: str, *arguments: str) -> Iterator[Server]:
    """Its folder is on the disk of this project: what is called durable is."""
    with tempfile.TemporaryDirectory(prefix="aurad-", dir=ROOT / "build") as folder:
        path = Path(tempfile.mkdtemp(prefix="aurad-")) / "s"
        argv = [sys.executable, "-m", "tests.bench.peers", name, str(path), folder, *arguments]
        process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE)
        try:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            yield Server(process, path)
        finally:
            process.kill()
            process.communicate()
            path.unlink(missing_ok=True)
            path.parent.rmdir()


# ---------------------------------------------------------------- requests


def exchange(socks: Sequence[socket.socket], turns: int, pipelined: int) -> None:
    """On each of them `turns` times `pipelined` pings at once; the next ones follow the last answer."""
    left, waiting = dict.fromkeys(socks, turns), dict.fromkeys(socks, pipelined)
    with selectors.DefaultSelector() as selector:
        for sock in socks:
            selector.register(sock, selectors.EVENT_READ)
            sock.sendall(PING * pipelined)
        while left:
            for key, _ in selector.select(PATIENCE):
                sock: Any = key.fileobj
                waiting[sock] -= sock.recv(1 << 18).count(b"\n")
                if waiting[sock]:
                    continue
                left[sock] -= 1
                if left[sock]:
                    waiting[sock] = pipelined
                    sock.sendall(PING * pipelined)
                else:
                    selector.unregister(sock)
                    del left[sock]


def cost(name: str, connections: int, pipelined: int, turns: int, rounds: int) -> float:
    """Microseconds of CPU for one request; the median of some rounds."""
    with open_server(name) as server:
        socks = [server.connect() for _ in range(connections)]
        exchange(socks, turns // 4, pipelined)
        found = []
        for _ in range(rounds):
            before = server.cpu
            exchange(socks, turns, pipelined)
            found.append(server.cpu - before)
        for sock in socks:
            sock.close()
    return statistics.median(found) / (connections * turns * pipelined) * 1e6


def lone(name: str, number: int) -> float:
    """Milliseconds of one call when there is no other, the median."""
    times = []
    with open_server(name) as server, server.connect() as sock:
        for _ in range(number):
            began = time.perf_counter()
            sock.sendall(PING)
            assert sock.recv(65536).endswith(b"\n")
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


# ---------------------------------------------------------------- auractl


def first_output(argv: Sequence[str | Path], environ: dict[str, str], rounds: int) -> float:
    """Milliseconds from the start of a command to its first byte, or to its end if it says nothing; the median."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        with subprocess.Popen(argv, env=os.environ | environ, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.read(1)
            times.append(time.perf_counter() - began)
            process.stdout.read()
        assert process.returncode == 0, argv
    return statistics.median(times) * 1e3


def tell_starts(rounds: int) -> None:
    with open_server("aurad", str(LISTED)) as server:
        nothing = first_output([sys.executable, "-c", "pass"], {}, rounds)
        for name, argv in (("--help", ["--help"]), (f"ls, {LISTED} jobs", ["ls", "-n", "50"])):
            took = first_output([AURACTL, *argv], {"AURAD_SOCKET": str(server.path)}, rounds)
            print(
                f"auractl {name}: {took:.0f} ms, {took / nothing:.1f} x python -c pass ({nothing:.0f} ms)", flush=True
            )


# ---------------------------------------------------------------- jobs


def jobs_a_second(name: str, clients: int, number: int) -> float:
    """Jobs accepted and finished a second: each client waits for its job and submits the next."""
    counter = itertools.count()
    with open_server(name) as server:
        socks = [server.connect() for _ in range(clients)]
        _submit_all(socks, counter, clients)
        began = time.perf_counter()
        _submit_all(socks, counter, number)
        took = time.perf_counter() - began
        for sock in socks:
            sock.close()
    return number / took


def _submit_all(socks: Sequence[socket.socket], counter: Iterator[int], number: int) -> None:
    left, finished = number, 0
    with selectors.DefaultSelector() as selector:
        for sock in socks[:number]:
            selector.register(sock, selectors.EVENT_READ)
            _call(sock, "jobs.submit", {"brief": {"source": "One sentence."}, "labels": {"n": str(next(counter))}})
            left -= 1
        while finished < number:
            for key, _ in selector.select(PATIENCE):
                answer = _hear(key.fileobj)
                if "status" not in answer:
                    _call(key.fileobj, "jobs.wait", {"jobId": answer["jobId"]})
                    continue
                assert answer["status"] == "Succeeded", answer
                finished += 1
                if left > 0:
                    left -= 1
                    labels = {"n": str(next(counter))}
                    _call(key.fileobj, "jobs.submit", {"brief": {"source": "One sentence."}, "labels": labels})


def _call(sock: Any, method: str, params: dict[str, Any]) -> None:
    sock.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")


def _hear(sock: Any) -> dict[str, Any]:
    data = b""
    while not data.endswith(b"\n"):
        piece = sock.recv(1 << 18)
        assert piece, "hung up"
        data += piece
    return dict(json.loads(data)["result"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests and rounds")
    parser.add_argument("parts", nargs="*", default=[], help="requests, lone, starts, jobs; all of them by default")
    options = parser.parse_args()
    (ROOT / "build").mkdir(exist_ok=True)
    shares = 4 if options.quick else 1
    parts: dict[str, Callable[[], None]] = {
        "requests": lambda: tell_requests(800 // shares, 3),
        "lone": lambda: tell_lone(5000 // shares),
        "starts": lambda: tell_starts(20 // shares),
        "jobs": lambda: tell_jobs(5000 // shares),
    }
    for part in options.parts or parts:
        parts[part]()


def tell_requests(turns: int, rounds: int) -> None:
    for connections, pipelined in ((50, 1), (50, 32)):
        mine, bare = (cost(name, connections, pipelined, turns // pipelined, rounds) for name in ("aurad", "echo"))
        print(
            f"CPU of a request, {connections} connections, {pipelined} under way on each: {mine:.1f} us,"
            f" {mine / bare:.2f} x an echo's ({bare:.1f} us)",
            flush=True,
        )


def tell_lone(number: int) -> None:
    mine, bare = lone("aurad", number), lone("echo", number)
    print(f"a lone call: p50 {mine:.3f} ms, {mine / bare:.2f} x an echo's ({bare:.3f} ms)", flush=True)


def tell_jobs(number: int) -> None:
    mine, huey = jobs_a_second("aurad", 50, number), jobs_a_second("huey", 50, number)
    print(f"50 clients: {mine:.0f} jobs/s, {mine / huey:.2f} x huey on SQLite ({huey:.0f} jobs/s)", flush=True)


if __name__ == "__main__":
    main()
