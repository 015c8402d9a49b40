"""What systemd hands over and is told: descriptors by name, datagrams, a heartbeat that stops with the main loop."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from aurad.serve.systemd import take_notify, take_sockets

SHOW = """
import os, sys
from aurad.serve.systemd import listening, take_sockets
os.environ["LISTEN_PID"] = str(os.getpid()) if sys.argv[1] == "mine" else "1"
found = take_sockets(os.environ)
print({name: [os.get_inheritable(fd) for fd in fds] for name, fds in found.items()})
print(sorted(name for name in os.environ if name.startswith("LISTEN_")))
"""


@pytest.fixture
def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where systemd would listen."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("notify")
        sock.settimeout(5)
        yield sock


def started(whose: str, *fds: int) -> list[str]:
    environ = os.environ | {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "control:http"}
    command = f'exec "$@" 3<&{fds[0]} 4<&{fds[1]}'
    argv = ["bash", "-c", command, "bash", sys.executable, "-c", SHOW, whose]
    return subprocess.run(argv, env=environ, pass_fds=fds, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )


@pytest.mark.slow
def test_descriptors_come_by_name_and_are_not_passed_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        fds = one.fileno(), other.fileno()
        assert started("mine", *fds)[:2] == ["{'control': [False], 'http': [False]}", "[]"]
        assert started("not mine", *fds)[:2] == ["{}", "[]"]


def test_without_systemd_nothing_is_handed_over_nor_told() -> None:
    environ = {"LISTEN_FDS": "nonsense", "LISTEN_PID": str(os.getpid())}
    assert take_sockets(environ) == {}
    assert environ == {}
    take_notify({})("READY=1")


def test_systemd_is_told_and_workers_are_not_asked(ear: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": "notify", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    notify = take_notify(environ)
    assert environ == {"HOME": "/"}
    assert notify.watchdog == 3.0
    notify("READY=1", "STATUS=well")
    assert ear.recv(1000) == b"READY=1\nSTATUS=well"
    notify.reloading()
    first, second = ear.recv(1000).split(b"\n")
    assert (first, second.partition(b"=")[0]) == (b"RELOADING=1", b"MONOTONIC_USEC")


def test_an_abstract_address_is_understood() -> None:
    name = f"aurad-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}")
        ear.settimeout(5)
        take_notify({"NOTIFY_SOCKET": f"@{name}"})("READY=1")
        assert ear.recv(100) == b"READY=1"


def test_a_watchdog_of_another_process_is_not_ours() -> None:
    assert take_notify({"NOTIFY_SOCKET": "x", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}).watchdog is None
    take_notify({"NOTIFY_SOCKET": "/nobody/listens"})("READY=1")


async def test_the_heart_beats_twice_in_the_time(ear: socket.socket, autojump_clock: trio.testing.MockClock) -> None:
    notify = take_notify({"NOTIFY_SOCKET": "notify", "WATCHDOG_USEC": "10000000"})
    with trio.move_on_after(21):
        await notify.beat_forever()
    beats = [ear.recv(100) for _ in range(5)]
    assert beats == [b"WATCHDOG=1"] * 5
    ear.setblocking(False)
    with pytest.raises(BlockingIOError):
        ear.recv(100)
