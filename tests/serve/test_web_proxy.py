"""Through nginx as it is installed, with its buffering: a heartbeat and an event arrive at once."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.serve.webdaemon import PATIENCE, WebDaemon, open_daemon
from tests.test_daemon import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") is None, reason="no nginx here"),
]
SOON = 1.0  # seconds
CONFIG = """
daemon off; pid {home}/pid; error_log {home}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  gzip on; gzip_types *; gzip_min_length 1;
  server {{ listen unix:{home}/http; location / {{ proxy_pass {url}; }} }}
}}
"""


@pytest.fixture
def daemon_home() -> Iterator[Path]:
    """Short: a socket's path must stay under 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="aurad-") as home:
        Path(home).chmod(0o755)  # nginx's workers are another user's
        yield Path(home)


@contextmanager
def open_nginx(home: Path, url: str) -> Iterator[Path]:
    """The socket it listens on: no port is fixed, none can be taken meanwhile."""
    (home / "nginx.conf").write_text(CONFIG.format(home=home, url=url))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    process = subprocess.Popen([str(program), "-c", str(home / "nginx.conf"), "-e", str(home / "error.log")])
    try:
        until(lambda: (home / "http").exists() or None)
        yield home / "http"
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def stream(daemon: WebDaemon, path: str, through: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        until(lambda: _connected(sock, through))
        sock.sendall(daemon.request("GET", path, ("Accept-Encoding: gzip",)).replace(b"HTTP/1.1", b"HTTP/1.0"))
        yield sock


def _connected(sock: socket.socket, path: Path) -> bool | None:
    with suppress(ConnectionRefusedError):
        sock.connect(str(path))
        return True
    return None


def read_until(sock: socket.socket, what: bytes) -> tuple[bytes, float]:
    """What came, and after how many seconds."""
    began, said = time.monotonic(), b""
    while what not in said:
        piece = sock.recv(1 << 16)
        assert piece, said
        said += piece
    return said, time.monotonic() - began


@pytest.mark.alone
def test_an_event_and_a_heartbeat_pass_nginx_at_once(daemon_home: Path, tmp_path: Path) -> None:
    with (
        open_daemon(tmp_path) as daemon,
        open_nginx(daemon_home, daemon.url) as proxy,
        stream(daemon, "/api/events", proxy) as sock,
    ):
        head, _ = read_until(sock, b"event: snapshot")
        assert b"text/event-stream" in head
        assert b"content-encoding" not in head.lower()
        job = daemon.ask("POST", "/api/jobs", b'{"brief":{"source":"Bees see."},"until":"Script"}')["jobId"]
        _, took = read_until(sock, b"event: job-status")
        assert took < SOON
        read_until(sock, b"event: job-completed")
        _, took = read_until(sock, b": heartbeat")  # HEARTBEAT after the last event
        assert 15 - SOON < took < 15 + SOON
        assert job
