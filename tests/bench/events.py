"""What an event costs until N readers have it, beside others: `python -m tests.bench.events [--quick]`.

CPU is the server's alone, all of its threads, divided by events times readers. Every reader gets every byte.
A whole run tells the figures of `tests.bench.commits` too.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import trio

from tests.bench import commits

ROOT = Path(__file__).parents[2]
SERVERS = ("aurad", "trio", "sse-starlette", "c")
BURST = 32
PATIENCE = 120.0
TIMED = re.compile(rb"(\d{9,})@")


class Run(NamedTuple):
    cpu: float  # seconds
    delays: list[float]  # seconds from publishing to having it


class Readers:
    """N connections, read as fast as they come."""

    def __init__(self, port: int, path: str, header: str, number: int, stalled: int = 0) -> None:
        self._poll = select.epoll()
        self._sockets = []
        for n in range(number):
            sock = socket.socket()
            if n < stalled:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", port))
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n\r\n".encode())
            head = sock.recv(65536)
            assert b" 200 " in head, head
            sock.setblocking(False)
            self._sockets.append(sock)
            if n >= stalled:
                self._poll.register(sock, select.EPOLLIN)
        self.number = number - stalled

    def drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for fd, _ in self._poll.poll(left):
                os.read(fd, 1 << 16)

    def read_until(self, mark: bytes, *, timed: bool) -> list[float]:
        """Until every one of them has seen the mark. What came is looked at when all of it is there.

        One process stands for many machines: what it does between two receptions delays those that wait behind.
        """
        waiting, tails = self.number, dict[int, bytes]()
        came: list[tuple[bytes, int]] = []
        end = time.monotonic() + PATIENCE
        while waiting:
            assert time.monotonic() < end, f"{waiting} readers have not got all of it"
            for fd, _ in self._poll.poll(1):
                data = os.read(fd, 1 << 16)
                if timed:
                    came.append((data, time.monotonic_ns()))
                assert data, "hung up"
                data = tails.get(fd, b"") + data
                tails[fd] = data[-64:]
                if mark in data:
                    tails[fd] = b""
                    waiting -= 1
        return [(now - int(at)) / 1e9 for data, now in came for at in TIMED.findall(data)]

    def close(self) -> None:
        self._poll.close()
        for sock in self._sockets:
            sock.close()


class Server:
    """One of them, as a process."""

    def __init__(self, name: str, number: int, folder: Path) -> None:
        self.process = subprocess.Popen(
            _argv(name, number, folder), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._marks = 0
        assert self.process.stdout
        line = b""
        while not (found := re.match(r"(\d+)(?: (/\S*) (.*))?$", line.decode())):
            line = self.process.stdout.readline().strip()
        self.port, self.path, self.header = int(found[1]), found[2] or "/", found[3] or "X: y"

    def publish(self, readers: Readers, bursts: int, size: int, pause: float, *, timed: bool = False) -> Run:
        self._marks += 1
        mark = f"M{self._marks}"
        assert self.process.stdin
        assert self.process.stdout
        before = self.cpu
        self.process.stdin.write(f"{bursts} {size} {int(pause * 1e6)} {mark}\n".encode())
        delays = readers.read_until(f"{mark}|".encode(), timed=timed)
        run = Run(self.cpu - before, delays)
        while self.process.stdout.readline().strip() != b"d":
            continue
        return run

    @property
    def cpu(self) -> float:
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    @property
    def resident(self) -> int:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found
        return int(found[1]) << 10


@contextmanager
def open_server(name: str, number: int) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="aurad-") as folder:
        server = Server(name, number, Path(folder))
        try:
            yield server
        finally:
            server.process.kill()
            server.process.communicate()


def _argv(name: str, number: int, folder: Path) -> Sequence[str]:
    if name != "c":
        return [sys.executable, "-m", "tests.bench.rivals", name, str(number)]
    program = folder / "send_loop"
    subprocess.run(["gcc", "-O2", "-o", program, ROOT / "tests/bench/send_loop.c"], check=True)
    return [str(program), str(number)]


def cost(name: str, number: int, size: int, bursts: int, pause: float, rounds: int) -> float:
    """Microseconds of CPU for one event at one reader; the median of some rounds."""
    with open_server(name, number) as server:
        readers = Readers(server.port, server.path, server.header, number)
        readers.drain(0.5)
        server.publish(readers, max(bursts // 4, 1), size, pause)
        found = [server.publish(readers, bursts, size, pause).cpu for _ in range(rounds)]
        readers.close()
    return statistics.median(found) / (bursts * size * number) * 1e6


def delays(number: int, stalled: int, seconds: float) -> tuple[float, float, float]:
    """p50 and p99 in milliseconds at 50 events a second, and the growth of the server in MB."""
    with open_server("aurad", number) as server:
        readers = Readers(server.port, server.path, server.header, number, stalled)
        readers.drain(0.5)
        server.publish(readers, 50, 1, 0.02)
        before = server.resident
        found = sorted(server.publish(readers, int(seconds * 50), 1, 0.02, timed=True).delays)
        grown = (server.resident - before) / 1e6
        readers.close()
    return found[len(found) // 2] * 1e3, found[len(found) * 99 // 100] * 1e3, grown


def memory(number: int) -> float:
    """Kilobytes of the server for one more reader."""
    with open_server("aurad", number) as server:
        few = Readers(server.port, server.path, server.header, 20)
        few.drain(0.5)
        server.publish(few, 20, BURST, 0.01)
        before = server.resident
        more = Readers(server.port, server.path, server.header, number)
        more.drain(1)
        grown = server.resident - before
        few.close()
        more.close()
    return grown / number / 1e3


def fdatasync(folder: Path) -> float:
    """Milliseconds of one, the median."""
    times = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer readers and rounds")
    quick = parser.parse_args().quick
    servers = [name for name in SERVERS if name != "c" or shutil.which("gcc")]
    for what, size, plan in (
        (f"in bursts of {BURST}", BURST, {1: (200, 0.002), 100: (30, 0.02), 1000: (10, 0.2)}),
        ("one at a time", 1, {1: (500, 0.002), 100: (100, 0.015), 1000: (15, 0.2)}),
    ):
        for number, (bursts, pause) in plan.items():
            if quick and number > 100:
                continue
            row = [f"{name} {cost(name, number, size, bursts, pause, 1 if quick else 3):.2f}" for name in servers]
            print(f"CPU, us an event and reader, {what}, N={number}: " + ", ".join(row), flush=True)
    with tempfile.TemporaryDirectory(prefix="aurad-", dir=ROOT) as folder:
        print(f"fdatasync: {fdatasync(Path(folder)):.2f} ms", flush=True)
        if not quick:
            trio.run(commits.main, folder)
    for stalled in (0, 20):
        p50, p99, grown = delays(100, stalled, 4 if quick else 10)
        told = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, {grown:+.1f} MB"
        print(f"100 readers, {stalled} stalled, 50 events/s: {told}", flush=True)
    print(f"memory of one reader: {memory(100 if quick else 500):.1f} kB", flush=True)


if __name__ == "__main__":
    main()
