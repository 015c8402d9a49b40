"""Events: nothing is published before it is durable, numbers follow each other, pruned ones are passed over."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from aurad.engine.events import PAGE, Events
from aurad.engine.hub import Hub
from aurad.engine.journal import Journal, open_journal
from aurad.model.errors import AuradError
from aurad.model.event import AnyEvent, JobCancelled, JobStatus
from aurad.model.job import Status
from tests.engine.test_journal import add_job


def build(kind: Callable[..., AnyEvent] = JobStatus, job_seq: int = 1, **more: str) -> Callable[[int], AnyEvent]:
    return lambda seq: kind(
        seq=seq, job_seq=job_seq, job_id="a-1", timestamp="", correlation_id="c", status=Status.QUEUED,
        stage="Initialization", progress=0.0, message="", **more,
    )  # fmt: skip


@asynccontextmanager
async def open_events(folder: Path) -> AsyncIterator[tuple[Journal, Events]]:
    async with open_journal(folder / "j") as journal:
        await journal.commit(add_job)
        yield journal, Events(journal, 0)


async def test_nothing_is_published_before_it_is_durable(tmp_path: Path) -> None:
    go = threading.Event()
    async with open_events(tmp_path) as (journal, events):
        journal.commit_soon(lambda _: go.wait(5))
        assert events.append(build()) == 1
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert (events.hub.last, events.last) == (0, 1)
        go.set()
        (published,) = await events.read_after(0)
        assert (await journal.read("SELECT data FROM events"))[0][0] == published.data
        assert msgspec.json.decode(published.data)["type"] == published.type == "job-status"


async def test_what_goes_along_is_in_the_same_transaction(tmp_path: Path) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.RaisesGroup(pytest.RaisesExc(AuradError, match="disk I/O error")):
        async with open_events(tmp_path) as (_, events):
            events.append(build(), lambda connection: connection.execute("UPDATE jobs SET status = 'Running'"), fail)
            await events.read_after(0)
    async with open_journal(tmp_path / "j") as journal:
        assert await journal.read("SELECT 1 FROM events UNION SELECT 1 FROM jobs WHERE status = 'Running'") == []


async def test_a_second_end_is_never_published(tmp_path: Path) -> None:
    seen = []
    with pytest.RaisesGroup(pytest.RaisesExc(AuradError, match="the job has ended")):
        async with open_events(tmp_path) as (_, events):
            events.append(build(JobCancelled, by="me"))
            seen += [event.type for event in await events.read_after(0)]
            events.append(build(JobCancelled, 2, by="me"))
            seen += [event.type for event in await events.read_after(1)]
    assert seen == ["job-cancelled"]


async def test_flush_waits_until_everything_is_published(tmp_path: Path) -> None:
    async with open_events(tmp_path) as (_, events):
        for job_seq in range(1, 6):
            events.append(build(job_seq=job_seq))
        await events.flush()
        assert events.hub.last == events.last == 5


async def test_behind_the_ring_the_journal_is_read_in_pages(tmp_path: Path) -> None:
    async with open_events(tmp_path) as (_, events):
        events.hub = Hub(0, size=2)
        for job_seq in range(1, PAGE + 11):
            events.append(build(job_seq=job_seq))
        await events.flush()
        first = await events.read_after(0)
        rest = await events.read_after(PAGE)
        assert [event.seq for event in first + rest] == list(range(1, PAGE + 11))


async def test_a_reader_of_what_was_pruned_waits_for_what_comes(tmp_path: Path, nursery: trio.Nursery) -> None:
    got: list[int] = []

    async def read(events: Events) -> None:
        got.extend(event.seq for event in await events.read_after(0))

    async with open_events(tmp_path) as (journal, events):
        events.append(build())
        await events.flush()
        await journal.commit(lambda connection: connection.execute("DELETE FROM jobs"), add_job)
        restarted = Events(journal, 1)
        assert await restarted.pruned() == 1
        nursery.start_soon(read, restarted)
        await trio.testing.wait_all_tasks_blocked(0.02)
        restarted.append(build(job_seq=2))
        await restarted.flush()
        await trio.testing.wait_all_tasks_blocked()
        assert got == [2]
