"""Recorded tasks, some of them faster or slower: each waits for what it waited for, and all share the cores anew.

What a task had of the cores is its work, at full speed; the pace that it gets depends on who runs beside it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from aurad.engine.coming import Coming
from aurad.engine.cores import kind_of, paces
from aurad.engine.estimate import first_guess

LANES = 2


class Ran(NamedTuple):
    """A recorded task; `told` are the shares it said were done, and when."""

    coming: Coming
    begin: float
    end: float
    told: tuple[tuple[float, float], ...]

    @property
    def name(self) -> str:
        return self.coming.name

    @property
    def kind(self) -> str:
        return kind_of(self.coming.method, self.coming.slot)


class _Running:
    """A task on its way: the work it has had, and what is to be told at which."""

    def __init__(self, ran: Ran, begin: float, had: Callable[[str, float], float], factor: float) -> None:
        start = had(ran.kind, ran.begin)
        self.ran, self.begin, self.got = ran, begin, 0.0
        self.work = (had(ran.kind, ran.end) - start) * factor
        self.ahead = [((had(ran.kind, at) - start) * factor, done) for at, done in ran.told if at <= ran.end]
        self.told: list[tuple[float, float]] = []

    def go_on(self, now: float, seconds: float, pace: float) -> None:
        while self.ahead and self.ahead[0][0] <= self.got + seconds * pace:
            work, done = self.ahead.pop(0)
            self.told.append((now + (work - self.got) / pace, done))
        self.got += seconds * pace

    def ended(self, at: float) -> Ran:
        return Ran(self.ran.coming, self.begin, at, tuple(self.told))


def paced(recorded: Sequence[Ran], after: Mapping[str, set[str]], factors: Mapping[str, float]) -> list[Ran]:
    """The tasks at their new times; `factors` multiply the work of some, by name or method."""
    begun = sorted(recorded, key=lambda one: one.begin)
    had, waits = _had(begun), {ran.name: _waits(ran, begun, after.get(ran.name, set())) for ran in begun}
    now, todo, running, ended = 0.0, {ran.name: ran for ran in begun}, dict[str, _Running](), dict[str, Ran]()
    while todo or running:
        pace = _paces(one.ran for one in running.values())
        due = {
            name: max((ended[other].end for other in before), default=0.0) + gap
            for name, (before, gap) in waits.items()
            if name in todo and before <= ended.keys()
        }
        due |= {name: now + (one.work - one.got) / pace[one.ran.kind] for name, one in running.items()}
        name = min(due, key=lambda each: due[each])
        for one in running.values():
            one.go_on(now, max(due[name] - now, 0.0), pace[one.ran.kind])
        now = max(now, due[name])
        if name in running:
            ended[name] = running.pop(name).ended(now)
        else:
            ran = todo.pop(name)
            running[name] = _Running(ran, now, had, factors.get(name, factors.get(ran.coming.method, 1.0)))
    return list(ended.values())


def _waits(ran: Ran, begun: Sequence[Ran], after: set[str]) -> tuple[set[str], float]:
    """What a task begins after: its inputs and whoever left the slot that it took; and how many seconds after."""
    before = [one for one in begun if one.end <= ran.begin]
    freed = {max(before, key=lambda one: one.end).name} if before else set()
    wanted = [one for one in before if one.name in after | freed]
    return {one.name for one in wanted}, ran.begin - max((one.end for one in wanted), default=0.0)


def _had(begun: Sequence[Ran]) -> Callable[[str, float], float]:
    """Seconds at full speed that a running task of a kind has had until a moment, since the recording began."""
    edges = sorted({0.0, *(ran.begin for ran in begun), *(ran.end for ran in begun)})
    rates = [_paces(ran for ran in begun if ran.begin <= at < ran.end) for at in edges]
    sums: list[dict[str, float]] = [dict.fromkeys(rates[0], 0.0)]
    for (at, until), rate in zip(pairwise(edges), rates, strict=False):
        sums.append({kind: sums[-1][kind] + (until - at) * rate[kind] for kind in rate})

    def had(kind: str, at: float) -> float:
        last = bisect_right(edges, at) - 1
        return sums[last][kind] + (at - edges[last]) * rates[last][kind]

    return had


def _paces(running: Iterable[Ran]) -> dict[str, float]:
    wanted = defaultdict[str, float](float)
    for ran in running:
        wanted[ran.kind] += min(first_guess(ran.coming.key).cores, LANES)
    return paces(wanted, LANES)
