"""Caption cues; how they are cut out of timed words is below, pure and total."""

from __future__ import annotations

from aurad.model.narration import Word
from aurad.model.value import Value


class Cue(Value, frozen=True, kw_only=True):
    """One caption: at most two `lines`, shown from `start` to `end` seconds, with its timed words."""

    start: float
    end: float
    lines: tuple[str, ...]
    words: tuple[Word, ...] = ()
