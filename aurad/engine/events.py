"""The one way news travels: numbered, committed, then published. Nothing is published before it is durable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec
import trio

from aurad.engine.hub import Behind, Hub, Published
from aurad.engine.journal import Journal, Write
from aurad.model.event import AnyEvent, JobCancelled, JobCompleted, JobFailed

PAGE = 500  # events read at once from the journal


class Events:
    """Numbers and journals events. Only this writes the table `events`."""

    def __init__(self, journal: Journal, last_seq: int) -> None:
        self._journal, self._next = journal, last_seq + 1
        self.hub = Hub(last_seq)

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

        published = Published(seq, event.job_id, kind, data)
        self._journal.commit_soon(*also, insert, then=lambda _: self.hub.publish(published))
        return seq

    async def flush(self) -> None:
        """Wait until everything appended so far is durable and published."""
        await self._journal.commit()
        await trio.lowlevel.checkpoint()

    async def read_after(self, seq: int) -> list[Published]:
        """Events after `seq`, waiting for at least one, from memory or else from the journal."""
        if self.hub.last < seq <= self.last:
            await self.flush()  # its number is known already, it is on its way to the disk
        while True:
            try:
                return await self.hub.wait_after(seq)
            except Behind:
                last = self.hub.last
                if events := await self._read(seq):
                    return events
                seq = last  # what there was is pruned: wait for what comes

    async def _read(self, seq: int) -> list[Published]:
        rows = await self._journal.read(
            "SELECT seq, job_id, type, data FROM events WHERE seq > ? ORDER BY seq LIMIT ?", seq, PAGE
        )
        return [Published(row[0], row[1], row[2], bytes(row[3])) for row in rows]

    @property
    def last(self) -> int:
        """The newest number given, published or not: views of jobs may tell it already."""
        return self._next - 1

    async def oldest(self) -> int:
        """The number of the oldest event that is still there."""
        rows: list[Any] = await self._journal.read("SELECT min(seq) FROM events")
        return int(rows[0][0] or self._next)
