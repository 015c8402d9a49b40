"""Fan-out: one ring of encoded events, one cursor per reader. A reader that stalls costs nothing.

Whoever the ring has left behind reads on from the journal; a gap is never silent.
"""

from __future__ import annotations

from typing import NamedTuple

import trio

RING = 8192  # events kept in memory: minutes of a busy daemon, about 4 MB


class Published(NamedTuple):
    """An event as it goes out; `data` is its JSON, encoded once for everybody."""

    seq: int
    job_id: str
    type: str
    data: bytes


class Behind(Exception):
    """The ring no longer holds what was asked for."""


class Hub:
    """`publish` never waits; `wait_after` gives what came since."""

    def __init__(self, last: int, *, size: int = RING) -> None:
        self._ring: list[Published | None] = [None] * size
        self._first, self.last, self._news = last + 1, last, trio.Event()

    def publish(self, event: Published) -> None:
        """Make an event visible; its `seq` is the successor of the last."""
        assert event.seq == self.last + 1
        self._ring[event.seq % len(self._ring)], self.last = event, event.seq
        news, self._news = self._news, trio.Event()
        news.set()  # wakes every waiting reader once, however many events come

    async def wait_after(self, seq: int) -> list[Published]:
        """All events after `seq`, at least one; raises `Behind`."""
        await trio.lowlevel.checkpoint()
        if seq > self.last:  # a cursor of another journal: never wait for it
            raise Behind
        while seq == self.last:
            await self._news.wait()
        return self.after(seq)

    def after(self, seq: int) -> list[Published]:
        """All events after `seq` that are there now; raises `Behind`."""
        size = len(self._ring)
        if seq + 1 < max(self._first, self.last - size + 1):
            raise Behind
        return [event for n in range(seq + 1, self.last + 1) if (event := self._ring[n % size])]
