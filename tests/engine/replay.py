"""Recorded runs, told to a forecast again: what it would have promised at each moment, without any rendering.

A recording holds what the engine told its forecast in a real cold run, and when. Its tasks can be made
faster or slower: what waited for them then comes as much earlier or later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aurad.engine import forecast
from aurad.engine.coming import BODY, Coming, unwritten
from aurad.engine.cores import Cores, kind_of
from aurad.engine.estimate import Costs, first_guess, task_key
from aurad.engine.forecast import Forecast
from aurad.engine.task import Task
from aurad.model.stage import ProfileRequest, VoiceRequest
from aurad.model.video import Canvas
from tests.bench.journal import Moment
from tests.engine.pacing import LANES, Ran, paced

RUNS = Path(__file__).with_name("runs")
HD = Canvas(width=1920, height=1080)


class Nowhere:
    """A journal that keeps nothing."""

    def commit_soon(self, *writes: Any) -> None:
        pass


class Recording(NamedTuple):
    """`scripted` is when the script was known, and with it what is to be expected."""

    scripted: float
    expected: list[Coming]
    ran: list[Ran]
    end: float

    def paced(self, factors: Mapping[str, float]) -> Recording:
        """With some tasks (by name or method) faster or slower."""
        new = paced(self.ran, {one.name: set(one.after) for one in self.expected}, factors)
        ends = {ran.name: ran.end for ran in new}
        rest = self.end - max(ran.end for ran in self.ran)
        return Recording(ends["script"], self.expected, new, max(ends.values()) + rest)


def recorded(name: str) -> Recording:
    """A run by its file's name, as `record` wrote it."""
    data = json.loads((RUNS / f"{name}.json").read_text())
    scripted = next(at for at, what, _ in data["events"] if what == "drop")
    expected = [_coming(one) for at, what, one in data["events"] if what == "expect" and at >= scripted]
    begins: dict[str, tuple[float, Coming]] = {}
    ends, told = dict[str, float](), dict[str, list[tuple[float, float]]]()
    for at, what, about in data["events"]:
        match what, about:
            case "begin", (task, method, size, key, slot, order):
                begins[task] = (at, Coming(task, method, size, key, slot, order))
            case "advance", (task, done):
                told.setdefault(task, []).append((at, done))
            case "learn", (task, _):
                ends[task] = at
    ran = [Ran(w, at, ends[n], tuple(told.get(n, ()))) for n, (at, w) in begins.items() if n in ends]
    return Recording(scripted, expected, ran, data["end"])


def _coming(one: dict[str, Any]) -> Coming:
    return Coming(**one | {"after": tuple(one["after"])})


def task_of(ran: Ran) -> Task:
    """As the engine had it, as far as costs and forecasts look at it."""
    what = ran.coming
    plugin, stage, method = what.key.partition("@")[0].split(".")
    request = (
        ProfileRequest(canvas=HD, quality="standard") if "@" in what.key else VoiceRequest(text="a", language="en")
    )
    return Task(
        plugin=plugin, stage=stage, method=method, fingerprint="", step="Voice", name=what.name, size=what.size,
        order=what.order, slot=what.slot, request=request,
    )  # fmt: skip


def replay(run: Recording, monkeypatch: pytest.MonkeyPatch, *, every: float = 0.25) -> list[Moment]:
    """What was promised, four times a second."""
    now = 0.0
    monkeypatch.setattr(forecast.time, "monotonic", lambda: now)
    costs = Costs(Nowhere())  # type: ignore[arg-type]
    seen, cores = Forecast(costs, LANES), Cores(LANES)
    promises, events = list[Moment](), sorted(_events(run, costs, cores, seen), key=lambda event: event[0])
    while now < run.end:
        while events and events[0][0] <= now:
            events.pop(0)[1]()
        promises.append(Moment(now, seen.percent, seen.eta))
        now += every
    return [*promises, Moment(run.end, 100.0, None)]


def _events(run: Recording, costs: Costs, cores: Cores, seen: Forecast) -> Iterator[tuple[float, Any]]:
    yield 0.0, lambda: [seen.expect(one) for one in unwritten(HD.fps)]
    yield run.scripted, lambda: ([seen.drop(method) for method in BODY], [seen.expect(one) for one in run.expected])
    for ran in run.ran:
        running = _Running(task_of(ran), cores, costs, seen)
        yield ran.begin, running.begin
        for at, done in ran.told:
            yield at, partial(seen.advance, ran.coming.name, done)
        yield ran.end, running.end


class _Running:
    """A task of the recording, as the engine runs it."""

    def __init__(self, task: Task, cores: Cores, costs: Costs, seen: Forecast) -> None:
        self._task, self._costs, self._seen, self._stack = task, costs, seen, ExitStack()
        self._used = cores.used(kind_of(task.method, task.slot), first_guess(task_key(task)).cores)

    def begin(self) -> None:
        self._had = self._stack.enter_context(self._used)
        self._seen.begin(self._task)

    def end(self) -> None:
        self._costs.learn(self._task, self._had())
        self._stack.close()
        self._seen.advance(self._task.name, 1.0)
