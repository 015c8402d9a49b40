"""Slots shared fairly, and single flight: equal digests in flight are one task."""

from __future__ import annotations

import collections
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio

Rank = tuple[float, ...]
Emit = Callable[[str, Any], None]
RENDERING = frozenset({"profile", "render_scene"})
FINISHING = frozenset({"sound", "finish", "listen", "join", "verify"})
DOWN = 5.0  # seconds a cancelled task may take to be gone: a worker that does not obey is killed after one


def pool_size(method: str, slot: str, lanes: int) -> int:
    """Workers of one plugin: encoders fill every lane; models are large, so others share half of them."""
    return lanes if method in RENDERING or slot == "network" else max(1, lanes // 2)


def pool_of(plugin: str) -> str:
    """The name of the slots that a plugin's workers are."""
    return f"worker:{plugin}"


def slot_of(method: str, slot: str) -> str:
    """What ends a video is one long chain of small work: it shares the cores with encoders and waits for none."""
    return "finish" if slot == "cpu" and method in FINISHING else slot


class Slots:
    """Named capacities (`cpu`, `network`, `worker:hibari`); whoever asks gets all it names, or waits.

    When something is given back, the waiter with the lowest rank that fits goes first: the urgent, then
    those whose owners (a person, then a job) hold least, then the caller's own order.
    """

    def __init__(self, capacity: Mapping[str, int]) -> None:
        self._free = dict(capacity)
        self._held: collections.Counter[str] = collections.Counter()
        self._waiting: list[_Waiting] = []
        self._open, self._holders, self._empty = True, 0, trio.Event()

    async def close(self) -> None:
        """Grant nothing any more; returns once all is given back."""
        self._open = False
        await trio.lowlevel.checkpoint()
        if self._holders:
            await self._empty.wait()

    def add(self, name: str, capacity: int) -> None:
        """Make another capacity known; a known one stays as it is."""
        self._free.setdefault(name, capacity)

    @asynccontextmanager
    async def hold(self, names: Sequence[str], owners: Sequence[str], rank: Callable[[], Rank]) -> AsyncIterator[None]:
        """Hold one of each of `names` while the block lasts. `rank` is asked anew whenever one is free."""
        assert self._free.keys() >= {*names}
        waiting = _Waiting(names, owners, rank)
        self._waiting.append(waiting)
        self._grant([waiting])  # the others have not fitted before
        try:
            await waiting.granted.wait()
            yield
        finally:
            self._give_back(waiting)

    def _give_back(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            return
        self._held.subtract(waiting.owners)
        self._held += collections.Counter()  # forgets those who hold nothing
        for name in waiting.names:
            self._free[name] += 1
        self._holders -= 1
        if not self._holders and not self._open:
            self._empty.set()
        self._grant(self._waiting)

    @property
    def waiting(self) -> int:
        """How many want something that is not free."""
        return len(self._waiting)

    def awaited(self, name: str) -> bool:
        """Whether somebody who waits will use one of `name`."""
        return any(name in one.names for one in self._waiting)

    def _grant(self, those: list[_Waiting]) -> None:
        while those := self._fitting(those):
            best = min(those, key=self._rank)
            self._waiting.remove(best)
            self._held.update(best.owners)
            self._holders += 1
            for name in best.names:
                self._free[name] -= 1
            best.granted.set()
            those.remove(best)

    def _fitting(self, those: list[_Waiting]) -> list[_Waiting]:
        free = {name for name, number in self._free.items() if number > 0 and self._open}
        return [one for one in those if free.issuperset(one.names)]

    def _rank(self, waiting: _Waiting) -> Rank:
        urgency, *order = waiting.rank()
        return (urgency, *(self._held[owner] for owner in waiting.owners), *order)


class _Waiting:
    def __init__(self, names: Sequence[str], owners: Sequence[str], rank: Callable[[], Rank]) -> None:
        self.names, self.owners, self.rank, self.granted = names, owners, rank, trio.Event()


class Waiter:
    """Somebody who wants a flight's result: how urgently, where its news go, and why it may not be begun for them.

    `pins` takes the files of the result.
    """

    def __init__(
        self, rank: Callable[[], Rank], emit: Emit, refusal: Callable[[], Exception | None], pins: set[str]
    ) -> None:
        self.rank, self.emit, self.refusal, self.pins = rank, emit, refusal, pins


class Flight:
    """One task under way for everybody who wants it."""

    def __init__(self) -> None:
        self.waiters: list[Waiter] = []
        self.pins: set[str] = set()  # files that it holds for them
        self._notes: dict[str, tuple[str, Any]] = {}
        self._landed, self._scope = trio.Event(), trio.CancelScope()
        self._result: Any = None
        self._error: BaseException | None = None

    def rank(self) -> Rank:
        """The most urgent waiter's."""
        return min((waiter.rank() for waiter in self.waiters), default=(10.0,))

    def check(self) -> None:
        """Raises the first refusal if every waiter refuses."""
        refusals = [waiter.refusal() for waiter in self.waiters]
        if refusals and refusals[0] and all(refusals):
            raise refusals[0]

    def emit(self, kind: str, news: Any) -> None:
        """Pass news on to every waiter."""
        if kind == "started":
            self._notes = {kind: (kind, news)}  # who joins later must know as well
        elif kind == "tool":
            self._notes[news.run_id] = (kind, news)
            if news.exit_code is not None:
                del self._notes[news.run_id]
        for waiter in self.waiters:
            waiter.emit(kind, news)

    async def run(self, body: Callable[[Flight], Awaitable[Any]]) -> None:
        try:
            with self._scope:
                self._result = await body(self)
        except Exception as error:
            self._error = error
        finally:
            self._landed.set()

    async def wait(self, waiter: Waiter) -> Any:
        """The result, or the error; whoever leaves last takes the flight down, and goes when it is down."""
        self.waiters.append(waiter)
        for note in self._notes.values():
            waiter.emit(*note)
        try:
            await self._landed.wait()
        finally:
            if self.waiters == [waiter] and not self._landed.is_set():
                self._scope.cancel()
                with trio.move_on_after(DOWN, shield=True):
                    await self._landed.wait()  # still there to hear how it ended
            self.waiters.remove(waiter)
        if self._error is not None:
            raise self._error
        return self._result

    @property
    def abandoned(self) -> bool:
        return self._scope.cancel_called


class Flights:
    """All tasks under way, by digest."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._flying: dict[str, Flight] = {}

    async def join(self, digest: str, waiter: Waiter, body: Callable[[Flight], Awaitable[Any]]) -> Any:
        """The result of `body`, run once for all who ask for `digest` at the same time."""
        flight = self._flying.get(digest)
        if flight is None or flight.abandoned:
            flight = self._flying[digest] = Flight()
            self._nursery.start_soon(self._fly, digest, flight, body)
        return await flight.wait(waiter)

    async def _fly(self, digest: str, flight: Flight, body: Callable[[Flight], Awaitable[Any]]) -> None:
        try:
            await flight.run(body)
        finally:
            if self._flying.get(digest) is flight:
                del self._flying[digest]
