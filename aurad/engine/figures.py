"""What the daemon counts while it works: plain numbers, cheap enough for the hottest path. Nothing is rendered here.

Everything but `Commits` belongs to Trio's thread.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import trio

from aurad.engine.hub import Published

# Upper bounds of buckets, in seconds. What is counted by them spans these ranges on slow disks and fast.
QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
LONG = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
LOOP = 1.0  # seconds between two looks at the event loop: an idle daemon should stay idle


class Histogram:
    """How often values fell between two bounds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = QUICK) -> None:
        self.bounds, self.counts, self.total = bounds, [0] * (len(bounds) + 1), 0.0

    def observe(self, value: float, times: int = 1) -> None:
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    @property
    def count(self) -> int:
        return sum(self.counts)

    def buckets(self) -> Iterator[tuple[str, float]]:
        """Upper bounds, the last `+Inf`, each with how many values were not above it."""
        below = 0
        for bound, number in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            below += number
            yield bound, below


class Work:
    """Tasks: run, failed and reused, by stage and method; how long each took."""

    def __init__(self) -> None:
        self.ran, self.failed, self.reused = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[str]()
        self.seconds: defaultdict[tuple[str, str], Histogram] = defaultdict(lambda: Histogram(LONG))
        self.running = 0

    @contextmanager
    def running_task(self, stage: str, method: str) -> Iterator[None]:
        """One attempt at a task; an exception is a failure, a cancel is neither."""
        began = time.perf_counter()
        self.running += 1
        try:
            yield
        except Exception:
            self.failed[stage, method] += 1
            raise
        finally:
            self.running -= 1
        self.ran[stage, method] += 1
        self.seconds[stage, method].observe(time.perf_counter() - began)


class Deliveries:
    """Events on their way to whoever follows: how many, how late, and what could not be told."""

    def __init__(self) -> None:
        self.followers: Counter[str] = Counter()  # by edge: sse, socket
        self.delivered: Counter[str] = Counter()
        self.missed = self.lagged = self.gaps = 0
        self.delay = Histogram()

    @contextmanager
    def following(self, edge: str) -> Iterator[None]:
        """Somebody follows events on an edge."""
        self.followers[edge] += 1
        try:
            yield
        finally:
            self.followers[edge] -= 1

    def sent(self, edge: str, events: Sequence[Published], before: int) -> None:
        """Events were handed to the reader's connection.

        Those up to the number `before` are history that the reader asked for: their age is nobody's delay.
        """
        self.delivered[edge] += len(events)
        news = events if events[0].seq > before else [event for event in events if event.seq > before]
        if news and news[0].at:
            self.delay.observe(time.perf_counter() - news[0].at, len(news))

    def skipped(self, events: int) -> None:
        """A reader was too slow, and was told which events it will not get."""
        self.lagged += 1
        self.missed += events

    def gap(self, requested: int | str, oldest: int) -> None:
        """A reader asked for events that are gone, or for another journal's, and was told so."""
        self.gaps += 1
        if isinstance(requested, int):
            self.missed += max(oldest - requested - 1, 0)

    @property
    def success(self) -> float:
        """The share of events that reached whom they were for: 1.0 is all."""
        delivered = sum(self.delivered.values())
        return delivered / (delivered + self.missed) if delivered + self.missed else 1.0


class Commits:
    """The journal's commits; its writer's thread alone counts."""

    def __init__(self) -> None:
        self.seconds = Histogram()
        self.entries = 0


class Figures:
    """All of it."""

    def __init__(self, work: Work, commits: Commits) -> None:
        self.work, self.commits, self.deliveries, self.loop = work, commits, Deliveries(), Histogram()

    async def watch_loop(self) -> None:
        """Measure for ever how late the event loop wakes a task."""
        while True:
            due = trio.current_time() + LOOP
            await trio.sleep_until(due)
            self.loop.observe(max(trio.current_time() - due, 0.0))
