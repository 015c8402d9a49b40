"""Plugins whose workers keep dying are put aside for a while, so that they do not slow every job down.

Attempts of one task count once: they repeat one input, and an input that kills whoever takes it must not
take a plugin from everybody else.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import structlog
import trio

from aurad.hooks.registry import CORE
from aurad.model.event import timestamp_at
from aurad.model.stage_errors import Unavailable

log = structlog.get_logger()
CRASHES, WINDOW = 3, 600.0  # tasks whose worker was lost, within so many seconds
ASIDE = 600.0  # seconds without work; then one more crash within the window is enough


class Crash(NamedTuple):
    """When (monotonic) a worker was lost over which task, and how."""

    at: float
    task: str
    why: str


class Quarantine:
    """Who is put aside, and until when. The core's own worker never is: nothing would go on."""

    def __init__(self) -> None:
        self._crashes: dict[str, list[Crash]] = {}
        self._until: dict[str, float] = {}

    def crashed(self, plugin: str, task: str, why: str) -> str:
        """Count a lost worker; what to tell if the plugin is put aside for it, or ""."""
        now = trio.current_time()
        recent = [one for one in self._crashes.get(plugin, ()) if one.at > now - WINDOW and one.task != task]
        self._crashes[plugin] = [*recent, Crash(now, task, why)]
        if plugin == CORE or len(self._crashes[plugin]) < CRASHES or self.left(plugin):
            return ""
        self._until[plugin] = now + ASIDE
        log.warning("a plugin is put aside", plugin=plugin, seconds=ASIDE, why=why)
        return self.reason(plugin)

    def check(self, plugin: str) -> None:
        """Raises `Unavailable` for one that is put aside: the next provider does it."""
        if self.left(plugin):
            raise Unavailable(
                f"cannot use {plugin}: {self.reason(plugin)}", remedy="Wait, or `auractl plugins reload`."
            )

    def left(self, plugin: str) -> float:
        """Seconds that it still is put aside; 0 if it is not."""
        return max(0.0, self._until.get(plugin, 0.0) - trio.current_time())

    @property
    def count(self) -> int:
        """How many are put aside now."""
        return sum(self.left(plugin) > 0 for plugin in self._until)

    def reason(self, plugin: str) -> str:
        """Why it is put aside and until when, or ""."""
        if not (left := self.left(plugin)):
            return ""
        last = self._crashes[plugin][-1].why
        until = timestamp_at(time.time() + left)
        return f"put aside until {until}: its workers died over {CRASHES} tasks within {WINDOW / 60:g} min: {last}"

    def clear(self) -> None:
        """Everybody gets another chance: an administrator has mended something."""
        self._crashes.clear()
        self._until.clear()
