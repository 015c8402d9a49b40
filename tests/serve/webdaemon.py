"""A whole daemon with an HTTP edge, as a process, and plain sockets to talk to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from aurad.client.blocking import Client
from tests.learnt import keep, lend
from tests.test_daemon import until

PATIENCE = 30.0  # seconds for anything to happen on a busy machine


class WebDaemon:
    """`request` is let in with the token of whoever runs the daemon."""

    def __init__(self, process: subprocess.Popen[str], path: Path, home: Path) -> None:
        self.process, self.path, self.home = process, path, home
        with self.connect() as client:
            answer = client.call("web.token")
        self.token, self.url = answer["token"], answer["url"]
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        self.address = (host, int(port))

    def connect(self) -> Client:
        return Client(self.path, timeout=PATIENCE)

    def open(self, *, receive_buffer: int | None = None) -> socket.socket:
        sock = socket.socket()
        sock.settimeout(PATIENCE)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.connect(self.address)
        return sock

    def request(self, method: str, path: str, headers: tuple[str, ...] = (), body: bytes = b"") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address[0]}:{self.address[1]}"]
        lines += [f"Authorization: Bearer {self.token}", f"Content-Length: {len(body)}", *headers]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def ask(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Any:
        """The JSON of an answer."""
        with self.open() as sock:
            sock.sendall(self.request(method, path, (f"Content-Type: {content_type}", "Connection: close"), body))
            return msgspec.json.decode(self.read_all(sock).partition(b"\r\n\r\n")[2])

    def stream(self, path: str) -> socket.socket:
        """A stream of events after its first bytes."""
        sock = self.open()
        sock.sendall(self.request("GET", path))
        said = b""
        while b"event: snapshot" not in said:
            said += sock.recv(1 << 16)
        return sock

    def read_all(self, sock: socket.socket) -> bytes:
        """Everything until the other end hangs up, however it does."""
        said = b""
        with sock, suppress(ConnectionResetError):
            while data := sock.recv(1 << 16):
                said += data
        return said

    def count(self, sock: socket.socket, what: bytes) -> int:
        return self.read_all(sock).count(what)


@contextmanager
def open_daemon(folder: Path, *, wrapper: Sequence[str] = (), **settings: str) -> Iterator[WebDaemon]:
    """The socket's folder is not pytest's: a socket's path must stay under 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="aurad-") as short:
        path = Path(short) / "s"
        lend(folder / "cache" / "aurad")
        environ = os.environ | {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("STATE", "CACHE", "CONFIG")}
        environ |= {"AURAD_HTTP__BIND": "127.0.0.1:0"} | settings
        process = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "aurad", "--socket", str(path)],
            env=environ,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            until(lambda: _answers(path) or None)
            yield WebDaemon(process, path, folder)
        finally:
            process.kill()
            process.wait()
            keep(folder / "cache" / "aurad")


def _answers(path: Path) -> bool:
    try:
        with Client(path, timeout=PATIENCE) as client:
            client.call("web.token")
            return True
    except Exception:  # not yet
        return False
