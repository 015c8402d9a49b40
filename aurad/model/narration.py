"""A spoken scene: sound and the time of every word."""

from __future__ import annotations

from aurad.model.artifact import Artifact
from aurad.model.value import Value


class Word(Value, frozen=True, kw_only=True):
    """A written word and when it is heard, in seconds from the start of its narration."""

    text: str
    start: float
    end: float


class Narration(Value, frozen=True, kw_only=True):
    """What a voice stage made of one scene.

    `audio` is a mono WAV (PCM, 16 bit or 32-bit float) of `samples` frames at `sample_rate` Hz, with no
    silence added before or after. `words` has exactly one entry for each of `scene.words`, in order,
    starts never falling. Pauses between scenes are not the voice's business.
    """

    audio: Artifact
    sample_rate: int
    samples: int
    words: tuple[Word, ...]

    @property
    def duration(self) -> float:
        """Seconds of sound."""
        return self.samples / self.sample_rate
