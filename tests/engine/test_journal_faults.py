"""Real faults under a real daemon's journal: a sync that fails and a file that cannot grow end it, at once."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aurad.client.blocking import Client, ConnectionLost, RemoteError
from tests.learnt import keep, lend

pytestmark = pytest.mark.slow
PATIENCE = 30.0  # seconds for anything to happen on a busy machine
SOURCE = Path(__file__).with_name("failing_sync.c")
TEXT = "# Rain\n\nIt rains."
BROKEN = "cannot write the journal: disk I/O error"


class Sick:
    """A daemon in whose process disks can be made to fail."""

    def __init__(self, home: Path) -> None:
        self.home, self.marker, self.preload = home, home / "fail", ""
        self.journal = home / "state" / "aurad" / "journal.sqlite"
        lend(home / "cache" / "aurad")
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *wrapper: str) -> subprocess.Popen[str]:
        own = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("STATE", "CACHE")}
        environ = os.environ | own | {"FAIL_WHILE": str(self.marker), "AURAD_PRIVATE__IDLE_SECONDS": "60"}
        if self.preload:
            environ["LD_PRELOAD"] = self.preload
        argv = [sys.executable, "-m", "aurad", "--private", "--socket", str(self.home / "s")]
        process = subprocess.Popen([*wrapper, *argv], env=environ, stderr=subprocess.PIPE, text=True)
        self._running.append(process)
        return process

    def end(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate()
        keep(self.home / "cache" / "aurad")

    def connect(self) -> Client:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return Client(self.home / "s", timeout=PATIENCE)
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.01)

    def rows(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.journal)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def sick() -> Iterator[Sick]:
    with tempfile.TemporaryDirectory(prefix="aurad-") as home:
        sick = Sick(Path(home))
        yield sick
        sick.end()


def submit_until_refused(client: Client, source: str) -> tuple[list[str], str]:
    """The jobs that were taken, and what was said to the one that was not."""
    taken: list[str] = []
    while True:
        try:
            taken.append(client.call("jobs.submit", {"brief": {"source": source}})["jobId"])
        except (RemoteError, ConnectionLost) as error:
            return taken, str(error)


def ended(process: subprocess.Popen[str]) -> str:
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode not in (0, None)
    return err


def test_a_sync_that_fails_ends_the_daemon_and_is_not_tried_again(sick: Sick) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("no C compiler")
    sick.preload = str(sick.home / "failing.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", sick.preload, SOURCE, "-ldl"], check=True)
    process = sick.start()
    with sick.connect() as client:
        kept = client.call("jobs.submit", {"brief": {"source": TEXT}})["jobId"]
        client.call("jobs.cancel", {"jobId": kept})
        sick.marker.touch()
        taken, told = submit_until_refused(client, TEXT)
        assert taken == []
        assert BROKEN in told or "closed the connection" in told  # it may be gone before its answer is sent
    assert BROKEN in ended(process)
    # The commit's; and the last one's, with which SQLite closes the file: it says nothing to anybody.
    assert len(sick.marker.read_bytes()) <= 2
    sick.marker.unlink()
    again = sick.start()
    with sick.connect() as client:  # what was promised is there
        assert client.call("jobs.get", {"jobId": kept})["status"] == "Cancelled"
        client.call("system.stop")
    assert again.wait(PATIENCE) == 0


def test_a_file_that_cannot_grow_ends_the_daemon(sick: Sick) -> None:
    """Not a full disk, which passes: the system refuses to write, and nobody knows why."""
    process = sick.start("sh", "-c", 'ulimit -f 1000; exec "$@"', "sh")  # blocks of 512 bytes
    with sick.connect() as client:
        taken, _ = submit_until_refused(client, "It rains. " * 2000)
    assert BROKEN in ended(process)
    assert taken
    assert {row[0] for row in sick.rows("SELECT job_id FROM jobs")} >= set(taken)
    counted = "SELECT count(*), max(job_seq), sum(terminal) FROM events GROUP BY job_id"
    assert all(count == last and ends <= 1 for count, last, ends in sick.rows(counted))
