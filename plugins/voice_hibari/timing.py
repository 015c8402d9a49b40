"""When each word of one spoken part is heard.

Owns the step from phoneme durations to word times, and the correction of what the model's durations
get wrong: measured against the waveform its boundaries are late, by a time that depends on the sound a
word begins with. Where a word follows silence, the waveform itself tells its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurad_plugins.voice_hibari.sound import Samples
from aurad_plugins.voice_hibari.text import Symbol

# How late a boundary is, in seconds, by the first sound of the word: medians over the waveform's onsets and, inside
# phrases, over a forced alignment (`tests/quality/words.py`). The model hears a consonant out before it moves on.
_LATE = 0.058
_LATE_BY_SOUND = {
    "ə": 0.043, "ʌ": 0.043, "ð": 0.048, "w": 0.057, "O": 0.052, "ɔ": 0.052, "ɑ": 0.052,
    "t": 0.066, "p": 0.068, "j": 0.066, "ɡ": 0.066, "l": 0.071, "n": 0.071, "ʤ": 0.083, "k": 0.075, "m": 0.075,
    "h": 0.074, "ɛ": 0.075, "i": 0.073, "A": 0.083, "æ": 0.082, "z": 0.086, "f": 0.093, "s": 0.096, "ʧ": 0.098,
    "θ": 0.101, "ʃ": 0.105,
}  # fmt: skip
_LATE_END = 0.033  # what a word ends with is cut off less late
_SNAP = 0.12  # an onset this near to a word's start is that start
_SILENCE = 0.06  # shorter gaps are stop consonants, not pauses
_HOP = 0.005  # the grain of the waveform's envelope
_QUIET_DB = 35.0  # below the loud parts of the sentence: silence

# Shares of time where no durations are known.
_VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻᵊɚoeɐ")
_MARKS = frozenset("ˈˌ")
_PAUSES = frozenset(",;:—.!?…")
_SILENT = _PAUSES | frozenset('"“”()')


class Span(NamedTuple):
    """A written word (by number) and the samples in which it is heard."""

    word: int
    start: int
    end: int


def word_spans(
    symbols: Sequence[Symbol], lengths: NDArray[np.int64], sound: Samples, rate: int, speed: float = 1.0
) -> list[Span]:
    """The spoken words in order. `lengths` covers the symbols and the silent ends before and after them."""
    edges = np.cumsum(lengths)
    runs = _runs(symbols)
    late = [_LATE_BY_SOUND.get(_first_sound(symbols[first : last + 1]), _LATE) for _, first, last in runs]
    starts = np.array([edges[first] for _, first, _ in runs]) - np.rint(np.array(late) * rate / speed)
    starts = _snapped(np.maximum(starts, 0).astype(np.int64), _onsets(sound, rate), _SNAP * rate)
    ends = [int(edges[last + 1]) - round(_LATE_END * rate / speed) for _, _, last in runs]
    return [
        Span(word, int(start), max(int(start), end))
        for (word, _, _), start, end in zip(runs, starts, ends, strict=True)
    ]


def shared(symbols: Sequence[Symbol], samples: int) -> NDArray[np.int64]:
    """Lengths by a rule of thumb, where the model gives none; the two ends get what a pause gets."""
    weights = np.array([_PAUSE_WEIGHT, *(_weight(symbol.char) for symbol in symbols), _PAUSE_WEIGHT])
    edges = np.rint(np.cumsum(weights) * (samples / weights.sum())).astype(np.int64)
    lengths: NDArray[np.int64] = np.diff(edges, prepend=0)
    return lengths


_PAUSE_WEIGHT = 4.0


def _weight(char: str) -> float:
    if char in _MARKS:
        return 0.0
    if char in _PAUSES:
        return _PAUSE_WEIGHT
    return 2.0 if char in _VOWELS else 1.0


def _runs(symbols: Sequence[Symbol]) -> list[tuple[int, int, int]]:
    """(word, first, last symbol) for each word that sounds; punctuation is a pause, not a part of it."""
    runs: dict[int, tuple[int, int]] = {}
    for i, (char, word) in enumerate(symbols):
        if word >= 0 and char not in _SILENT:
            runs[word] = (runs.get(word, (i, i))[0], i)
    return [(word, first, last) for word, (first, last) in runs.items()]


def _first_sound(symbols: Sequence[Symbol]) -> str:
    return next((char for char, _ in symbols if char not in _MARKS), "")


def _snapped(starts: NDArray[np.int64], onsets: NDArray[np.int64], reach: float) -> NDArray[np.int64]:
    """Move a word to an onset if each is the other's nearest; a stop's release inside a word moves nothing."""
    if not len(starts) or not len(onsets):
        return starts
    away = np.abs(starts[:, None] - onsets[None, :])
    moved = starts.copy()
    for word, onset in enumerate(away.argmin(axis=1)):
        if away[:, onset].argmin() == word and away[word, onset] <= reach:
            moved[word] = onsets[onset]
    return moved


def _onsets(sound: Samples, rate: int) -> NDArray[np.int64]:
    """Where sound begins after at least `_SILENCE` of quiet, in samples."""
    hop = round(_HOP * rate)
    frames = sound[: len(sound) // hop * hop].reshape(-1, hop)
    level = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-12)
    loud = level > np.percentile(level, 95) - _QUIET_DB if len(level) else np.zeros(0, bool)
    starts = np.flatnonzero(np.diff(loud.astype(np.int8), prepend=0) == 1)
    stops = np.concatenate([[-len(loud)], np.flatnonzero(np.diff(loud.astype(np.int8), append=0) == -1)])
    quiet_before = starts - stops[: len(starts)] - 1
    found: NDArray[np.int64] = (starts[quiet_before * _HOP >= _SILENCE] * hop).astype(np.int64)
    return found
