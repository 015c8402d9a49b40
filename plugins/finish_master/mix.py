"""The mix: voice over music, second by second.

Owns the ducking curve, the music's beginning and end, and the loop without a seam. Pure but for reading
the voice; its memory does not depend on the video's length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurad.api import Speech
from aurad_plugins.finish_master.curve import drawn
from aurad_plugins.finish_master.pieces import BLOCK
from aurad_plugins.finish_master.wav import Stereo, open_wav

Curve = NDArray[np.float64]

RATE = 48_000

_AHEAD = 0.15  # seconds before a word at which the music begins to step back
_ATTACK = 0.22  # seconds to be out of the way; it is there just after the first sound
_HOLD, _RELEASE = 0.12, 0.60  # seconds after the last word: wait, come back
_BREATH = 1.2  # seconds; shorter silences do not bring the music back, or it would pump
_GRAIN = 0.01  # seconds between points of the curve
_FADE_IN = 1.2
_LAST_FADE = 2.6  # seconds in which the last chord dies away
_CHORD = 3.4  # seconds that the last chord has at least
_SHORT = 12.0  # seconds; a shorter video only fades
_CROSS = 0.35  # seconds from the loop to the last chord


class Ducking:
    """How loud the music is at each moment, in dB."""

    def __init__(self, speech: Sequence[Speech], depth: float) -> None:
        self._depth = depth
        spans = _merged(speech)
        self._begins = np.array([start - _AHEAD for start, _ in spans])
        self._ends = np.array([end + _HOLD for _, end in spans])

    def decibels(self, seconds: Curve) -> Curve:
        """The gain at these moments: 0 where nobody speaks, `-depth` under speech, smooth between."""
        if not len(self._begins):
            return np.zeros(len(seconds))
        span = np.searchsorted(self._begins, seconds, "right") - 1
        inside = np.maximum(span, 0)
        into = np.where(span >= 0, (seconds - self._begins[inside]) / _ATTACK, 0.0)
        out = np.where(span >= 0, (seconds - self._ends[inside]) / _RELEASE, 1.0)
        curve: Curve = -self._depth * _smooth(into) * (1 - _smooth(out))
        return curve


def _merged(speech: Sequence[Speech]) -> list[tuple[float, float]]:
    """Spans in order; those with hardly a breath between them are one."""
    spans: list[tuple[float, float]] = []
    for start, end in sorted((span.start, span.end) for span in speech if span.end > span.start):
        if spans and start - spans[-1][1] < _BREATH:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _smooth(x: Curve) -> Curve:
    clipped: Curve = np.clip(x, 0.0, 1.0)
    return clipped * clipped * (3 - 2 * clipped)


class Music(NamedTuple):
    """A loop (any array of stereo samples, also a mapped file), and how to play it.

    `overlap` samples of its end are blended into its beginning; 0 for a loop that has no seam. `ending`
    is played instead of the loop from the last bar line on that leaves it room; `bar` in samples.
    """

    loop: NDArray[np.float32] | NDArray[np.int16]
    scale: float
    overlap: int = 0
    ending: Stereo | None = None
    bar: int = 0

    def read(self, start: int, count: int) -> Stereo:
        """Samples of the endless loop."""
        period = len(self.loop) - self.overlap
        out = np.empty((count, 2), np.float32)
        done = 0
        while done < count:
            at = (start + done) % period
            fits = min(period - at, count - done)
            out[done : done + fits] = self._turn(at, fits, first=start + done < period)
            done += fits
        return out

    def _turn(self, at: int, count: int, *, first: bool) -> Stereo:
        sound: Stereo = np.multiply(self.loop[at : at + count], np.float32(self.scale), dtype=np.float32)
        if first or at >= self.overlap:
            return sound
        blend = min(self.overlap - at, count)
        tail = self.loop[len(self.loop) - self.overlap + at :][:blend].astype(np.float32) * np.float32(self.scale)
        angle = ((np.arange(at, at + blend) + 0.5) / self.overlap * (np.pi / 2))[:, None]
        sound[:blend] = sound[:blend] * np.sin(angle) + tail * np.cos(angle)
        return sound


class Score:
    """The music of one video: the loop, from some bar on the last chord, fades at both ends, ducked."""

    def __init__(self, music: Music, ducking: Ducking, gain: float, samples: int) -> None:
        self._music, self._ducking, self._gain, self._samples = music, ducking, gain, samples
        self.last_bar = self._last_bar()

    def read(self, start: int, count: int) -> Stereo:
        """The samples of this stretch of the video."""
        sound = self._music.read(start, count)
        if self._music.ending is not None and start + count > self.last_bar:
            sound = self._ended(sound, self._music.ending, start)
        return sound * self._gains(start, count)[:, None]

    def _last_bar(self) -> int:
        if self._music.ending is None or self._samples < _SHORT * RATE:
            return self._samples
        return int((self._samples - _CHORD * RATE) // self._music.bar) * self._music.bar

    def _ended(self, sound: Stereo, ending: Stereo, start: int) -> Stereo:
        at = np.arange(start, start + len(sound)) - self.last_bar
        out: Stereo = sound * np.clip(1 - at / (_CROSS * RATE), 0, 1).astype(np.float32)[:, None]
        within = (at >= 0) & (at < len(ending))
        out[within] += ending[at[within]]
        return out

    def _gains(self, start: int, count: int) -> NDArray[np.float32]:
        step = round(_GRAIN * RATE)
        grid = np.arange(start // step, (start + count) // step + 2)
        seconds: Curve = grid.astype(np.float64) * _GRAIN
        total = self._samples / RATE
        fade = _smooth(seconds / min(_FADE_IN, total / 4))
        fade *= _smooth((total - seconds) / min(_LAST_FADE, total / 3))
        gains = fade * 10 ** ((self._gain + self._ducking.decibels(seconds)) / 20)
        return drawn(gains, step, start, count)


def length(voice: Path) -> int:
    """The voice's samples; raises ValueError if it cannot be mixed."""
    with open_wav(voice) as wav:
        if wav.rate != RATE:
            raise ValueError(f"it has {wav.rate} Hz instead of {RATE}")
        return wav.samples


def mixed(voice: Path, score: Score | None, start: int = 0, end: int | None = None) -> Iterator[Stereo]:
    """The mix from one sample to another, in blocks; all of it is exactly as long as the voice."""
    with open_wav(voice) as wav:
        wav.skip(start)
        at, end = start, wav.samples if end is None else end
        while at < end and len(sound := wav.read(min(BLOCK, end - at))):
            yield sound if score is None else sound + score.read(at, len(sound))
            at += len(sound)
