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
    "write": 0.1,
    "speak": 0.001,
    "plan": 1.0,
    "draw": 0.3,
    "profile": 0.3,
    "render_scene": 0.004,
    "sound": 0.005,
    "join": 0.4,
    "preview": 0.3,
    "verify": 0.006,
    "finish": 0.012,
}
TAIL = frozenset({"join", "verify"})  # methods that wait for everything else
CHAIN = frozenset({"sound", "finish"})  # methods that follow each other
MIN_SPEED = 0.2  # seconds of work a second; a machine that is slower is suspended
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
    """A task that will come, runs or is done."""

    key: str
    method: str
    size: float
    done: float = 0.0


class Forecast:
    """The work of one job: pieces by name, expected first, then corrected by the real tasks.

    What a piece costs is looked up whenever it is asked, so the first scenes of a job teach what its
    others will take.
    """

    def __init__(self, costs: Costs, lanes: int, *, floor: float = 0.0) -> None:
        self._costs, self._lanes, self._floor = costs, lanes, floor
        self._pieces: dict[str, _Piece] = {}
        self._started: float | None = None
        self._known = False

    def expect(self, name: str, method: str, size: float, key: str = "") -> None:
        """Say that a task of that name will come, of about that size."""
        self._pieces.setdefault(name, _Piece(key or method, method, size))

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
        self._pieces[task.name] = _Piece(task_key(task), task.method, task.size)

    def advance(self, name: str, done: float) -> None:
        if name in self._pieces:
            piece = self._pieces[name]
            self._pieces[name] = piece._replace(done=max(piece.done, min(done, 1.0)))

    @property
    def percent(self) -> float:
        """0..100 with one decimal; never falls, and stays below 100."""
        total = sum(self._cost(piece) for piece in self._pieces.values())
        share = self._done() / total if total else float(self._known)
        self._floor = max(self._floor, min(round(share * 100, 1), 99.9))
        return self._floor

    @property
    def eta(self) -> float | None:
        """Seconds to go; None before anything has run.

        All share the lanes at the speed measured so far, but the sound is finished step by step, however
        many lanes there are; what joins and checks the whole comes after both.
        """
        if self._started is None:
            return None
        elapsed = time.monotonic() - self._started
        speed = (self._done() + self._lanes * TRUST) / (elapsed + TRUST)
        left = {name: self._cost(piece) * (1 - piece.done) for name, piece in self._pieces.items()}
        tail = self._sum(left, TAIL)
        shared = (sum(left.values()) - tail) / max(speed, MIN_SPEED)
        return round(max(shared, self._sum(left, CHAIN)) + tail, 1)

    def _sum(self, left: dict[str, float], methods: frozenset[str]) -> float:
        return sum(seconds for name, seconds in left.items() if self._pieces[name].method in methods)

    def _cost(self, piece: _Piece) -> float:
        return self._costs.of(piece.key, piece.method) * piece.size

    def _done(self) -> float:
        return sum(self._cost(piece) * piece.done for piece in self._pieces.values())
