"""What the journal takes and gives: `python -m tests.bench.commits FOLDER-ON-A-REAL-DISK`."""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import trio

from aurad.engine import events as events_module
from aurad.engine.events import Events
from aurad.engine.journal import open_journal
from aurad.model.event import AnyEvent, JobStatus
from aurad.model.job import Status
from tests.engine.test_journal import add_job

PUBLISHERS, EVENTS, ROWS, PAGE = 50, 1000, 2_950_000, 100
JOBS = 5000  # that the rows are of: long ones, of 590 events each
FILL = """INSERT INTO events SELECT NULL, 'b-' || (value % 5000), value / 5000, 't', 0, zeroblob(250) FROM
    (WITH RECURSIVE s (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM s LIMIT ?) SELECT value FROM s)"""


def build(job_id: str, job_seq: int) -> Callable[[int], AnyEvent]:
    return lambda seq: JobStatus(
        seq=seq, job_seq=job_seq, job_id=job_id, timestamp="2026-11-22T20:00:00.000Z", correlation_id="c",
        status=Status.RUNNING, stage="Voice", progress=0.0, message="Voice: 3 of 12",
    )  # fmt: skip


async def publish(events: Events, job_id: str) -> None:
    for job_seq in range(1, EVENTS + 1):
        events.append(build(job_id, job_seq))
        await events.flush()  # the next one only when this one is durable


async def replay(events: Events, jobs: frozenset[str] | None) -> list[float]:
    times = []
    with mock.patch.object(events_module, "PAGE", PAGE):
        for _ in range(300):
            began = time.perf_counter()
            page = await events.page(random.randrange(ROWS // 2), jobs)
            times.append((time.perf_counter() - began) * 1e3)
            assert len(page.events) == PAGE
    return sorted(times)


async def main(folder: str) -> None:
    with tempfile.TemporaryDirectory(prefix="aurad-", dir=folder) as home:
        async with open_journal(Path(home) / "journal.sqlite") as journal:
            names = [f"a-{n}" for n in range(PUBLISHERS)]

            def add_all(connection: sqlite3.Connection) -> None:
                for name in (*names, *(f"b-{n}" for n in range(JOBS))):
                    add_job(connection, name)

            await journal.commit(add_all)
            events, began = Events(journal, 0), time.perf_counter()
            async with trio.open_nursery() as nursery:
                for name in names:
                    nursery.start_soon(publish, events, name)
            rate = PUBLISHERS * EVENTS / (time.perf_counter() - began)
            print(f"{PUBLISHERS} publishers that each wait for every event: {rate:.0f} events/s")
            await journal.commit(lambda connection: connection.execute(FILL, (ROWS,)))
            for what, jobs in (("any", None), ("one job's", frozenset({"b-7"}))):
                times = await replay(events, jobs)
                told = f"p50 {statistics.median(times):.2f} ms, p99 {times[len(times) * 99 // 100]:.2f} ms"
                print(f"{PAGE} of {what} events out of {ROWS + PUBLISHERS * EVENTS}: {told}")


if __name__ == "__main__":
    trio.run(main, sys.argv[1])
