"""Fan-out: one ring of encoded events, one cursor per reader. A reader that stalls costs nothing.

A job's event wakes only those who read that job or all jobs, once for however many events come together.
Whoever can take events at once gets them without being woken: a task's turn costs more than all the rest.
Whoever the ring has left behind reads on from the journal; a gap is never silent.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from heapq import merge
from time import perf_counter
from typing import NamedTuple

import msgspec
import trio

Push = Callable[[list["Published"]], bool]
RING = 8192  # events kept in memory: minutes of a busy daemon, about 4 MB


class Published(msgspec.Struct, gc=False):
    """An event as it goes out; `data` is its JSON, encoded once for everybody."""

    seq: int
    job_id: str
    type: str
    data: bytes
    last: bool = False  # of its job
    _frame: bytes = b""
    at: float = 0.0  # when it was published, by `time.perf_counter`

    def frame(self, epoch: str) -> bytes:
        """As server-sent events have it, made once for everybody."""
        if not self._frame:
            head = f"id: {epoch}-{self.seq}\nevent: {self.type}\ndata: "
            self._frame = b"%b%b\n\n" % (head.encode(), self.data)
        return self._frame


class Behind(Exception):
    """The ring no longer holds what was asked for."""


class HubStatistics(NamedTuple):
    """How the hub stands: the numbers it holds, and how many readers wait for news."""

    oldest: int
    last: int
    waiting: int


class Hub:
    """`publish` never waits; a `Reader` waits for what comes."""

    def __init__(self, last: int, *, size: int = RING) -> None:
        self._ring: list[Published | None] = [None] * size
        self._recent: defaultdict[str, deque[Published]] = defaultdict(deque)  # the ring's events by job
        self._first, self.last = last + 1, last  # of this boot
        self._asleep: defaultdict[str | None, set[Reader]] = defaultdict(set)  # None: who reads all jobs
        self._due: list[Reader] = []  # they are asleep, there is news for them, and they can take it so
        self._joined: tuple[list[Published], bytes] = ([], b"")

    def publish(self, event: Published) -> None:
        """Make an event visible; its `seq` is the successor of the last."""
        assert event.seq == self.last + 1
        event.at = perf_counter()
        slot = event.seq % len(self._ring)
        if (old := self._ring[slot]) is not None:
            self._forget(old)
        self._ring[slot], self.last = event, event.seq
        self._recent[event.job_id].append(event)
        for reader in (*self._asleep.get(event.job_id, ()), *self._asleep.get(None, ())):
            if reader.push is None:
                reader.wake(event.seq)
            elif not reader.due:
                reader.due, reader.cursor = True, event.seq - 1
                self._due.append(reader)

    def deliver(self) -> None:
        """All that were published together are there: hand them to those who take them without being woken.

        Most read the same from the same place: what they get is looked up once.
        """
        due, self._due = self._due, []
        place: object = None
        events: list[Published] = []
        for reader in due:
            if reader.place != place:
                place, events = reader.place, reader.due_events()
            reader.take(events)

    def _forget(self, old: Published) -> None:
        recent = self._recent[old.job_id]
        recent.popleft()
        if not recent:
            del self._recent[old.job_id]

    @property
    def published(self) -> int:
        """How many since the boot."""
        return self.last - self._first + 1

    @property
    def oldest(self) -> int:
        """The oldest number that the ring answers for."""
        return max(self._first, self.last - len(self._ring) + 1)

    def after(self, seq: int, jobs: frozenset[str] | None = None) -> list[Published]:
        """All events after `seq`, of some jobs or of all, that are there now; raises `Behind`."""
        if seq == self.last:
            return []
        if seq + 1 < self.oldest:
            raise Behind
        if jobs is None:
            size = len(self._ring)
            return [event for n in range(seq + 1, self.last + 1) if (event := self._ring[n % size])]
        parts = [part for job in jobs if (part := _tail(self._recent.get(job, ()), seq))]
        if len(parts) < 2:
            return parts[0] if parts else []
        return list(merge(*parts, key=lambda event: event.seq))

    def join(self, events: list[Published], epoch: str) -> bytes:
        """Their frames in one piece. Readers of the same come one after another, and share it."""
        if self._joined[0] is not events and self._joined[0] != events:
            self._joined = (events, b"".join([event.frame(epoch) for event in events]))
        return self._joined[1]

    def fall_asleep(self, reader: Reader) -> None:
        """Wake `reader` with the next event that concerns it."""
        for job in reader.concerns:
            self._asleep[job].add(reader)

    def forget_sleeper(self, reader: Reader) -> None:
        for job in reader.concerns:
            sleepers = self._asleep[job]
            sleepers.discard(reader)
            if not sleepers:
                del self._asleep[job]

    def statistics(self) -> HubStatistics:
        return HubStatistics(self.oldest, self.last, len({each for some in self._asleep.values() for each in some}))


def _tail(events: deque[Published] | tuple[()], seq: int) -> list[Published]:
    found = []
    for event in reversed(events):
        if event.seq <= seq:
            break
        found.append(event)
    found.reverse()
    return found


class Reader:
    """A place in the stream of all jobs, or of some. One task at a time waits at it.

    With `push`, news goes there while the task sleeps; what it does not take (`False`) wakes the task instead,
    and so does `nudged`, without any news.

    Everything up to `cursor` was looked at. Who reads moves it on; it moves by itself only over what is of
    no concern, so that it does not age while other jobs are busy.
    """

    __slots__ = ("_hub", "_jobs", "_task", "cursor", "due", "nudged", "push")

    def __init__(self, hub: Hub, cursor: int, jobs: frozenset[str] | None = None) -> None:
        self._hub, self._jobs, self.cursor = hub, jobs, cursor
        self._task: trio.lowlevel.Task | None = None
        self.push: Push | None = None
        self.due = self.nudged = False

    @property
    def concerns(self) -> frozenset[str | None] | tuple[str | None, ...]:
        return (None,) if self._jobs is None else self._jobs

    def read_only(self, jobs: frozenset[str]) -> None:
        """From now on these jobs concern it, not while it waits."""
        self._jobs = jobs

    async def wait(self) -> list[Published]:
        """What came after the cursor, at least one event but for a nudge; raises `Behind`. A cancel loses nothing."""
        if events := self.look():
            await trio.lowlevel.checkpoint()
        while not (events or self.nudged):
            self.cursor = max(self.cursor, self._hub.last)
            await self._sleep()
            events = self.look()
        return events

    def look(self) -> list[Published]:
        """What came after the cursor, if anything; raises `Behind`."""
        if self.cursor > self._hub.last:  # a cursor of another journal: never wait for it
            raise Behind
        return self._hub.after(self.cursor, self._jobs)

    async def _sleep(self) -> None:
        self._task = trio.lowlevel.current_task()
        self._hub.fall_asleep(self)
        await trio.lowlevel.wait_task_rescheduled(self._give_up)

    def _give_up(self, _: Callable[[], None]) -> trio.lowlevel.Abort:
        self._hub.forget_sleeper(self)
        self._task, self.cursor, self.due = None, self.cursor if self.due else self._hub.last, False
        return trio.lowlevel.Abort.SUCCEEDED

    @property
    def place(self) -> tuple[int, frozenset[str] | None]:
        """Two readers with the same have the same before them."""
        return self.cursor, self._jobs

    def due_events(self) -> list[Published]:
        """What can be handed on; none if its task has to see to it, as to the end of a job."""
        try:
            events = self.look()
        except Behind:
            return []
        return [] if any(event.last for event in events) else events

    def take(self, events: list[Published]) -> None:
        """Hand on what is due."""
        if not self.due:
            return
        taken = self.push is not None and bool(events) and self.push(events)
        if not self.due:
            return  # what it was pushed to has gone, and the task was cancelled
        self.due = False
        if taken:
            self.cursor = self._hub.last
        if not taken or self.nudged:
            self.wake(self.cursor + 1)

    def wake(self, seq: int) -> None:
        """There is news, beginning with the event of this number."""
        assert self._task is not None
        self._hub.forget_sleeper(self)
        self.cursor = seq - 1
        trio.lowlevel.reschedule(self._task)
        self._task = None
