"""Samples of eSpeak NG as a narration wants them: trimmed, evenly loud, in a WAV file."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
Samples = NDArray[np.float32]

_HOP = 0.01  # seconds; the grain of envelopes
_FLOOR = 0.002  # of full scale: below it is silence
_ROOM, _FADE = 0.02, 0.005  # seconds kept around what is heard, and seconds of fade at the cuts
_LEVEL_DB = -18.5  # of the loud parts' mean square; speech then measures about -20 LUFS, like other voices'
_GATE_DB = 20.0  # parts that are so much quieter than the loudest are pauses
_CEILING = 0.89  # -1 dBFS


def trimmed(pcm: Pcm, rate: int) -> tuple[Samples, int]:
    """What is heard, faded at both ends, and where it began."""
    heard = np.flatnonzero(np.abs(pcm.astype(np.int32)) > _FLOOR * 32768)
    if not len(heard):
        return np.zeros(0, np.float32), 0
    first = max(0, int(heard[0]) - round(_ROOM * rate))
    last = min(len(pcm), int(heard[-1]) + round(_ROOM * rate))
    sound: Samples = pcm[first:last].astype(np.float32) / np.float32(32768)
    n = min(round(_FADE * rate), len(sound) // 2)
    ramp = (np.arange(n, dtype=np.float32) + 0.5) / max(n, 1)
    sound[:n] *= ramp
    sound[len(sound) - n :] *= ramp[::-1]
    return sound, first


def levelled(sound: Samples, rate: int) -> Samples:
    """Bring the speech, without its pauses, to one level, but never a peak over the ceiling."""
    hop = round(_HOP * rate)
    power = np.mean(np.square(sound[: len(sound) // hop * hop].reshape(-1, hop), dtype=np.float64), axis=1)
    if not len(power) or power.max() <= 0:
        return sound
    loud = power[power > power.max() * 10 ** (-_GATE_DB / 10)].mean()
    gain = min(10 ** (_LEVEL_DB / 20) / np.sqrt(loud), _CEILING / np.abs(sound).max())
    return sound * np.float32(gain)


def write_wav(path: Path, sound: Samples, rate: int) -> None:
    """Write 16-bit mono PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(sound * 32767.0).astype("<i2").tobytes())
