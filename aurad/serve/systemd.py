"""What systemd hands over, and what it wants to hear: sockets by name, readiness, a heartbeat.

The protocols are those of sd_listen_fds(3) and sd_notify(3). Their variables are taken out of the environment, so that
no worker believes it is meant.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress

import trio

FIRST = 3  # the first descriptor that is handed over
CONTROL, HTTP = "control", "http"  # names in our socket units


def take_sockets(environ: MutableMapping[str, str]) -> Mapping[str, Sequence[int]]:
    """Descriptors of listening sockets by the names their units give them; empty if we were started otherwise."""
    pid, count, names = (environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    if pid != str(os.getpid()) or not count.isdigit():
        return {}
    found: dict[str, list[int]] = {}
    for fd, name in zip(range(FIRST, FIRST + int(count)), names.split(":"), strict=False):
        os.set_inheritable(fd, False)
        found.setdefault(name, []).append(fd)
    return found


def listening(fd: int) -> trio.socket.SocketType:
    """A descriptor that was handed over, as a socket."""
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    return trio.socket.from_stdlib_socket(sock)


class Notify:
    """Tells systemd how we are; without it nobody is told."""

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        self._address, self.watchdog = address, watchdog

    def __call__(self, *facts: str) -> None:
        """Send facts such as `READY=1`. Never waits; a systemd that does not listen is its own affair."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.setblocking(False)
            sock.connect(self._address.replace("@", "\0", 1) if self._address.startswith("@") else self._address)
            sock.send("\n".join(facts).encode())

    def reloading(self) -> None:
        """Since version 253 systemd wants to know when it began."""
        self("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    async def beat_forever(self) -> None:
        """Twice in the watchdog's time, from the loop that everything runs in: when it hangs, so does this."""
        while self.watchdog:
            self("WATCHDOG=1")
            await trio.sleep(self.watchdog / 2)


def take_notify(environ: MutableMapping[str, str]) -> Notify:
    """Where to tell, and how often to say that we live (None: never)."""
    address, pid, limit = (environ.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"))
    watched = limit.isdigit() and pid in ("", str(os.getpid()))
    return Notify(address, int(limit) / 1e6 if watched and int(limit) else None)
