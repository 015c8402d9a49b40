"""Percent and ETA from work: sizes times costs that were learnt on this machine, never from words.

A cost is seconds of one slot for one unit of a method's size (a character, a slide, a frame, a second of
sound). Work that turned out to be known already counts nothing, neither as done nor as to do.
"""

from __future__ import annotations

import sqlite3
import time
from typing import NamedTuple

from aurad.engine.journal import Journal
from aurad.engine.task import Task
from aurad.model.video import Canvas

FIRST_GUESS = {  # seconds a unit on a 2-core machine at 1080p, until something has been learnt
    "write": 0.3,
    "speak": 0.004,
    "plan": 1.0,
    "draw": 0.8,
    "profile": 0.5,
    "render_scene": 0.014,
    "sound": 0.01,
    "join": 0.3,
    "preview": 0.3,
    "verify": 0.02,
    "finish": 0.02,
}
WEIGHT = 0.25  # of the newest sample in a learnt cost: follows a changed machine within a few tasks
TRUST = 3.0  # seconds of elapsed time by which the assumed speed is weighed against the measured one


def cost_key(plugin: str, stage: str, method: str, canvas: Canvas | None) -> str:
    """What a cost is learnt for: the stage, its method and, where pictures are made, their size."""
    size = f"@{canvas.width}x{canvas.height}" if canvas else ""
    return f"{plugin}.{stage}.{method}{size}"


def task_key(task: Task) -> str:
    return cost_key(task.plugin, task.stage, task.method, getattr(task.request, "canvas", None))


class Costs:
    """Learnt costs, in memory and in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, float] = {}

    async def load(self) -> None:
        rows = await self._journal.read("SELECT key, seconds_per_unit FROM costs")
        self._known = {row[0]: row[1] for row in rows}

    def of(self, key: str, method: str) -> float:
        return self._known.get(key, FIRST_GUESS.get(method, 1.0))

    def learn(self, task: Task, seconds: float) -> None:
        """Take in how long a task held its slot."""
        key, sample = task_key(task), seconds / max(task.size, 1e-6)
        known = self._known.get(key)
        value = self._known[key] = sample if known is None else known + WEIGHT * (sample - known)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO costs VALUES (?1, ?2, 1) ON CONFLICT (key)"
                " DO UPDATE SET seconds_per_unit = ?2, samples = samples + 1",
                (key, value),
            )

        self._journal.commit_soon(write)


class _Piece(NamedTuple):
    cost: float
    done: float


class Forecast:
    """The work of one job: pieces by name, expected first, then corrected by the real tasks."""

    def __init__(self, costs: Costs, lanes: int, *, floor: float = 0.0) -> None:
        self._costs, self._lanes, self._floor = costs, lanes, floor
        self._pieces: dict[str, _Piece] = {}
        self._started: float | None = None
        self._known = False

    def expect(self, name: str, method: str, size: float, key: str = "") -> None:
        """Say that a task of that name will come, of about that size."""
        self._pieces.setdefault(name, _Piece(self._costs.of(key or method, method) * size, 0.0))

    def drop(self, name: str) -> None:
        """It will not come."""
        self._pieces.pop(name, None)

    def known(self, name: str) -> None:
        """Its result was there already: no work, and a video of known parts is as good as done."""
        self._pieces.pop(name, None)
        self._known = True

    def begin(self, task: Task) -> None:
        """A task really runs: its true size replaces what was expected."""
        self._started = self._started or time.monotonic()
        self._pieces[task.name] = _Piece(self._costs.of(task_key(task), task.method) * task.size, 0.0)

    def advance(self, name: str, done: float) -> None:
        if name in self._pieces:
            piece = self._pieces[name]
            self._pieces[name] = piece._replace(done=max(piece.done, min(done, 1.0)))

    @property
    def percent(self) -> float:
        """0..100 with one decimal; never falls, and stays below 100."""
        total = sum(piece.cost for piece in self._pieces.values())
        share = self._done() / total if total else float(self._known)
        self._floor = max(self._floor, min(round(share * 100, 1), 99.9))
        return self._floor

    @property
    def eta(self) -> float | None:
        """Seconds to go: what is left over a speed that is measured as soon as there is something to measure."""
        if self._started is None:
            return None
        elapsed, done = time.monotonic() - self._started, self._done()
        assumed = float(self._lanes)
        speed = (done + assumed * TRUST) / (elapsed + TRUST)
        left = sum(piece.cost * (1 - piece.done) for piece in self._pieces.values())
        return round(left / max(speed, 0.05), 1)

    def _done(self) -> float:
        return sum(piece.cost * piece.done for piece in self._pieces.values())
