"""The one way news travels: numbered, committed, then published. Nothing is published before it is durable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import trio

from aurad.engine.hub import Behind, Hub, Published, Reader
from aurad.engine.journal import Journal, Write
from aurad.model.event import AnyEvent, JobCancelled, JobCompleted, JobFailed

PAGE = 500  # events read at once from the journal


class Events:
    """Numbers and journals events. Only this writes the table `events`."""

    def __init__(self, journal: Journal, last_seq: int) -> None:
        self._journal, self._next = journal, last_seq + 1
        self.hub = Hub(last_seq)
        self.also_told: Callable[[AnyEvent, str], Sequence[Write]] = lambda event, kind: ()  # in its transaction
        self.on_told: Callable[[], None] = lambda: None  # an event with such a write is durable
        journal.on_told = self._deliver

    def _deliver(self) -> None:
        self.hub.deliver()

    def append(self, build: Callable[[int], AnyEvent], *also: Write) -> int:
        """Queue an event with what must be committed together with it; it is published once durable."""
        seq, self._next = self._next, self._next + 1
        event = build(seq)
        data = msgspec.json.encode(event)
        kind = str(type(event).__struct_config__.tag)
        terminal = isinstance(event, (JobCompleted, JobFailed, JobCancelled))
        row = (seq, event.job_id, event.job_seq, kind, terminal, data)

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)

        published = Published(seq, event.job_id, kind, data, terminal)
        told = self.also_told(event, kind)
        self._journal.commit_soon(*also, *told, insert, then=lambda _: self._publish(published, bool(told)))
        return seq

    def _publish(self, published: Published, told: bool) -> None:
        self.hub.publish(published)
        if told:
            self.on_told()

    async def flush(self) -> None:
        """Wait until everything appended so far is durable and published."""
        await self._journal.commit()
        await trio.lowlevel.checkpoint()

    async def read_after(self, seq: int) -> list[Published]:
        """Events of all jobs after `seq`, waiting for at least one, from memory or else from the journal."""
        if self.hub.last < seq <= self.last:
            await self.flush()  # its number is known already, it is on its way to the disk
        reader = Reader(self.hub, seq)
        while True:
            try:
                return await reader.wait()
            except Behind:
                page = await self.page(reader.cursor)
                if page.events:
                    return page.events
                reader.cursor = page.through  # what there was is pruned: wait for what comes

    async def page(self, after: int, jobs: frozenset[str] | None = None) -> Page:
        """Events after `after` from the journal, of all jobs or of some; an empty page is the end of it."""
        last = self.hub.last  # all of it is on disk

        def ask(connection: sqlite3.Connection) -> Page:
            rows = _rows(connection, after, jobs)
            events = [Published(row[0], row[1], row[2], bytes(row[3])) for row in rows]
            through = events[-1].seq if len(events) == PAGE else max(last, after, *(e.seq for e in events[-1:]))
            return Page(events, through, _pruned(connection, jobs, last))

        return await self._journal.ask(ask)

    async def any_after(self, seq: int, job_id: str, types: Sequence[str]) -> bool:
        """Whether a job has an event of some types after `seq`, on its way to the disk or there."""
        await self.flush()
        sql = (
            "SELECT 1 FROM events INDEXED BY events_by_job"
            f" WHERE job_id = ? AND seq > ? AND type IN ({','.join('?' * len(types))}) LIMIT 1"
        )
        return bool(await self._journal.read(sql, job_id, seq, *types))

    @property
    def last(self) -> int:
        """The newest number given, published or not: views of jobs may tell it already."""
        return self._next - 1

    async def pruned(self) -> int:
        """The newest number that was forgotten: after it, everything is still there."""
        return await self._journal.ask(lambda connection: _pruned(connection, None, 0))


class Page(NamedTuple):
    """Events out of the journal: all up to `through`, but for those forgotten up to `pruned`."""

    events: list[Published]
    through: int
    pruned: int


def _rows(connection: sqlite3.Connection, after: int, jobs: frozenset[str] | None) -> list[sqlite3.Row]:
    if jobs is None:
        sql = "SELECT seq, job_id, type, data FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        return connection.execute(sql, (after, PAGE)).fetchall()
    sql = (
        "SELECT seq, job_id, type, data FROM events INDEXED BY events_by_job"
        f" WHERE job_id IN ({','.join('?' * len(jobs))}) AND seq > ? ORDER BY seq LIMIT ?"
    )
    return connection.execute(sql, (*jobs, after, PAGE)).fetchall()


def _pruned(connection: sqlite3.Connection, jobs: frozenset[str] | None, last: int) -> int:
    """Up to which number something is missing. Of some jobs nothing is while they are there: they go whole."""
    if jobs is None:
        row = connection.execute("SELECT value FROM meta WHERE key = 'pruned'").fetchone()
        return int(row[0]) if row else 0
    sql = f"SELECT count(*) FROM jobs WHERE job_id IN ({','.join('?' * len(jobs))})"
    return 0 if connection.execute(sql, (*jobs,)).fetchone()[0] == len(jobs) else last
