"""Finding a daemon, and starting one private daemon for all who need it at once."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aurad.client.blocking import Client, RemoteError
from aurad.client.cli import codes, daemon
from aurad.client.cli.main import run
from aurad.model.errors import AuradError
from aurad.model.folders import folders
from tests.client import fake_daemon
from tests.client.fake_daemon import FakeDaemon, Refusal

FAKE = (sys.executable, fake_daemon.__file__)


@pytest.fixture
def places(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders without any daemon, and a fake to start."""
    monkeypatch.delenv("AURAD_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(short_path / "state"))
    monkeypatch.setenv("FAKE_STARTS", str(short_path / "starts"))
    monkeypatch.setenv("FAKE_SECONDS", "1.5")
    monkeypatch.setattr(daemon, "COMMAND", FAKE)
    monkeypatch.setattr(daemon, "SYSTEM_SOCKET", short_path / "system")
    return short_path


def test_a_daemon_that_answers_is_used(fake: FakeDaemon) -> None:
    client, path = daemon.connect(work=True)
    client.close()
    assert path == fake.path
    assert fake.calls[0][0] == "system.hello"


def test_the_system_daemon_is_used_where_it_lets_us(places: Path) -> None:
    system = FakeDaemon(places / "system", places)
    try:
        client, path = daemon.connect(work=True)
        client.close()
        assert path == places / "system"
    finally:
        system.close()


@pytest.mark.slow
def test_a_system_daemon_that_denies_us_is_passed_over(places: Path) -> None:
    def deny(params: object, fds: object) -> None:
        raise Refusal("E400-DENIED", "cannot serve uid 1")

    system = FakeDaemon(places / "system", places)
    try:
        for answer in (deny, lambda params, fds: {"role": "read"}):
            system.answers["system.hello"] = answer
            client, path = daemon.connect(work=True)
            client.close()
            assert path == places / "aurad.sock"
        client, path = daemon.connect()
        client.close()
    finally:
        system.close()


def test_any_other_refusal_is_told(fake: FakeDaemon) -> None:
    def stop(params: object, fds: object) -> None:
        raise Refusal("E107-MESSAGE", "cannot speak protocol 1")

    fake.answers["system.hello"] = stop
    with pytest.raises(RemoteError, match="protocol 1"):
        daemon.connect()


def test_a_daemon_in_the_private_ones_place_that_denies_us_is_told(
    fake: FakeDaemon, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(params: object, fds: object) -> None:
        raise Refusal("E400-DENIED", "cannot let in uid 1")

    monkeypatch.setenv("AURAD_SOCKET", str(fake.path))
    fake.answers["system.hello"] = deny
    assert run(["ls"]) == codes.DENIED
    assert not (places / "starts").exists()


def test_a_socket_that_we_may_not_open_is_told(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> Client:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(daemon, "Client", closed)  # root may open any socket, so modes prove nothing
    assert run(["ls"]) == codes.DENIED
    assert not (places / "starts").exists()


@pytest.mark.slow
def test_several_at_once_share_one_private_daemon(places: Path) -> None:
    found: list[Any] = []

    def look() -> None:
        found.append(daemon.connect(work=True))

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client, _ in found:
        client.close()
    assert {path for _, path in found} == {places / "aurad.sock"}
    assert len(found) == 6
    assert (places / "starts").read_text() == "started\n"


def test_a_private_daemon_that_never_answers(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "START_SECONDS", 0.1)
    monkeypatch.setattr(daemon, "COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(AuradError, match=r"did not answer within 0\.1 s"):
        daemon.connect()


@pytest.mark.parametrize("stale", [False, True])
def test_an_interrupt_while_one_starts_leaves_none(places: Path, monkeypatch: pytest.MonkeyPatch, stale: bool) -> None:
    spawned: list[Any] = []
    if stale:
        with socket.socket(socket.AF_UNIX) as killed:
            killed.bind(str(places / "aurad.sock"))

    def spawn(*arguments: Any) -> Any:
        spawned.append(spawn_really(*arguments))
        return spawned[-1]

    spawn_really = daemon._spawn
    monkeypatch.setattr(daemon, "COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(daemon, "_spawn", spawn)
    monkeypatch.setattr(daemon.time, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        daemon.connect()
    (process,) = spawned
    assert os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1]) == -signal.SIGTERM


def test_an_interrupt_leaves_a_daemon_that_serves_others(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    process = SimpleNamespace(returncode=None, terminate=lambda: ended.append(1))
    others = FakeDaemon(places / "aurad.sock", places)
    try:
        monkeypatch.setattr(daemon, "_spawn", lambda *arguments: process)
        monkeypatch.setattr(daemon, "_answering", interrupted)
        with pytest.raises(KeyboardInterrupt):
            daemon._started(folders(False, os.environ), places / "aurad.sock")
    finally:
        others.close()
    assert not ended


def interrupted(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_state_that_cannot_be_written(places: Path) -> None:
    (places / "state").write_text("in the way")
    with pytest.raises(AuradError, match=rf"cannot write {places}/state/aurad: Not a directory") as caught:
        daemon.connect()
    assert caught.value.code == "E504-NO_DAEMON"
    assert "XDG_STATE_HOME" in caught.value.remedy


def test_a_socket_without_a_listener_counts_as_nobody(places: Path) -> None:
    FakeDaemon(places / "gone", places).close()
    assert daemon._try(places / "gone") is None
    with pytest.raises(FileNotFoundError):
        Client(places / "gone")
