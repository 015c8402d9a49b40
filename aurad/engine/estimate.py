"""What a task will take: costs that were learnt on this machine, never words.

A cost is seconds of one slot for one unit of a method's size (a character, a slide, a frame, a second of
sound); a worker that was just started takes some more once. What nobody has done yet is guessed, and the
guess is scaled by how the tasks that were done compare with theirs: another machine, or a busy one.
"""

from __future__ import annotations

import sqlite3
from statistics import median
from typing import NamedTuple

from aurad.engine.journal import Journal
from aurad.engine.task import Task
from aurad.model.video import Canvas

KEEP = 0.9  # of what older tasks weigh when one more is done: about the last ten count, as a machine's load changes
AS_GUESSED = 1.0  # what the guess itself says of the speed, beside the kinds of tasks that were done
PRIOR = 7.0  # tasks that a guess counts for at first: scenes differ more than machines do, whose speed scales it
TINY = 1e-6
LEAST = 0.2  # of a first task's time that is work at least, however long its worker takes to start


class Guess(NamedTuple):
    """Seconds on a 2-core machine at 1080p, until something has been learnt."""

    start: float  # once for every plugin: imports, models, the first fonts
    unit: float
    cores: float = 1.0  # used at once, if they are there


FIRST_GUESS = {
    "write": Guess(0.4, 0.03),
    "speak": Guess(0.5, 0.0012),
    "plan": Guess(0.3, 1.0),
    "draw": Guess(0.1, 0.55),
    "profile": Guess(0.1, 0.15),
    "render_scene": Guess(0.2, 0.0055, cores=1.6),
    "preview": Guess(0.1, 0.4),
    "sound": Guess(0.35, 0.0018),
    "join": Guess(0.05, 0.001),
    "listen": Guess(0.1, 0.003),
    "verify": Guess(0.08, 0.001),
    "finish": Guess(0.35, 0.001),
    "master.finish": Guess(2.0, 0.0185),  # the one finisher that computes, in pieces side by side
}
UNHEARD = Guess(0.3, 1.0)


def cost_key(plugin: str, stage: str, method: str, canvas: Canvas | None) -> str:
    """What a cost is learnt for: the stage, its method and, where pictures are made, their size."""
    size = f"@{canvas.width}x{canvas.height}" if canvas else ""
    return f"{plugin}.{stage}.{method}{size}"


def task_key(task: Task) -> str:
    return cost_key(task.plugin, task.stage, task.method, getattr(task.request, "canvas", None))


def first_guess(key: str) -> Guess:
    """By stage and method, else by method; a key may be a method's bare name."""
    name = key.partition("@")[0].split(".", 1)[-1]
    return FIRST_GUESS.get(name) or FIRST_GUESS.get(name.rpartition(".")[2], UNHEARD)


class Done(NamedTuple):
    """Work that was done: how much, in seconds of a slot without and with the starts of workers."""

    tasks: float = 0.0
    size: float = 0.0
    seconds: float = 0.0
    whole: float = 0.0
    guessed: float = 0.0  # for the same

    def then(self, size: float, seconds: float, whole: float, guessed: float) -> Done:
        """With one task more, and the older ones a little less important."""
        return Done(
            self.tasks * KEEP + 1,
            self.size * KEEP + size,
            self.seconds * KEEP + seconds,
            self.whole * KEEP + whole,
            self.guessed * KEEP + guessed,
        )


class Costs:
    """Learnt costs, in memory and in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._before: dict[str, float] = {}  # seconds a unit, as earlier daemons left it
        self._done: dict[str, Done] = {}
        self._warm: set[str] = set()
        self._speed = 1.0

    async def load(self) -> None:
        rows = await self._journal.read("SELECT key, seconds_per_unit FROM costs")
        self._before = {row[0]: row[1] for row in rows}

    def start(self, key: str) -> float:
        """Seconds until the key's plugin begins to work, if it has not run yet."""
        return self._start(key) * self._speed

    def of(self, key: str, *, size: float = 0.0, seconds: float = 0.0, typical: float = 1.0) -> float:
        """Seconds for a unit. `size` units took `seconds` in tasks that still run; one task is about `typical`."""
        done = self._done.get(key, Done())
        fresh = PRIOR * (1 - (1 - KEEP) * done.tasks)  # it grows old as tasks do
        prior = fresh * max(done.size / done.tasks if done.tasks else typical, TINY)
        guess = self._guess(key) * self._speed
        return (done.seconds + seconds + guess * prior) / (done.size + size + prior)

    def learn(self, task: Task, seconds: float) -> None:
        """Take in how long a task held its slot."""
        key, size = task_key(task), max(task.size, TINY)
        worked = max(seconds - self.start(key), LEAST * seconds)
        guessed = self._start(key) + size * self._guess(key)
        self._done[key] = self._done.get(key, Done()).then(size, worked, seconds, guessed)
        self._warm.add(_plugin(key))
        self._speed = median([AS_GUESSED, *(done.whole / max(done.guessed, TINY) for done in self._done.values())])
        self._keep(key, self.of(key))

    def _start(self, key: str) -> float:
        return 0.0 if _plugin(key) in self._warm else first_guess(key).start

    def _guess(self, key: str) -> float:
        return self._before.get(key, first_guess(key).unit)

    def _keep(self, key: str, value: float) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO costs VALUES (?1, ?2, 1) ON CONFLICT (key)"
                " DO UPDATE SET seconds_per_unit = ?2, samples = samples + 1",
                (key, value),
            )

        self._journal.commit_soon(write)


def _plugin(key: str) -> str:
    return key.partition(".")[0]
