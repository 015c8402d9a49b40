"""Who computes on this machine, and how fast: encoders step back for all others, and equals get equal shares."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

PROMPT, PATIENT, ELSEWHERE = "prompt", "patient", "elsewhere"  # who gets a core before whom; the last needs none here
STARVED = 0.1  # of the cores is left for the patient, however many go first: what a niceness of 10 gets


def kind_of(method: str, slot: str) -> str:
    """How a task of this method that holds this slot shares the cores."""
    if slot != "cpu":
        return ELSEWHERE
    return PATIENT if method == "render_scene" else PROMPT


def paces(wanted: Mapping[str, float], cores: float) -> dict[str, float]:
    """What share of its full speed a task of each kind has, if the running ones of a kind want so many cores."""
    first, second = wanted.get(PROMPT, 0), wanted.get(PATIENT, 0)
    firsts = min((cores - cores * STARVED * (second > 0)) / max(first, 1), 1.0)
    seconds = min((cores - first * firsts) / max(second, 1), 1.0)
    return {PROMPT: firsts, PATIENT: seconds, ELSEWHERE: 1.0}


class Cores:
    """Keeps what running tasks have had, in seconds at full speed: what a crowd takes is not what a task costs."""

    def __init__(self, cores: int) -> None:
        self._cores = cores
        self._wanted, self._had = defaultdict[str, float](float), defaultdict[str, float](float)
        self._ticked = time.monotonic()

    @contextmanager
    def used(self, kind: str, wanted: float) -> Iterator[Callable[[], float]]:
        """A task that can use so many cores runs while the block lasts; what is given tells what it has had so far."""
        begun = self._tick(kind)
        self._wanted[kind] += min(wanted, self._cores)
        try:
            yield lambda: self._tick(kind) - begun
        finally:
            self._tick(kind)
            self._wanted[kind] -= min(wanted, self._cores)

    def _tick(self, kind: str) -> float:
        now = time.monotonic()
        for each, pace in paces(self._wanted, self._cores).items():
            self._had[each] += (now - self._ticked) * pace
        self._ticked = now
        return self._had[kind]
