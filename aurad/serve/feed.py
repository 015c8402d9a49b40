"""What one caller follows: events it may see and wants, exact from a snapshot or a cursor on, gaps told.

One source for every edge: server-sent events, the control socket, the page. It knows no wire.
"""

from __future__ import annotations

import typing
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Literal, NamedTuple

import msgspec
import trio

from aurad.engine.engine import Engine
from aurad.engine.hub import Behind, Hub, Published, Push, Reader
from aurad.engine.listing import fitting
from aurad.engine.logfiles import Spoken
from aurad.model.errors import AuradError
from aurad.model.event import EventType, JobView, Terminal
from aurad.model.value import Value
from aurad.serve.access import Caller

SNAPSHOT = 100  # ended jobs in a snapshot of all jobs, the newest; `jobs.list` gives the rest
TYPES = frozenset(typing.get_args(EventType))
LOG = "job-log"  # the one type that is not numbered, and only comes to those who ask for it
TERMINAL = frozenset(typing.get_args(Terminal))


class Filter(Value, frozen=True, kw_only=True):
    """Some jobs or all that one may see, some types of event or all, jobs with all of these labels."""

    jobs: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    labels: dict[str, str] | None = None


class Foreign(NamedTuple):
    """A cursor that this journal never gave."""

    asked: str


class Gap(NamedTuple):
    """What came after `requested` cannot be told in full; from `oldest` on everything is there."""

    requested: int | str
    oldest: int


class Snapshot(NamedTuple):
    """The jobs as of `seq`, on disk; events go on from it. Of `left_out` more there was no room to tell."""

    seq: int
    jobs: tuple[JobView, ...]
    left_out: int = 0


After = int | Literal["earliest"] | Foreign | None
Frame = Published | Spoken | Gap | Snapshot


def parse_cursor(text: str, epoch: str) -> int | Literal["earliest"] | Foreign:
    """`<epoch>-<seq>`, or `earliest`, as a place in this journal."""
    if text == "earliest":
        return "earliest"
    made, _, number = text.rpartition("-")
    known = made == epoch and number.isascii() and number.isdigit() and len(number) < 19
    return int(number) if known else Foreign(text)


class Feed:
    """Batches of frames, as they come. Cancelling a wait for the next batch loses nothing. Only a nudge gives none.

    Without `after` it starts with a snapshot. A feed of named jobs ends when nothing can come any more;
    any other never does. A `new` one, as one without `after` is, must see all that are named; one that is resumed
    goes on without those that are gone. `begin` may be awaited first, to be refused, or to learn `cursor` and `over`.
    """

    def __init__(self, engine: Engine, caller: Caller, filter: Filter, after: After, *, new: bool = False) -> None:
        if filter.jobs is not None:  # each once
            filter = msgspec.structs.replace(filter, jobs=tuple(dict.fromkeys(filter.jobs)))
        self._engine, self._events, self._caller, self._filter = engine, engine.events, caller, filter
        self._after, self._new = after, new or after is None
        self._open = frozenset(filter.jobs or ())  # named jobs of which something may come
        self._reader = Reader(self._events.hub, 0, None if filter.jobs is None else self._open)
        self._known: dict[str, bool] = {}  # whether a job is to be told of, for those seen lately
        self._first: list[Frame] | None = None
        self._log = engine.joblogs.listen() if LOG in (filter.types or ()) else None
        self._whose = filter.jobs is not None or caller.role == "admin"  # whatever comes may be seen
        self._all = (
            self._whose and filter.types is None and filter.labels is None
        )  # nothing that comes is to be left out
        self._holes = 0  # up to this number something is missing, and that is no news

    async def begin(self) -> None:
        """Find the place; raises E100 for a type that does not exist, E200 for a job that is not to be seen."""
        for kind in self._filter.types or ():
            if kind not in TYPES:
                raise AuradError("E100-REQUEST", f"cannot follow events of the type {kind!r}: there is none")
        unseen = [job_id for job_id in self._filter.jobs or () if not await self._sees(job_id)]
        if unseen and (self._new or len(unseen) == len(self._open)):  # who goes on may do without one that is gone
            raise AuradError("E200-NO_JOB", f"cannot find job {unseen[0]!r}")
        for job_id in unseen:
            self._close(job_id)
        self._first = await self._find_place()

    async def _sees(self, job_id: str) -> bool:
        try:
            return self._caller.sees((await self._engine.jobs.get(job_id)).owner)
        except AuradError:
            return False

    @property
    def hub(self) -> Hub:
        return self._events.hub

    @property
    def cursor(self) -> int:
        """The newest number looked at: all up to it was given, or is not for this caller."""
        return self._reader.cursor

    @property
    def over(self) -> bool:
        """Whether nothing can come any more."""
        return self._filter.jobs is not None and not self._open and not self._first

    def __aiter__(self) -> AsyncIterator[list[Frame]]:
        return self

    async def __anext__(self) -> list[Frame]:
        if self._first is None:
            await self.begin()
        if self._first:
            first, self._first = self._first, []
            return first
        while not self.over:
            frames = await self._next()
            nudged, self._reader.nudged = self._reader.nudged, False
            if frames or nudged:
                return frames
        raise StopAsyncIteration

    def push_to(self, push: Push) -> None:
        """From now on events that need no thought go there, while nobody else has anything to do here.

        It says whether it takes them, all or none; the last of a job is not among them.
        """
        if self._all and self._log is None:
            self._reader.push = push

    def nudge(self) -> None:
        """Let whoever waits for the next batch get an empty one."""
        self._reader.nudged = True

    async def skip(self) -> int:
        """Pass over everything that has come until now; returns its last number."""
        self._reader.cursor = max(self._reader.cursor, self._events.hub.last)
        await self._look_who_is_open()
        return self.cursor

    # ------------------------------------------------------------ where to begin

    async def _find_place(self) -> list[Frame]:
        match self._after:
            case None:
                return [await self._snapshot()]
            case Foreign(asked):
                return await self._gap(asked)
            case "earliest":
                self._holes = await self._events.pruned()
                await self._go_on_from(0)
                return []
            case int(after):
                if self._events.hub.last < after <= self._events.last:
                    await self._events.flush()  # its number is known already, it is on its way to the disk
                if after > self._events.hub.last or await self._is_pruned(after):
                    return await self._gap(after)
                await self._go_on_from(after)
                return []

    async def _is_pruned(self, after: int) -> bool:
        """Of named jobs nothing is, they are there. What the ring holds is not."""
        inside = self._filter.jobs is not None or after + 1 >= self._events.hub.oldest
        return not inside and after < await self._events.pruned()

    async def _go_on_from(self, cursor: int) -> None:
        self._reader.cursor = cursor
        await self._look_who_is_open()

    async def _look_who_is_open(self) -> None:
        """Named jobs whose end is still to come after the cursor. One that is gone cannot tell anything."""
        for job_id in self._open:
            try:
                view = await self._engine.jobs.get(job_id)
            except AuradError:
                self._close(job_id)
            else:
                if view.status.terminal and not await self._is_left(view):
                    self._close(job_id)

    async def _is_left(self, ended: JobView) -> bool:
        """Whether any of its events is still to be told: else one who wants few would come back for ever."""
        if ended.last_seq <= self.cursor or not self._wants(ended):
            return False
        types = self._filter.types
        return types is None or await self._events.any_after(self.cursor, ended.job_id, types)

    def _close(self, job_id: str) -> None:
        if job_id in self._open:
            self._open -= {job_id}
            self._reader.read_only(self._open)

    # ------------------------------------------------------------ snapshots

    async def _gap(self, requested: int | str) -> list[Frame]:
        oldest = await self._events.pruned() + 1
        return [Gap(requested, oldest), await self._snapshot()]

    async def _snapshot(self) -> Snapshot:
        """Number and jobs are of one moment, and told when it is on disk: no restart can take it back."""
        seq, live = self._events.last, {view.job_id: view for view in self._engine.jobs.live()}
        await self._events.flush()
        jobs = [view for view in await self._candidates(live) if view.last_seq <= seq and self._wants(view)]
        self._holes = max(self._holes, seq)
        await self._go_on_from(seq)
        told = fitting(jobs)
        return Snapshot(seq, told, len(jobs) - len(told))

    async def _candidates(self, live: dict[str, JobView]) -> list[JobView]:
        if self._filter.jobs is None:
            ended = await self._engine.jobs.ended(self._caller.filter, SNAPSHOT)
            return [*live.values(), *(view for view in ended if view.job_id not in live)]
        found = []
        for job_id in self._filter.jobs:
            try:
                found.append(live.get(job_id) or await self._engine.jobs.get(job_id))
            except AuradError:  # forgotten meanwhile
                continue
        return found

    # ------------------------------------------------------------ what comes

    async def _next(self) -> list[Frame]:
        """The next events; none if those that came are not for this caller."""
        try:
            events = await self._wait()
            through = events[-1].seq if events else self.cursor
        except Behind:
            events, through, pruned = await self._events.page(self.cursor, self._named())
            if pruned > max(self.cursor, self._holes):
                return await self._gap(self.cursor)
        wanted = events if self._all else [event for event in events if await self._is_wanted(event)]
        lines = await self._lines(events)
        self._reader.cursor = through  # from here on nothing waits: a cancel before it comes back to these events
        for event in events:
            if event.type in TERMINAL:
                self._known.pop(event.job_id, None)
                self._close(event.job_id)
        return [*lines, *wanted]

    async def _wait(self) -> list[Published]:
        """What came: at least one event, or none if a log has news."""
        if self._log is None:
            return await self._reader.wait()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wait_events, nursery.cancel_scope)
            await self._log.wait()
            nursery.cancel_scope.cancel()
        return self._reader.look()

    async def _wait_events(self, scope: trio.CancelScope) -> None:
        with suppress(Behind):
            await self._reader.wait()
        scope.cancel()

    async def _lines(self, events: list[Published]) -> list[Frame]:
        """News of logs; before the end of a job all of its own."""
        if self._log is None:
            return []
        if any(event.type in TERMINAL for event in events):
            await self._engine.joblogs.flush()
        return [
            spoken
            for spoken in self._log.news()
            if (self._filter.jobs is None or spoken.job_id in self._open) and await self._is_wanted(spoken)
        ]

    def _named(self) -> frozenset[str] | None:
        return None if self._filter.jobs is None else self._open

    async def _is_wanted(self, event: Published | Spoken) -> bool:
        if self._filter.types is not None and event.type not in self._filter.types:
            return False
        if self._filter.labels is None and self._whose:
            return True
        if event.job_id not in self._known:
            self._known[event.job_id] = await self._is_of_interest(event.job_id)
        return self._known[event.job_id]

    async def _is_of_interest(self, job_id: str) -> bool:
        try:
            return self._wants(await self._engine.jobs.get(job_id))
        except AuradError:  # forgotten meanwhile
            return False

    def _wants(self, view: JobView) -> bool:
        labels = self._filter.labels or {}
        return self._caller.sees(view.owner) and labels.items() <= view.labels.items()
