"""Samples in, samples out: trimming, joining with pauses, one loudness for all scenes, and the WAV file.

Pure but for `write_wav`; knows nothing of words.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

LOUDNESS = -20.0  # LUFS of every narration: even scenes, and room for the peaks of speech
CEILING = 0.89  # -1 dBFS
_KNEE = 0.63  # above it peaks are bent, below it nothing is touched

_HOP = 0.005  # seconds; the grain of trimming
_FLOOR_DB = 46.0  # below the loud parts: silence
_LEAD, _TAIL = 0.012, 0.040  # kept before and after, so that soft consonants and decays stay whole
_FADE = 0.006  # no click at the cuts

_BLOCK, _STEP = 0.4, 0.1  # gating blocks of ITU-R BS.1770
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
_MAX_GAIN_DB = 30.0  # noise is not made into speech


def active(sound: Samples, rate: int) -> tuple[int, int]:
    """The first and last sample that is heard, with a little room; (0, 0) if nothing is."""
    hop = round(_HOP * rate)
    count = len(sound) // hop
    level = np.mean(np.square(sound[: count * hop].reshape(-1, hop), dtype=np.float64), axis=1)
    if not count or level.max() <= 1e-10:
        return 0, 0
    heard = np.flatnonzero(level > np.percentile(level, 95) * 10 ** (-_FLOOR_DB / 10))
    start = int(heard[0]) * hop - round(_LEAD * rate)
    end = (int(heard[-1]) + 1) * hop + round(_TAIL * rate)
    return max(0, start), min(len(sound), end)


def faded(sound: Samples, rate: int) -> Samples:
    """The same with both ends brought to zero."""
    n = min(round(_FADE * rate), len(sound) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / max(n, 1))).astype(np.float32)
    out = sound.copy()
    out[:n] *= ramp
    out[len(out) - n :] *= ramp[::-1]
    return out


def joined(parts: list[tuple[Samples, float]], rate: int) -> tuple[Samples, list[int]]:
    """Lay parts end to end, each after a pause of so many seconds (but none before the first)."""
    starts, at = [], 0
    for i, (sound, pause) in enumerate(parts):
        at += round(pause * rate) if i else 0
        starts.append(at)
        at += len(sound)
    whole = np.zeros(at, np.float32)
    for start, (sound, _) in zip(starts, parts, strict=True):
        whole[start : start + len(sound)] = sound
    return whole, starts


def levelled(sound: Samples, rate: int, target: float = LOUDNESS) -> Samples:
    """Bring to `target` LUFS; single peaks that would pass the ceiling are bent below it."""
    measured = loudness(sound, rate)
    gain = min(target - measured, _MAX_GAIN_DB) if measured > _ABSOLUTE_GATE else 0.0
    out: Samples = sound * np.float32(10 ** (gain / 20))
    over = np.abs(out) > _KNEE
    room = CEILING - _KNEE
    out[over] = np.sign(out[over]) * (_KNEE + room * np.tanh((np.abs(out[over]) - _KNEE) / room))
    return out


def loudness(sound: Samples, rate: int) -> float:
    """Gated loudness of a mono sound, in LUFS (BS.1770, the weighting applied to each block's spectrum)."""
    block, step = round(_BLOCK * rate), round(_STEP * rate)
    padded = np.pad(sound, (0, max(0, block - len(sound))))
    blocks = np.lib.stride_tricks.sliding_window_view(padded, block)[::step]
    weights = _k_weighting(block, rate)
    power = np.concatenate([_power(blocks[i : i + 64], weights) for i in range(0, len(blocks), 64)])
    level = -0.691 + 10 * np.log10(power + 1e-15)
    kept = level > _ABSOLUTE_GATE
    if not kept.any():
        return -np.inf
    gate = -0.691 + 10 * np.log10(power[kept].mean()) + _RELATIVE_GATE
    return float(-0.691 + 10 * np.log10(power[kept & (level > gate)].mean()))


def _power(blocks: Samples, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(blocks, axis=1)
    energy: NDArray[np.float64] = (np.square(spectrum.real) + np.square(spectrum.imag)) @ weights
    return energy


def _k_weighting(n: int, rate: int) -> NDArray[np.float64]:
    """|H|^2 of the K curve for each bin of an n-point spectrum, scaled so that the sum is mean square."""
    s = 2j * np.pi * np.fft.rfftfreq(n, 1 / rate)
    low, high = 2 * np.pi * 38.1355, 2 * np.pi * 1681.9745  # the analogue prototypes of the standard's filters
    rumble = s**2 / (s**2 + s * low / 0.5003270 + low**2)
    gain = 10 ** (3.99984 / 20)
    shelf = (gain * s**2 + gain**0.49967 * high / 0.7071752 * s + high**2) / (s**2 + high / 0.7071752 * s + high**2)
    both_sides = np.full(len(s), 2.0)
    both_sides[0] = 1.0
    weights: NDArray[np.float64] = np.abs(rumble * shelf) ** 2 * both_sides / n**2
    return weights


def write_wav(path: Path, sound: Samples, rate: int) -> None:
    """Write 16-bit mono PCM."""
    pcm = np.rint(np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
