"""Few descriptors and many clients: the daemon lives, works, and answers again once they have gone."""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import trio

from aurad.serve import descriptors
from aurad.serve.descriptors import LEAST, for_control, for_web, raise_limit
from tests.serve.edge import open_edge
from tests.serve.site import open_site
from tests.serve.webdaemon import WebDaemon, open_daemon

FEW = ("sh", "-c", 'ulimit -n 128 && exec "$0" "$@"')
CLIENTS = 500
SMALL = {"AURAD_DEFAULTS__SHORT_SIDE": "240", "AURAD_DEFAULTS__FPS": "10", "AURAD_DEFAULTS__MUSIC": "none"}


@pytest.fixture
def _own_limits() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("limit", "cores", "control", "web"),
    [(64, 64, 6, 7), (128, 2, 13, 13), (1024, 64, 102, 103), (1 << 20, 64, 256, 4096)],
)
def test_what_work_needs_is_kept(
    monkeypatch: pytest.MonkeyPatch, limit: int, cores: int, control: int, web: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda what: (limit, limit))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert (for_control(256), for_web(4096, 256)) == (control, web)
    assert for_control(3) == 3


def test_somebody_can_always_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "_left", lambda: 0)
    assert (for_control(256), for_web(4096, 256)) == (LEAST, LEAST)


@pytest.mark.usefixtures("_own_limits")
def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    raise_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    before, taken = resource.getrlimit(resource.RLIMIT_NOFILE), list[int]()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 10, before[1]))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in taken:
            os.close(descriptor)


async def wait_refused(caplog: pytest.LogCaptureFixture) -> None:
    with trio.fail_after(10):
        while "EMFILE" not in caplog.text:  # noqa: ASYNC110  # nobody tells of an accept that failed
            await trio.sleep(0.001)


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trio._highlevel_serve_listeners, "SLEEP_TIME", 0.001)


@pytest.mark.usefixtures("_at_once")
async def test_without_descriptors_connections_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_edge(tmp_path) as edge:
        with socket.socket(socket.AF_UNIX) as sock:
            with no_descriptor_left():
                sock.connect(str(edge.path))
                await wait_refused(caplog)
            sock.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "rpc.ping"}\n')
            assert b"pong" in await trio.to_thread.run_sync(sock.recv, 1000)


@pytest.mark.usefixtures("_at_once")
async def test_without_descriptors_requests_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_site(tmp_path) as site:
        with socket.socket() as sock:
            with no_descriptor_left():
                sock.connect((site.host, site.port))
                await wait_refused(caplog)
            sock.sendall(b"GET /api/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b" 200 " in await trio.to_thread.run_sync(sock.recv, 1000)


@pytest.mark.slow
def test_with_128_descriptors_and_500_clients_a_job_ends(tmp_path: Path) -> None:
    with open_daemon(tmp_path, wrapper=FEW, **SMALL) as daemon, daemon.connect() as client:
        job = client.call("jobs.submit", {"brief": {"source": "Bees see colours. They miss red. Flowers know."}})[
            "jobId"
        ]
        with ExitStack() as crowd:
            for number in range(CLIENTS):
                _join(daemon, crowd, number)
            assert len(os.listdir(f"/proc/{daemon.process.pid}/fd")) < 128
            assert client.call("jobs.wait", {"jobId": job}, timeout=100)["status"] == "Succeeded"
        began = time.monotonic()
        _answers_again(daemon)
        assert time.monotonic() - began < 1.0
        assert daemon.process.poll() is None


def _join(daemon: WebDaemon, crowd: ExitStack, number: int) -> None:
    """Every other one over HTTP, and of those every other one follows the events."""
    sock = crowd.enter_context(socket.socket(socket.AF_INET if number % 2 else socket.AF_UNIX))
    sock.settimeout(10)
    sock.connect(daemon.address if number % 2 else str(daemon.path))
    if number % 4 == 1:
        with suppress(OSError):  # it was closed at once
            sock.sendall(daemon.request("GET", "/api/events"))


def _answers_again(daemon: WebDaemon) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with suppress(Exception), daemon.connect() as client:  # those who left are still being seen off
            client.call("rpc.ping")
            daemon.ask("GET", "/api/health/live")
            return
    pytest.fail("it does not answer")
