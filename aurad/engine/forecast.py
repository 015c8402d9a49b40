"""Percent and ETA of one job, from work: the tasks that come, run and are done, and what they cost.

Work that turned out to be known already counts nothing, neither as done nor as to do. What a task costs is
looked up whenever it is asked, so the first scenes of a job teach what its others will take.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from aurad.engine.coming import Coming
from aurad.engine.cores import kind_of, paces
from aurad.engine.estimate import Costs, first_guess, task_key
from aurad.engine.lookahead import Ahead, time_left
from aurad.engine.schedule import pool_size, slot_of
from aurad.engine.task import Task

PERIOD = 0.25  # seconds that an answer serves at least: nobody reads faster
SHARE = 0.05  # of a core that looking ahead may take: a script of 500 scenes has many tasks
OVERDUE = 0.2  # of the time a task has taken that is left at least: what is late stays late for a while


class _Piece(NamedTuple):
    """A task that will come, runs or is done."""

    what: Coming
    began: float | None = None
    start: float = 0.0  # seconds its worker takes to be there
    done: float = 0.0
    told: float = 0.0  # when it said how much is done
    first: float | None = None  # when it said so for the first time

    def work(self, cost: float, now: float) -> tuple[float, float]:
        """Seconds in all, and left: as expected, and the further the task is the more by its own pace."""
        expected = self.start + cost * self.what.size
        if self.began is None:
            return expected, expected * (1 - self.done)
        took, so_far = (self.told if self.done == 1 else now) - self.began, self.told - self.began
        units, seconds = self.pace
        own = seconds / units * self.what.size if units else expected
        rest = (1 - self.done) * (self.done * own + (1 - self.done) * expected)
        left = max(so_far + rest - took, OVERDUE * took) * (self.done < 1)
        return took + left, left

    def heard(self, done: float, now: float) -> _Piece:
        return self._replace(done=done, told=now, first=now if self.first is None else self.first)

    @property
    def pace(self) -> tuple[float, float]:
        """Units that are done, and the seconds they took.

        Of those until it first said something, when it got ready, the root of what is done: all at once would
        be taken for its pace, its share alone would count too late.
        """
        if self.first is None or self.began is None or not self.running:
            return 0.0, 0.0
        ready = max(self.first - self.began - self.start, 0.0)
        return self.done * self.what.size, self.told - self.first + self.done**0.5 * ready

    @property
    def slots(self) -> tuple[str, str]:
        return slot_of(self.what.method, self.what.slot), self.what.plugin

    @property
    def kind(self) -> str:
        return kind_of(self.what.method, self.what.slot)

    @property
    def running(self) -> bool:
        return self.began is not None and self.done < 1

    @property
    def cores(self) -> float:
        return first_guess(self.what.key).cores

    def ahead(self, left: float) -> Ahead:
        return Ahead(left, self.slots, self.what.after, self.what.order, self.running, self.kind, self.cores)


class Forecast:
    """The work of one job: pieces by name, expected first, then corrected by the real tasks.

    `jobs` tells how many share the lanes.
    """

    def __init__(self, costs: Costs, lanes: int, *, floor: float = 0.0, jobs: Callable[[], int] = lambda: 1) -> None:
        self._costs, self._lanes, self._jobs = costs, lanes, jobs
        self._pieces: dict[str, _Piece] = {}
        self._known = self._running = False
        self._had, self._ticked = defaultdict[str, float](float), time.monotonic()
        self._percent, self._eta, self._looked, self._due = floor, 0.0, 0.0, 0.0

    def expect(self, coming: Coming) -> None:
        """Say that a task of that name will come, of about that size."""
        self._pieces.setdefault(coming.name, _Piece(coming))

    def drop(self, name: str) -> None:
        """It will not come."""
        self._pieces.pop(name, None)

    def known(self, name: str) -> None:
        """Its result was there already: no work, and a video of known parts is as good as done."""
        self._pieces.pop(name, None)
        self._known = True

    def begin(self, task: Task) -> None:
        """A task really runs: its true size replaces what was expected."""
        key, expected = task_key(task), self._pieces.get(task.name)
        after = expected.what.after if expected else ()
        what = Coming(task.name, task.method, task.size, key, task.slot, task.order, after)
        piece = _Piece(what, start=self._costs.start(key))
        now = self._tick()[piece.kind]
        self._pieces[task.name] = piece._replace(began=now, told=now)
        self._running = True

    def advance(self, name: str, done: float) -> None:
        piece = self._pieces.get(name)
        if piece and min(done, 1.0) > piece.done:
            self._pieces[name] = piece.heard(min(done, 1.0), self._tick()[piece.kind])

    @property
    def percent(self) -> float:
        """0..100 with one decimal; never falls, and stays below 100."""
        self._look()
        return self._percent

    @property
    def eta(self) -> float | None:
        """Seconds to go; None before anything has run."""
        self._look()
        return round(max(self._eta - (time.monotonic() - self._looked), 0.0), 1) if self._running else None

    def seconds_ahead(self) -> float:
        """Seconds that all that is expected will take, looked at anew."""
        return self._time_left(self._survey(self._tick())[1])

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        all_work, ahead = self._survey(self._tick())
        done = 1 - sum(task.seconds for task in ahead.values()) / all_work if all_work else float(self._known)
        self._percent = max(self._percent, min(round(done * 100, 1), 99.9))
        self._eta, self._looked = self._time_left(ahead), now
        ended = time.monotonic()
        self._due = ended + max(PERIOD, (ended - now) / SHARE)

    def _tick(self) -> dict[str, float]:
        """The time that running tasks have had by their kind, as if each had a core of its own."""
        now = time.monotonic()
        cores, wanted = self._lanes / max(self._jobs(), 1), defaultdict[str, float](float)
        for piece in self._pieces.values():
            if piece.running:
                wanted[piece.kind] += min(piece.cores, max(cores, 1.0))
        for kind, pace in paces(wanted, cores).items():
            self._had[kind] += (now - self._ticked) * pace
        self._ticked = now
        return self._had

    def _survey(self, now: dict[str, float]) -> tuple[float, dict[str, Ahead]]:
        """The seconds of all work, and what is left of it."""
        all_work, ahead, started, costs = 0.0, dict[str, Ahead](), set[str](), self._unit_costs()
        for name, piece in self._pieces.items():
            key = piece.what.key
            first = piece.began is None and piece.what.plugin not in started
            started.add(piece.what.plugin)
            whole, left = piece.work(costs[key], now[piece.kind])
            start = self._costs.start(key) if first else 0.0
            all_work += whole + start
            if left:
                ahead[name] = piece.ahead(left + start)
        return all_work, ahead

    def _unit_costs(self) -> dict[str, float]:
        """What a unit costs by key, with what the running tasks tell of themselves."""
        sizes, seconds, typical = defaultdict[str, float](float), defaultdict[str, float](float), dict[str, float]()
        for piece in self._pieces.values():
            key = piece.what.key
            typical.setdefault(key, piece.what.size)
            size, took = piece.pace
            sizes[key] += size
            seconds[key] += took
        return {
            key: self._costs.of(key, size=sizes[key], seconds=seconds[key], typical=size)
            for key, size in typical.items()
        }

    def _time_left(self, ahead: dict[str, Ahead]) -> float:
        """Jobs share the cores evenly, and the slots as far as there are enough."""
        jobs = max(self._jobs(), 1)
        lanes = max(self._lanes // jobs, 1)
        capacity = {"cpu": lanes, "finish": lanes}
        for piece in self._pieces.values():
            what = piece.what
            workers = pool_size(what.method, what.slot, self._lanes)
            capacity[what.plugin] = max(capacity.get(what.plugin, 0), workers)
            capacity.setdefault(what.slot, len(ahead))
        return time_left(ahead, capacity, self._lanes / jobs)
