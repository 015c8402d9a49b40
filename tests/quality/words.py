"""When words start, told by the waveform and not by the voice.

Two judges that know nothing of the voice's own times. After silence the waveform's energy shows a start
(`onsets`). Inside a phrase nothing does, so a forced alignment says where the sounds change: the hidden
Markov models that PocketSphinx ships (Huggins-Daines et al., "PocketSphinx", ICASSP 2006) are laid over the
sound with the phonemes that were said; their time is that of a 10 ms frame. Such models have a constant lead,
from windows that overlap and from smoothing over neighbours; where both judges see the same start the lead
is measured, and taken off (`lead`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurad_plugins.voice_hibari import text as reading
from aurad_plugins.voice_hibari.model import Model
from aurad_plugins.voice_hibari.stage import DEFAULT_VOICE, voices
from tests.bench.make import Figure
from tests.quality.narrations import RATE, Samples, Told

BOUND = 80.0  # milliseconds, for 95 % of the words
FRAME = 0.01  # seconds of a frame of the aligner
HOP = 0.005  # seconds; the grain of the energy
QUIET_BEFORE = 0.12  # seconds; a shorter gap may be a stop consonant
QUIET = 40.0  # dB under the loud parts: silence
SAME = 0.06  # seconds; nearer than this the two judges mean the same start

# Phonemes of the voice in the alphabet of the aligner; marks of stress and length have no sound of their own.
PHONES = {
    "A": "EY", "I": "AY", "O": "OW", "Q": "OW", "W": "AW", "Y": "OY", "ʤ": "JH", "ʧ": "CH", "ᵊ": "AH", "ə": "AH",
    "ᵻ": "IH", "ɪ": "IH", "i": "IY", "u": "UW", "ʊ": "UH", "ʌ": "AH", "ɛ": "EH", "æ": "AE", "ɑ": "AA", "ɒ": "AA",
    "ɔ": "AO", "ɜ": "ER", "ɚ": "ER", "a": "AE", "o": "OW", "e": "EH", "ɐ": "AH", "b": "B", "d": "D", "f": "F",
    "ɡ": "G", "h": "HH", "j": "Y", "k": "K", "l": "L", "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R",
    "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T", "T": "T", "θ": "TH", "ð": "DH", "v": "V", "w": "W", "z": "Z", "ʒ": "ZH",
}  # fmt: skip


class Start(NamedTuple):
    """A word and, in seconds of its scene, when the voice says it starts and when the aligner does."""

    text: str
    told: float
    aligned: float
    onset: float | None = None


def figures(told: Sequence[Told]) -> list[Figure]:
    """The error that 95 % of the words stay under, and how much of it is a constant."""
    model = Model(voices()[DEFAULT_VOICE], british=False)
    starts = [start for scene in told for start in judged(scene, model)]
    said = sum(len(scene.words) for scene in told)
    ahead = lead(starts)
    off = np.array([start.told - truth(start, ahead) for start in starts]) * 1000
    after_silence = [abs(s.told - s.onset) * 1000 for s in starts if s.onset is not None]
    return [
        Figure(
            f"{len(off)} word starts: off the waveform, 95 % under", float(np.percentile(abs(off), 95)), BOUND, "ms"
        ),
        Figure("  after silence, by energy alone, 95 % under", float(np.percentile(after_silence, 95)), BOUND, "ms"),
        Figure("  late or early as a whole (median)", float(abs(np.median(off))), BOUND / 4, "ms"),
        Figure("  words that nothing judged", 1 - len(starts) / said, 0.01, "of all"),
    ]


def truth(start: Start, ahead: float) -> float:
    """Where the word starts in the waveform."""
    return start.aligned + ahead if start.onset is None else start.onset


def lead(starts: Sequence[Start]) -> float:
    """How much earlier than the waveform the aligner is."""
    return float(np.median([start.onset - start.aligned for start in starts if start.onset is not None]))


def judged(scene: Told, model: Model) -> list[Start]:
    """All words that are heard, with both judges' opinions."""
    sounds = _sounds(scene, model)
    aligned = align(scene.sound, [sounds[word] for word in sorted(sounds)])
    seen = onsets(scene.sound)
    own = dict.fromkeys(aligned)  # an onset belongs to the one word that starts nearest to it
    for onset in seen if aligned else ():
        nearest = min(aligned, key=lambda at, onset=onset: abs(at - onset))
        own[nearest] = float(onset) if abs(nearest - onset) <= SAME else None
    heard = [scene.words[word] for word in sorted(sounds)][: len(aligned)]
    return [Start(word.text, word.start, at, own[at]) for word, at in zip(heard, aligned, strict=True)]


def _sounds(scene: Told, model: Model) -> dict[int, str]:
    """The phonemes of each written word that has any."""
    sounds: dict[int, list[str]] = {}
    for sentence in reading.sentences(scene.text, model.abbreviations):
        for char, word in reading.phonemes(sentence.words, sentence.first, model.read, scene.pronounce):
            if word >= 0 and char in PHONES:
                sounds.setdefault(word, []).append(PHONES[char])
    return {word: " ".join(phones) for word, phones in sounds.items()}


def align(sound: Samples, words: Sequence[str]) -> list[float]:
    """Starts of words given by their phonemes; empty if the sound cannot be what was said."""
    from pocketsphinx import Decoder

    decoder = Decoder(lm=None, samprate=RATE, loglevel="FATAL")
    for number, phones in enumerate(words, 1):
        decoder.add_word(f"w{number}", phones, number == len(words))
    decoder.set_align_text(" ".join(f"w{number}" for number in range(1, len(words) + 1)))
    decoder.start_utt()
    decoder.process_raw(np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    starts = [part.start_frame * FRAME for part in decoder.seg() or () if part.word[0] == "w"]
    return starts if len(starts) == len(words) else []


def onsets(sound: Samples) -> NDArray[np.float64]:
    """Where sound begins after silence."""
    hop, gap = round(HOP * RATE), round(QUIET_BEFORE / HOP)
    power = np.mean(sound[: len(sound) // hop * hop].reshape(-1, hop) ** 2, axis=1)
    level = 10 * np.log10(power + 1e-12)
    loud = np.concatenate([np.zeros(gap, bool), level > np.percentile(level, 95) - QUIET])
    return np.array([i - gap for i in range(gap, len(loud)) if loud[i] and not loud[i - gap : i].any()]) * HOP
