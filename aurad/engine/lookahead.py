"""When everything will be done: the same choices that the scheduler will make, made on paper.

Slots say who may run, cores how fast: where more tasks run than there are cores, each gets its share.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

ON_CORES = frozenset({"cpu", "finish"})  # slots whose tasks compute here; the others wait for something


class Ahead(NamedTuple):
    """A task that runs or will: how long still, what it waits for, the slots it takes and its turn."""

    seconds: float
    slots: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    order: float = 0.0
    running: bool = False


def time_left(tasks: Mapping[str, Ahead], capacity: Mapping[str, int], cores: float) -> float:
    """Seconds until the last of `tasks` ends."""
    paper = _Paper(tasks, capacity, cores)
    while paper.ends:
        paper.step()
    return paper.now


class _Paper:
    """Slots, tasks that could start by the slots they take, and the running ones by their end.

    Ends are kept in `work`: the seconds that each running task has had of a core of its own.
    """

    def __init__(self, tasks: Mapping[str, Ahead], capacity: Mapping[str, int], cores: float) -> None:
        self.tasks, self.free, self.cores = tasks, dict(capacity), cores
        self.now, self.work, self.busy = 0.0, 0.0, 0
        self.ends: list[tuple[float, str]] = []
        self.ready: defaultdict[tuple[str, ...], list[tuple[float, str]]] = defaultdict(list)
        self.followers: defaultdict[str, list[str]] = defaultdict(list)
        self.waits: dict[str, int] = {}
        for name, task in tasks.items():
            if task.running:
                self._start(name)
            else:
                self._plan(name, task)
        self._grant()

    def _plan(self, name: str, task: Ahead) -> None:
        before = [other for other in task.after if other in self.tasks]
        self.waits[name] = len(before)
        for other in before:
            self.followers[other].append(name)
        if not before:
            self._enqueue(name)

    def step(self) -> None:
        """The next end. Who waits already gets the slots; what follows from the result asks a moment later."""
        crowd = max(self.busy / self.cores, 1.0)
        end, name = heapq.heappop(self.ends)
        self.now, self.work = self.now + (end - self.work) * crowd, end
        for slot in self.tasks[name].slots:
            self.free[slot] += 1
            self.busy -= slot in ON_CORES
        self._grant()
        for follower in self.followers[name]:
            self.waits[follower] -= 1
            if not self.waits[follower]:
                self._enqueue(follower)
        self._grant()

    def _enqueue(self, name: str) -> None:
        heapq.heappush(self.ready[self.tasks[name].slots], (self.tasks[name].order, name))

    def _grant(self) -> None:
        while fitting := [
            (queue[0], slots)
            for slots, queue in self.ready.items()
            if queue and all(self.free[slot] > 0 for slot in slots)
        ]:
            (_, name), slots = min(fitting)
            heapq.heappop(self.ready[slots])
            self._start(name)

    def _start(self, name: str) -> None:
        for slot in self.tasks[name].slots:
            self.free[slot] -= 1
            self.busy += slot in ON_CORES
        heapq.heappush(self.ends, (self.work + self.tasks[name].seconds, name))
