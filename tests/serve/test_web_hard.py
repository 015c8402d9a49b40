"""The HTTP edge as a process: readers that stall, connections that idle, a prompt stop; nothing is leaked."""

from __future__ import annotations

import gc
import math
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from aurad.serve.events import HEARTBEAT
from tests.serve.chaos import FULL
from tests.serve.edge import PATIENCE
from tests.serve.site import open_site
from tests.serve.webdaemon import WebDaemon, open_daemon

PROMPT = 1.0  # seconds from a signal to the end
CYCLES = 500
DOCUMENTS = 200  # of about 60 kB: together far more than a socket holds


def live(daemon: WebDaemon) -> socket.socket:
    """A stream that is read."""
    return daemon.stream("/api/events")


def stalled(daemon: WebDaemon) -> socket.socket:
    """Asks for more than the kernel holds, and reads nothing."""
    sock = daemon.open(receive_buffer=4096)
    sock.sendall(daemon.request("GET", "/api/openapi.json") * DOCUMENTS)
    return sock


@pytest.mark.slow
@pytest.mark.alone
def test_a_stop_is_prompt_whatever_clients_do(tmp_path: Path) -> None:
    with open_daemon(tmp_path) as daemon:
        streams = [live(daemon) for _ in range(50)]
        stuck = [stalled(daemon) for _ in range(20)]
        idle = [daemon.open() for _ in range(20)]
        time.sleep(0.5)  # until the stalled ones are
        began = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(30) == 0
        took = time.monotonic() - began
        for sock in streams:
            assert b"event: server-stopping" in daemon.read_all(sock)
        assert all(daemon.count(sock, b"HTTP/1.1 200") < DOCUMENTS for sock in stuck)
        assert all(daemon.read_all(sock) == b"" for sock in idle)
    assert took <= PROMPT, took


@pytest.mark.slow
def test_a_stream_stays_open_over_silence(tmp_path: Path) -> None:
    """Ten minutes of it in a full check, else as long as the first heartbeat takes: nothing on the way gives up."""
    with open_daemon(tmp_path) as daemon, live(daemon) as sock:
        sock.settimeout(HEARTBEAT + 5)
        began, said = time.monotonic(), b""
        while time.monotonic() - began < 600 if FULL else b": heartbeat" not in said:
            said += sock.recv(1 << 16)
        assert b"event: " not in said
        assert said.count(b": heartbeat\n") >= (time.monotonic() - began) // (HEARTBEAT + 1)
        daemon.ask("POST", "/api/jobs", b'{"brief": {"topic": "bees"}, "until": "Script"}')
        while b"event: job-status" not in said:
            said += sock.recv(1 << 16)


@pytest.mark.slow
async def test_a_client_that_takes_nothing_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurad.serve.server.STALLED", 300)
    async with open_site(tmp_path) as site, site.follow("/api/events") as other:
        with trio.socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await sock.connect((site.host, site.port))
            head = f"GET /api/openapi.json HTTP/1.1\r\nHost: {site.host}\r\nAuthorization: Bearer {site.mine}\r\n\r\n"
            await trio.SocketStream(sock).send_all(head.encode() * DOCUMENTS)
            await site.wait_connections(2)
            await site.wait_connections(1)
        await site.submit()
        while b"event: job-completed" not in other.said:  # the others are none the worse
            await other.next_piece()


def _sockets() -> int:
    """Not all descriptors: SQLite opens files when it likes."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    return found


async def test_streams_leak_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Trio forgets deadlines that are over only once there are 1000 of them: up to then they look like a leak.
    monkeypatch.setattr("trio._core._run.DEADLINE_HEAP_MIN_PRUNE_THRESHOLD", 0)
    async with open_site(tmp_path) as site:

        async def cycles(number: int) -> None:
            for _ in range(number):
                async with site.follow("/api/events") as wire:
                    await wire.next_piece()

        async def held(most: float) -> tuple[int, int, int]:
            await site.wait_connections(0)
            await site.wait_waiting(0)
            with trio.fail_after(PATIENCE):  # those that are ending do
                while (tasks := trio.lowlevel.current_statistics().tasks_living) > most:  # noqa: ASYNC110
                    await trio.sleep(0.001)
            gc.collect()
            return _sockets(), tasks, len(gc.get_objects())

        async with trio.open_nursery() as nursery:  # everything that is opened once is
            for _ in range(4):
                nursery.start_soon(cycles, 10)
        sockets, tasks, objects = await held(math.inf)
        await cycles(CYCLES)
        after = await held(tasks)
        assert after[0] == sockets
        assert after[2] - objects < CYCLES  # less than one object each


async def test_a_connection_that_says_nothing_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurad.serve.server.IDLE", 0.05)
    async with open_site(tmp_path) as site, site.connect() as wire:
        assert await wire.hear_all() == b""
        async with site.connect() as other:  # nor one that has had its answer
            await other.say("GET", "/api/health/live")
            assert (await other.hear_all()).startswith(b"HTTP/1.1 200")
        async with site.connect() as slow:  # nor one whose head does not end
            await slow.stream.send_all(b"GET / HTTP/1.1\r\nHost: ")
            await slow.hear_all()


async def test_connection_close_is_obeyed(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        await wire.say("GET", "/api/health/live", ["Connection: close"])
        assert (await wire.hear_all()).endswith(b'{"status":"live"}')


async def test_requests_that_come_together_are_answered_in_order(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        await wire.say("GET", "/api/health/live", ["X-Correlation-ID: one"])
        await wire.say("GET", "/", ["X-Correlation-ID: two", "Connection: close"])
        said = await wire.hear_all()
        assert said.count(b"HTTP/1.1 200") == 2
        assert said.index(b"x-correlation-id: one") < said.index(b"x-correlation-id: two")


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"\r\n" * 5000, b"A" * 100_000, b""])
async def test_what_is_no_http_ends_one_connection_only(tmp_path: Path, nonsense: bytes) -> None:
    async with open_site(tmp_path) as site:
        async with site.connect() as wire:
            await wire.stream.send_all(nonsense)
            await wire.stream.send_eof()
            await wire.hear_all()
        assert (await site.get("/api/health/live")).status_code == 200


async def test_more_connections_than_there_may_be_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurad.serve.server.CONNECTIONS", 2)
    async with open_site(tmp_path) as site, site.connect(), site.connect():
        await site.wait_connections(2)
        async with site.connect() as third:
            assert await third.hear_all() == b""
