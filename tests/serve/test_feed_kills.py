"""A daemon killed again and again under its subscribers: what is on disk is what each of them got, once."""

from __future__ import annotations

import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from os import environ
from pathlib import Path
from typing import Any

import pytest
import trio

from aurad.client.blocking import Client, ConnectionLost, RemoteError
from tests.learnt import lend
from tests.serve.chaos import PATIENCE, LineSurvivor, WebSurvivor, assert_exact, dice, how_many

pytestmark = pytest.mark.slow
KILLS, SUBSCRIBERS = 50, 20
UPTIME = (0.05, 1.5)  # seconds that a daemon lives after it has begun to answer


class Victim:
    """A daemon on a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.socket = home, home / "s"
        lend(home / "cache" / "aurad")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]  # the same for every daemon, as with a real one
        self._token = ""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        own = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("STATE", "CACHE")}
        own |= {"AURAD_HTTP__BIND": f"127.0.0.1:{self.port}"}
        argv = [sys.executable, "-m", "aurad", "--socket", str(self.socket)]
        log = (self.home / "log").open("ab")
        with log:
            self.process = subprocess.Popen(argv, env=environ | own, stderr=log, stdout=log)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def submit(self, text: str) -> None:
        """One job that is soon done; what a dying daemon says to it is of no interest."""
        with suppress(OSError, ConnectionLost, RemoteError), Client(self.socket, timeout=5) as client:
            client.call("jobs.submit", {"brief": {"source": text}, "until": "Script"})

    def place(self) -> tuple[str, int, str]:
        """Where it is, and a token, which is good for all daemons of this folder."""
        while not self._token:
            with suppress(OSError, ConnectionLost, RemoteError), Client(self.socket, timeout=5) as client:
                self._token = client.call("web.token")["token"]
        return "127.0.0.1", self.port, self._token

    async def wait_up(self) -> None:
        while True:
            with suppress(OSError):
                async with (
                    await trio.open_unix_socket(str(self.socket)),
                    await trio.open_tcp_stream("127.0.0.1", self.port),
                ):
                    return
            await trio.sleep(0.01)

    def open_jobs(self) -> int:
        return int(self.rows("SELECT count(*) FROM jobs WHERE status IN ('Queued', 'Running')")[0][0])

    def rows(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.home / "state/aurad/journal.sqlite")) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def victim() -> Iterator[Victim]:
    with tempfile.TemporaryDirectory(prefix="aurad-") as home:
        victim = Victim(Path(home))
        yield victim
        victim.kill()


async def reign(victim: Victim, numbers: random.Random, *, count: int) -> None:
    """Daemons that are killed at any moment, with jobs under way."""
    for number in range(count):
        victim.start()
        await victim.wait_up()
        for job in range(numbers.randrange(3)):
            await trio.to_thread.run_sync(victim.submit, f"# Rain {number}.{job}\n\nIt rains. And it pours.")
        await trio.sleep(numbers.uniform(*UPTIME))
        victim.kill()


async def test_killed_daemons_lose_and_repeat_nothing(victim: Victim, request: pytest.FixtureRequest) -> None:
    numbers = dice(request)
    victim.start()
    await victim.wait_up()
    await trio.to_thread.run_sync(victim.place)
    victim.kill()
    readers = [
        WebSurvivor(victim.place) if n % 2 else LineSurvivor(victim.socket, {}, by_id=n % 4 > 0)
        for n in range(SUBSCRIBERS)
    ]
    with trio.fail_after(PATIENCE * (1 + how_many(KILLS) // 10)):
        async with trio.open_nursery() as nursery:
            for reader in readers:
                nursery.start_soon(reader.follow)
            await reign(victim, numbers, count=how_many(KILLS))
            nursery.cancel_scope.cancel()
        victim.start()  # the last one may finish what was begun
        await victim.wait_up()
        while victim.open_jobs():  # noqa: ASYNC110  # of another process
            await trio.sleep(0.1)
        events = [bytes(row[0]) for row in victim.rows("SELECT data FROM events ORDER BY seq")]
        last = victim.rows("SELECT max(seq) FROM events")[0][0]
        for reader in readers:
            await reader.follow(until=last)
            assert_exact(reader, events)
    print(f"{len(events)} events, {sum(reader.losses for reader in readers)} lost connections")
    counted = "SELECT count(*), max(job_seq), sum(terminal), max(job_seq * terminal) FROM events GROUP BY job_id"
    assert all(n == newest == end and ends == 1 for n, newest, ends, end in victim.rows(counted))
    falls = "SELECT 1 FROM (SELECT json_extract(data, '$.progress') AS p, lag(json_extract(data, '$.progress'))"
    assert victim.rows(f"{falls} OVER (PARTITION BY job_id ORDER BY seq) AS q FROM events) WHERE p < q") == []
