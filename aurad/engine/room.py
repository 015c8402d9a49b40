"""Whether the disk has room for a job: for what it may write, what those that run still will, and a reserve.

The estimate is of pixels and seconds, and for the worst of our presets: slides that stand still take far less.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from aurad.engine import timeline
from aurad.engine.cards import with_cards
from aurad.model.brief import WORDS_PER_MINUTE, Brief
from aurad.model.errors import AuradError
from aurad.model.job import Recipe
from aurad.model.script import Scene, Script
from aurad.model.settings import Store

SCENE_WORDS = 30  # of a usual scene, where there is no script yet
OUTLINE_WORDS = 120  # of the outline that a bare topic gives
BITS = 0.06  # of an encoded pixel: slides, the worst of our presets
COPIES = 3  # of the picture on the way: segments, joined, finished
SOUND = 4 * 48_000 * 2  # bytes a second: voices, the mix, the master
MIB = 1 << 20
REMEDY = "Free some space, or lower store.max_gib or store.reserve_mib."


class Writer(Protocol):
    """A job, as far as the disk is concerned: the bytes that it may still write."""

    @property
    def disk_left(self) -> float: ...


class Room:
    """The file system of `folder`, of which `store.reserve_mib` are kept free. With `short` bytes more a job begins."""

    def __init__(self, folder: Path, settings: Store) -> None:
        self._folder, self.short = folder, 0.0
        self.adopt(settings)

    def adopt(self, settings: Store) -> None:
        self.reserve = settings.reserve_mib * MIB

    @property
    def free(self) -> int:
        return shutil.disk_usage(self._folder).free

    def lacks(self, job: Writer, running: Iterable[Writer]) -> AuradError | None:
        """Why this job had better not begin beside those that run."""
        free, promised = self.free, sum(other.disk_left for other in running)
        short = self.reserve + promised + job.disk_left - free
        if short <= 0:
            return None
        self.short = min(self.short or short, short)  # who needs most must not keep the others waiting
        others = f", those that run another {promised / MIB:.0f}" if promised else ""
        why = f"it may take {job.disk_left / MIB:.0f} MiB{others}, and {self.reserve // MIB} are kept free"
        return AuradError("E501-DISK", f"{self._folder} has {free // MIB} MiB left: {why}", remedy=REMEDY)

    @property
    def low(self) -> AuradError | None:
        """What to tell jobs that run while the reserve is being used up; no numbers, so that it is told once."""
        if self.free >= self.reserve:
            return None
        why = f"{self._folder} has less than {self.reserve // MIB} MiB left: jobs fail once it is full"
        return AuradError("E501-DISK", why, remedy=REMEDY)


def disk_needed(recipe: Recipe) -> int:
    """Bytes that a job of this recipe may write."""
    canvas, until = recipe.canvas, recipe.until
    picture = 0.0 if until else canvas.width * canvas.height * canvas.fps * BITS / 8 * COPIES
    script = timeline.with_ids(with_cards(foreseen(recipe.brief), recipe))
    return int(video_seconds(recipe, script) * (picture + (0 if until == "Script" else SOUND)))


def video_seconds(recipe: Recipe, script: Script) -> float:
    return sum(timeline.guess_seconds(scene, recipe.brief.pacing) for scene in script.scenes)


def foreseen(brief: Brief) -> Script:
    """The brief's script, or one of the length that it will about have."""
    if brief.script:
        return timeline.with_ids(brief.script)
    words = len(brief.source.split()) if brief.source else OUTLINE_WORDS
    if brief.duration_seconds:
        words = min(words, int(brief.duration_seconds / 60 * WORDS_PER_MINUTE[brief.pacing]))
    number = max(1, math.ceil(words / SCENE_WORDS))
    text = " ".join(["words"] * max(1, words // number))
    return timeline.with_ids(Script(title="", scenes=tuple(Scene(text=text) for _ in range(number))))
