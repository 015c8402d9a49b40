"""When everything will be done: the same choices that the scheduler will make, made on paper.

Slots say who may run, `cores` how fast.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from aurad.engine.cores import PROMPT, paces


class Ahead(NamedTuple):
    """A task that runs or will: how long still at full speed, what it waits for, the slots it takes and its turn."""

    seconds: float
    slots: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    order: float = 0.0
    running: bool = False
    kind: str = PROMPT
    cores: float = 1.0  # that it can use, if they are there


def time_left(tasks: Mapping[str, Ahead], capacity: Mapping[str, int], cores: float) -> float:
    """Seconds until the last of `tasks` ends."""
    paper = _Paper(tasks, capacity, cores)
    while any(paper.ends.values()):
        paper.step()
    return paper.now


class _Paper:
    """Slots, tasks that could start by the slots they take, and the running ones by their end.

    Ends are kept in `work`: the seconds that each running task of a kind has had of a core of its own.
    """

    def __init__(self, tasks: Mapping[str, Ahead], capacity: Mapping[str, int], cores: float) -> None:
        self.tasks, self.free, self.cores, self.now = tasks, dict(capacity), cores, 0.0
        self.work = dict.fromkeys(paces({}, cores), 0.0)
        self.wanted = dict.fromkeys(self.work, 0.0)
        self.ends: dict[str, list[tuple[float, str]]] = {kind: [] for kind in self.work}
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
        name = self._next()
        for slot in self.tasks[name].slots:
            self.free[slot] += 1
        self._grant()
        for follower in self.followers[name]:
            self.waits[follower] -= 1
            if not self.waits[follower]:
                self._enqueue(follower)
        self._grant()

    def _next(self) -> str:
        """Let the time pass until a task ends, and say which."""
        pace = paces(self.wanted, self.cores)
        wait, kind = min(
            (max(ends[0][0] - self.work[kind], 0.0) / pace[kind], kind) for kind, ends in self.ends.items() if ends
        )
        self.now += wait
        for each in self.work:
            self.work[each] += wait * pace[each]
        name = heapq.heappop(self.ends[kind])[1]
        self.wanted[kind] -= min(self.tasks[name].cores, max(self.cores, 1.0))
        return name

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
        task = self.tasks[name]
        for slot in task.slots:
            self.free[slot] -= 1
        self.wanted[task.kind] += min(task.cores, max(self.cores, 1.0))
        heapq.heappush(self.ends[task.kind], (self.work[task.kind] + task.seconds, name))
