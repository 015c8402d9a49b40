"""The daemon as a process: it starts, answers, ends when idle or told to, and there is one for a state folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from aurad.client.blocking import Client, ConnectionLost, RemoteError
from tests.learnt import keep, lend
from tests.worker.rig import living_below

pytestmark = pytest.mark.slow
PATIENCE = 30.0  # seconds for anything to happen on a busy machine
T = TypeVar("T")
PROMPT = 2.0  # seconds from a signal to the end


class Daemons:
    """Private daemons on folders of their own."""

    def __init__(self, home: Path) -> None:
        self.home, self.socket = home, home / "s"
        lend(home / "cache" / "aurad")
        self._running: list[subprocess.Popen[str]] = []

    def start(self, path: Path | None = None, *, idle: float = 60.0, private: bool = True) -> subprocess.Popen[str]:
        environ = os.environ | {
            f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("STATE", "CACHE", "CONFIG")
        }
        environ["AURAD_PRIVATE__IDLE_SECONDS"] = str(idle)
        environ["AURAD_HTTP__BIND"] = "127.0.0.1:0"
        argv = [sys.executable, "-m", "aurad", "--socket", str(path or self.socket), *(["--private"] * private)]
        self._running.append(subprocess.Popen(argv, env=environ, stderr=subprocess.PIPE, text=True))
        return self._running[-1]

    def connect(self) -> Client:
        def connected() -> Client | None:
            try:
                return Client(self.socket, timeout=PATIENCE)
            except (FileNotFoundError, ConnectionRefusedError):
                return None

        return until(connected)

    def end(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate()
        keep(self.home / "cache" / "aurad")


def until(look: Callable[[], T | None]) -> T:
    end = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


@pytest.fixture
def daemons() -> Iterator[Daemons]:
    with tempfile.TemporaryDirectory(prefix="aurad-") as home:
        daemons = Daemons(Path(home))
        yield daemons
        daemons.end()


def test_it_answers_and_ends_once_nobody_needs_it(daemons: Daemons) -> None:
    process = daemons.start(idle=0.3)
    with daemons.connect() as client:
        hello = client.hello()
        assert (hello["pid"], hello["private"], hello["role"]) == (process.pid, True, "admin")
        time.sleep(0.5)  # longer than it would stay idle: a client is somebody
        assert client.call("rpc.ping") == {"pong": True}
    assert process.wait(PATIENCE) == 0
    assert not daemons.socket.exists()


def test_edited_settings_count_from_the_next_job_on(daemons: Daemons) -> None:
    daemons.start()
    settings = daemons.home / "config/aurad/aurad.toml"
    settings.parent.mkdir(parents=True)
    job = {"brief": {"source": "Bees see colours. They miss red."}}
    with daemons.connect() as client:
        assert client.call("jobs.validate", job)
        settings.write_text("[store]\nnope = 3\n")
        with pytest.raises(RemoteError, match=r"store.nope = 3 \(.*aurad.toml:2\)") as caught:
            client.call("jobs.validate", job)
        assert "store.max_gib" in caught.value.remedy
        settings.write_text('[defaults]\npreset = "draft"\n')
        assert client.call("jobs.validate", job)
        assert client.call("config.get")["settings"]["defaults"]["preset"] == "draft"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_with_all_its_workers(daemons: Daemons, number: signal.Signals) -> None:
    process = daemons.start()
    with daemons.connect() as client:
        job = client.call("jobs.submit", {"brief": {"source": "Bees see colours. They miss red."}})["jobId"]
        workers = until(lambda: living_below(process.pid) or None)
        began = time.monotonic()
        process.send_signal(number)
        with pytest.raises(ConnectionLost):
            client.call("jobs.wait", {"jobId": job})
    assert process.wait(PATIENCE) == 0
    assert time.monotonic() - began < PROMPT
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers) or None)
    assert not daemons.socket.exists()


def test_asked_to_stop_it_answers_and_stops(daemons: Daemons) -> None:
    process = daemons.start()
    with daemons.connect() as client:
        assert client.call("system.stop") == {}
    assert process.wait(PATIENCE) == 0


def test_a_second_one_on_the_same_state_is_refused_with_a_sentence(daemons: Daemons) -> None:
    daemons.start()
    daemons.connect().close()
    second = daemons.start(daemons.home / "other")
    _, said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    assert said.startswith("error E503-CONFIG: cannot use the state folder")
    assert "remedy:" in said
    assert "Traceback" not in said
    with daemons.connect() as client:
        assert client.call("rpc.ping") == {"pong": True}


def test_a_service_waits_until_a_private_one_has_no_more_to_do(daemons: Daemons) -> None:
    private = daemons.start()
    with daemons.connect() as client:
        service = daemons.start(private=False)
        assert service.stderr is not None
        until(lambda: "waiting until a private daemon" in service.stderr.readline() or None)
        assert client.call("jobs.submit", {"brief": {"source": "Bees see."}, "until": "Script"})
        assert private.poll() is None
    assert private.wait(PATIENCE) == 0
    with daemons.connect() as client:
        assert (client.hello()["pid"], client.hello()["private"]) == (service.pid, False)
    service.terminate()
    assert service.wait(PATIENCE) == 0


def test_the_socket_of_a_killed_daemon_is_replaced(daemons: Daemons) -> None:
    first = daemons.start()
    daemons.connect().close()
    first.kill()
    first.wait()
    assert daemons.socket.exists()
    second = daemons.start()
    with daemons.connect() as client:
        assert client.hello()["pid"] == second.pid


def test_a_file_in_the_sockets_place_is_told_and_left(daemons: Daemons) -> None:
    daemons.socket.write_text("precious")
    process = daemons.start()
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, daemons.socket.read_text()) == (1, "precious")
    assert "a file is in the way" in said
    assert "Traceback" not in said


def test_a_place_for_the_socket_that_cannot_be_used_is_told_with_another(daemons: Daemons) -> None:
    (daemons.home / "file").write_text("")
    for path in (daemons.home / "file" / "s", daemons.home / ("long" * 30)):
        process = daemons.start(path)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert said.startswith(f"error E503-CONFIG: cannot listen on {path}: ")
        assert "AURAD_SOCKET" in said


@pytest.mark.parametrize("name", ["state", "cache"])
def test_a_folder_that_cannot_be_written_is_told_before_any_job(daemons: Daemons, name: str) -> None:
    shutil.rmtree(daemons.home / name, ignore_errors=True)
    (daemons.home / name).write_text("")
    process = daemons.start()
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.startswith(f"error E503-CONFIG: cannot use the {name} folder {daemons.home}/{name}/aurad: ")
    assert f"XDG_{name.upper()}_HOME" in said


def test_a_killed_daemon_leaves_no_worker_and_its_job_goes_on_in_the_next(daemons: Daemons) -> None:
    first = daemons.start()
    with daemons.connect() as client:
        job = client.call("jobs.submit", {"brief": {"source": "Bees see."}, "until": "Script"})["jobId"]
        workers = until(lambda: living_below(first.pid) or None)
        first.kill()
        first.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers) or None)
    daemons.start()
    with daemons.connect() as client:
        assert client.call("jobs.wait", {"jobId": job}, timeout=PATIENCE)["status"] == "Succeeded"
