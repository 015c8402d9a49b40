"""A music bed out of nothing but a seed: pads, a bass and soft plucks over sixteen bars, and a last chord.

Owns synthesis. Everything is laid into the loop modulo its length, and filter and room are circular
convolutions, so that the end runs into the beginning without a seam.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurad_plugins.finish_master.moods import Chord, Mood

Stereo = NDArray[np.float32]  # (samples, 2)
Mono = NDArray[np.float32]

RATE = 48_000
_SYNTHESIS_RATE = 24_000  # the music has nothing above 6 kHz: half the work
_BAR_GRAIN = 500  # samples; a length of small factors keeps the FFTs quick
_FORM = (0, 1, 0, 2)  # phrases

_TABLE = 16_384
_DETUNE = ((0.9985, 0.2), (1.0, 0.5), (1.0015, 0.8))  # three players: pitch, and place from left to right
_PAD_CENTRE, _BASS_CENTRE, _PLUCK_CENTRE = 61, 41, 74  # MIDI notes that voicings gather around
_ROOM_SECONDS, _ROOM_LEVEL, _ROOM_CUTOFF = 2.4, 0.32, 2800.0
_ECHO = 0.3
_RUMBLE = 55.0  # Hz; below it small speakers only rattle
_SPEECH, _SPEECH_DIP_DB = 2200.0, 4.0  # consonants live here: the music leaves them room
_LAST_CHORD = 9.0  # seconds: longer than the longest last bar and its decay


class Bed(NamedTuple):
    """A seamless loop, the chord to end with, and the length of a bar in samples of 48 kHz."""

    loop: Stereo
    ending: Stereo
    bar: int


def compose(mood: Mood, seed: int) -> Bed:
    """The same mood and seed give the same bytes."""
    rng = np.random.default_rng(seed)
    tonic = int(rng.choice(mood.tonics))
    bar = round(240 / mood.bpm * _SYNTHESIS_RATE / _BAR_GRAIN) * _BAR_GRAIN
    chords = [chord for phrase in _FORM for chord in mood.phrases[phrase]]
    loop = np.zeros((bar * len(chords), 2), np.float32)
    _play_pads(loop, mood, tonic, chords, bar)
    _play_bass(loop, tonic, chords, bar)
    _play_plucks(loop, mood, tonic, chords, bar, rng)
    room = _room(np.random.default_rng(seed + 1))
    ending = np.zeros((round(_LAST_CHORD * _SYNTHESIS_RATE), 2), np.float32)
    _play_last(ending, mood, tonic, bar)
    return Bed(_produced(loop, room, mood), _produced(ending, room, mood), bar * RATE // _SYNTHESIS_RATE)


# ---------------------------------------------------------------- players


def _play_pads(loop: Stereo, mood: Mood, tonic: int, chords: Sequence[Chord], bar: int) -> None:
    table = _wave([1 / h**mood.softness for h in range(1, 8)])
    pad = cache(partial(_pad, table, length=bar))  # few notes, played often
    for number, chord in enumerate(chords):
        swell = 1 - 0.12 * np.cos(2 * np.pi * number / 4)
        for note in _around(_tones(tonic, chord)[1:], _PAD_CENTRE):
            _add(loop, number * bar, pad(note) * np.float32(0.16 * swell))


def _pad(table: Mono, note: int, length: int) -> Stereo:
    attack, release = round(0.35 * length), round(0.5 * length)
    shape = _shape(length + release, attack, release)[:, None]
    sound = np.zeros((len(shape), 2), np.float32)
    for pitch, place in _DETUNE:
        sound += _tone(table, _hertz(note) * pitch, len(shape))[:, None] * _pan(place)
    return sound * shape


def _play_bass(loop: Stereo, tonic: int, chords: Sequence[Chord], bar: int) -> None:
    table = _wave([1.0, 0.28, 0.06])
    for number, (root, _) in enumerate(chords):
        note = _around([tonic + root], _BASS_CENTRE)[0]
        length = bar + bar // 8
        sound = _tone(table, _hertz(note), length) * _shape(length, bar // 16, bar // 4)
        _add(loop, number * bar, sound[:, None] * _pan(0.5) * np.float32(0.45))


def _play_plucks(
    loop: Stereo, mood: Mood, tonic: int, chords: Sequence[Chord], bar: int, rng: np.random.Generator
) -> None:
    """One motif for each phrase, played in all its bars: repetition is what makes it music."""
    dry = np.zeros_like(loop)
    table = _wave([1.0, 0.32, 0.12, 0.03])
    motifs = [_motif(mood, rng) for _ in mood.phrases]
    for number, chord in enumerate(chords):
        tones = _around(_tones(tonic, chord), _PLUCK_CENTRE)
        for eighth, step, force in motifs[_FORM[number // 4]]:
            if number % 4 == 3 and eighth > 5:
                continue  # phrases breathe
            at = number * bar + eighth * bar // 8 + int(rng.integers(0, bar // 400 + 1))
            sound = _pluck(table, tones[step % len(tones)] + 12 * (step // len(tones)), mood.decay, force)
            place = 0.5 + 0.28 * np.sin(eighth * 2.4 + number)
            _add(dry, at, sound[:, None] * _pan(float(place)) * np.float32(0.62 * mood.pluck_level))
    beat = bar // 4
    for times in (1, 2):  # dotted echoes from side to side
        loop += np.roll(dry[:, ::-1] if times % 2 else dry, times * beat * 3 // 2, axis=0) * np.float32(_ECHO**times)
    loop += dry


def _motif(mood: Mood, rng: np.random.Generator) -> list[tuple[int, int, float]]:
    """(eighth, step of the chord, force): walks up and down the chord's tones."""
    notes, step = [], int(rng.integers(0, 3))
    for eighth in range(8):
        if eighth == 0 or rng.random() < mood.plucks:
            notes.append((eighth, step, float(rng.uniform(0.55, 1.0)) * (1.0 if eighth % 2 == 0 else 0.75)))
        step = min(max(step + int(rng.choice([-1, 1, 1, 2])), 0), 5) if step < 5 else int(rng.integers(1, 3))
    return notes


def _pluck(table: Mono, note: int, decay: float, force: float) -> Mono:
    length = round(decay * 3.2 * _SYNTHESIS_RATE)
    time = np.arange(length, dtype=np.float32) / _SYNTHESIS_RATE
    bright, dull = _tone(table, _hertz(note), length), _tone(_wave([1.0]), _hertz(note), length)
    body = np.exp(-time / decay) * dull + np.exp(-time * 3.5 / decay) * (bright - dull) * force
    sound: Mono = (body * _shape(length, 120, length // 4) * force).astype(np.float32)
    return sound


def _play_last(ending: Stereo, mood: Mood, tonic: int, bar: int) -> None:
    table, soft = _wave([1 / h**mood.softness for h in range(1, 8)]), _wave([1.0, 0.32, 0.12, 0.03])
    length = len(ending) * 3 // 4
    tones = _tones(tonic, (0, mood.home))
    for note in _around(tones[1:], _PAD_CENTRE):
        _add(ending, 0, _pad(table, note, length)[: len(ending)] * np.float32(0.17))
    bass = _tone(_wave([1.0, 0.28]), _hertz(_around([tonic], _BASS_CENTRE)[0]), length) * _shape(
        length, 600, length // 2
    )
    _add(ending, 0, bass[:, None] * _pan(0.5) * np.float32(0.45))
    for step, note in enumerate(_around(tones, _PLUCK_CENTRE)[:5]):
        sound = _pluck(soft, note, mood.decay * 1.4, 0.8)
        _add(ending, step * bar // 16, sound[:, None] * _pan(0.3 + 0.1 * step) * np.float32(0.4 * mood.pluck_level))


# ---------------------------------------------------------------- notes


def _tones(tonic: int, chord: Chord) -> list[int]:
    root, intervals = chord
    return [tonic + root + interval for interval in intervals]


def _around(notes: Sequence[int], centre: int) -> list[int]:
    """Each note in the octave nearest to `centre`: chords move by small steps, as hands do."""
    return sorted({note + 12 * round((centre - note) / 12) for note in notes})


def _hertz(note: float) -> float:
    return float(440.0 * 2 ** ((note - 69) / 12))


def _wave(harmonics: Sequence[float]) -> Mono:
    phase = 2 * np.pi * np.arange(_TABLE) / _TABLE
    table = sum(level * np.sin(h * phase) for h, level in enumerate(harmonics, 1))
    return np.asarray(table, np.float32)


def _tone(table: Mono, hertz: float, length: int) -> Mono:
    index = (np.arange(length) * (hertz / _SYNTHESIS_RATE * _TABLE)).astype(np.int64) & (_TABLE - 1)
    return np.take(table, index)


def _shape(length: int, attack: int, release: int) -> Mono:
    shape = np.ones(length, np.float32)
    shape[:attack] = 0.5 - 0.5 * np.cos(np.pi * np.arange(attack) / attack)
    shape[length - release :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(release) / release)
    return shape


def _pan(place: float) -> Stereo:
    return np.array([[np.cos(place * np.pi / 2), np.sin(place * np.pi / 2)]], np.float32)


def _add(loop: Stereo, at: int, sound: Stereo) -> None:
    """Lay `sound` into the loop; what passes the end goes on at the beginning."""
    at %= len(loop)
    while len(sound):
        fits = min(len(loop) - at, len(sound))
        loop[at : at + fits] += sound[:fits]
        sound, at = sound[fits:], 0


# ---------------------------------------------------------------- room and colour


def _room(rng: np.random.Generator) -> Stereo:
    """The echo of a soft hall, different for each ear."""
    time = np.arange(round(_ROOM_SECONDS * _SYNTHESIS_RATE)) / _SYNTHESIS_RATE
    noise = rng.standard_normal((len(time), 2)) * np.exp(-6.9 * time / _ROOM_SECONDS)[:, None]
    noise *= np.minimum(time / 0.02, 1.0)[:, None]
    room: Stereo = (noise / np.sqrt(np.square(noise).sum(axis=0))).astype(np.float32)
    return room


def _produced(dry: Stereo, room: Stereo, mood: Mood) -> Stereo:
    """Room, colour and the step to 48 kHz, all in the spectrum of one turn of the loop; in place, as it is large."""
    out = np.empty((len(dry) * RATE // _SYNTHESIS_RATE, 2), np.float32)
    hertz = np.fft.rfftfreq(len(dry), 1 / _SYNTHESIS_RATE).astype(np.float32)
    colour = _colour(hertz, mood.cutoff)
    wet = _ROOM_LEVEL / np.sqrt(1 + (hertz / np.float32(_ROOM_CUTOFF)) ** 4)
    del hertz
    for side in (0, 1):
        shape = np.fft.rfft(room[:, side], len(dry))
        shape *= wet
        shape += 1
        shape *= colour
        shape *= np.fft.rfft(dry[:, side])
        out[:, side] = np.fft.irfft(shape, len(out))
    out *= RATE / _SYNTHESIS_RATE
    return out


def _colour(hertz: Mono, cutoff: float) -> Mono:
    safe = np.maximum(hertz, np.float32(1))
    colour: Mono = 10 ** (np.float32(-_SPEECH_DIP_DB / 20) * np.exp(np.float32(-0.5) * np.log2(safe / _SPEECH) ** 2))
    colour /= np.sqrt(1 + (hertz / np.float32(cutoff)) ** 4)
    colour /= np.sqrt(1 + (np.float32(_RUMBLE) / safe) ** 4)
    colour[0] = 0
    return colour
