"""Moods of the music: chords, tempo and colours. Data only."""

from __future__ import annotations

from typing import NamedTuple

Chord = tuple[int, tuple[int, ...]]  # semitones of the root above the tonic, and of the tones above the root

_MAJ7, _MAJ9, _ADD9 = (0, 4, 7, 11), (0, 4, 7, 11, 14), (0, 4, 7, 14)
_MIN7, _MIN9, _MIN11 = (0, 3, 7, 10), (0, 3, 7, 10, 14), (0, 3, 7, 10, 17)
_SIXTH, _SUS2, _SUS9 = (0, 4, 7, 9), (0, 2, 7), (0, 5, 7, 14)


class Mood(NamedTuple):
    """`phrases` are of four bars each and follow each other as A B A C (C is A's end turned home)."""

    bpm: float
    tonics: tuple[int, ...]  # MIDI notes
    home: tuple[int, ...]  # the tones of the last chord
    phrases: tuple[tuple[Chord, ...], ...]
    cutoff: float  # Hz; above it the music is dark
    softness: float  # how fast a pad's overtones fall: 2 is a flute, 1.4 a string section
    plucks: float  # share of the eighths that are played
    pluck_level: float
    decay: float  # seconds of a pluck


MOODS: dict[str, Mood] = {
    "calm": Mood(
        bpm=66,
        tonics=(48, 50, 53),
        home=_MAJ9,
        phrases=(
            ((0, _MAJ9), (9, _MIN9), (5, _MAJ9), (7, _SUS9)),
            ((5, _MAJ7), (4, _MIN7), (2, _MIN9), (7, _SUS9)),
            ((0, _MAJ9), (9, _MIN7), (2, _MIN9), (5, _ADD9)),
        ),
        cutoff=3200,
        softness=2.1,
        plucks=0.34,
        pluck_level=0.5,
        decay=1.3,
    ),
    "bright": Mood(
        bpm=96,
        tonics=(48, 50, 55),
        home=_ADD9,
        phrases=(
            ((0, _ADD9), (7, _SUS2), (9, _MIN7), (5, _ADD9)),
            ((5, _ADD9), (7, _SIXTH), (4, _MIN7), (9, _MIN7)),
            ((0, _ADD9), (4, _MIN7), (5, _MAJ9), (7, _SUS9)),
        ),
        cutoff=5600,
        softness=1.6,
        plucks=0.62,
        pluck_level=0.75,
        decay=0.75,
    ),
    "curious": Mood(
        bpm=84,
        tonics=(48, 51, 53),
        home=_MAJ9,
        phrases=(
            ((0, _MAJ7), (2, _ADD9), (9, _MIN9), (5, _MAJ7)),
            ((2, _MIN9), (7, _SIXTH), (0, _MAJ7), (9, _MIN7)),
            ((5, _MAJ7), (2, _ADD9), (4, _MIN7), (7, _SUS9)),
        ),
        cutoff=4600,
        softness=1.8,
        plucks=0.52,
        pluck_level=0.85,
        decay=0.55,
    ),
    "focus": Mood(
        bpm=76,
        tonics=(45, 48, 50),
        home=_MIN9,
        phrases=(
            ((0, _MIN9), (8, _MAJ7), (3, _MAJ9), (10, _ADD9)),
            ((5, _MIN9), (0, _MIN7), (8, _MAJ9), (7, _SUS9)),
            ((0, _MIN11), (3, _MAJ7), (8, _MAJ7), (10, _SUS9)),
        ),
        cutoff=3600,
        softness=1.9,
        plucks=0.44,
        pluck_level=0.55,
        decay=0.9,
    ),
    "warm": Mood(
        bpm=72,
        tonics=(47, 49, 52),
        home=_MAJ9,
        phrases=(
            ((0, _MAJ9), (5, _MAJ9), (9, _MIN9), (5, _MAJ7)),
            ((9, _MIN7), (5, _MAJ9), (2, _MIN9), (7, _SUS9)),
            ((0, _MAJ7), (4, _MIN7), (5, _MAJ9), (7, _SUS9)),
        ),
        cutoff=3800,
        softness=1.7,
        plucks=0.4,
        pluck_level=0.55,
        decay=1.1,
    ),
}

_CURIOUS = frozenset({"how", "why", "what", "who", "when", "where", "which"})


def mood_for(title: str, seed: int) -> str:
    """The mood of `auto`: a title that asks is curious, for any other one the seed decides."""
    words = title.lower().split()
    if title.rstrip().endswith("?") or (words and words[0] in _CURIOUS):
        return "curious"
    return sorted(MOODS)[seed % len(MOODS)]
