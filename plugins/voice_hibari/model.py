"""hibari's model: phonemes in, sound and the duration of every phoneme out.

Owns the ONNX session and the search for the duration tensor. Its name may change with the engine's
version, its role does not: one number for each symbol, and their sum is the length of the sound.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurad_plugins.voice_hibari.graph import duration_candidates, with_outputs
from aurad_plugins.voice_hibari.text import Reading

Samples = NDArray[np.float32]
Lengths = NDArray[np.int64]

_PARTS = 6  # outputs that the engine's own signal processing takes
_TRIALS = ("həlˈO.", "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps.")  # of different lengths: a chance match cannot pass both

_ABBREVIATIONS = frozenset({"e.g", "i.e", "cf", "vs", "approx", "ca", "incl", "resp"})


class Spoken(NamedTuple):
    """Sound, and the length in samples of each known symbol between the two silent ends, if known."""

    sound: Samples
    lengths: Lengths | None


class Model:
    """One voice, warm. Not for two threads at once."""

    def __init__(self, path: Path, *, british: bool) -> None:
        from hibari import dsp
        from hibari.g2p import G2P, normalize
        from hibari.g2p.normalize import TITLES
        from hibari.tts import ASSETS

        self._synth, self.rate, self._normalize = dsp.synth, int(dsp.SR), normalize
        self._vocabulary: dict[str, int] = json.loads(Path(ASSETS, "vocab.json").read_text("utf-8"))
        self._g2p = G2P(british=british)
        self.abbreviations = frozenset(TITLES) | _ABBREVIATIONS
        self._session, self._tensor = self._open(path.read_bytes())

    def knows(self, char: str) -> bool:
        """Whether the model has a sound (or a pause) for this phoneme character."""
        return char in self._vocabulary

    def read(self, text: str) -> Reading:
        """Normalise and pronounce: (normalised word, phonemes) pairs, as the engine itself does it."""
        tokens = self._g2p.phonemize_tokens(self._g2p.tokenize(self._normalize(text)))
        words: list[tuple[str, str]] = []
        open_word = False
        for token in tokens:
            chars = token.phonemes or ""
            if open_word:
                words[-1] = (words[-1][0] + token.text, words[-1][1] + chars)
            else:
                words.append((token.text, chars))
            open_word = not token.whitespace
        return [(text, chars.strip()) for text, chars in words]

    def speak(self, chars: str, *, speed: float, seed: int) -> Spoken:
        """Synthesise one part; equal arguments give equal bytes."""
        outputs = self._run(self._session, chars, speed, self._tensor)
        sound = self._sound(outputs, seed)
        return Spoken(sound, _lengths(outputs[_PARTS], len(sound)) if self._tensor else None)

    def _run(self, session: Any, chars: str, speed: float, tensor: str) -> list[Any]:
        ids = [0, *(self._vocabulary[char] for char in chars), 0]
        names = [output.name for output in session.get_outputs()[:_PARTS]] + ([tensor] if tensor else [])
        feed = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
        return list(session.run(names, feed))

    def _sound(self, outputs: Sequence[Any], seed: int) -> Samples:
        parts = [output[0] for output in outputs[:_PARTS]]
        sound: Samples = self._synth(*parts, np.random.default_rng(seed))
        return sound

    def _open(self, raw: bytes) -> tuple[Any, str]:
        """A session with the duration tensor among its outputs, and that tensor's name ("" if none fits)."""
        for name in duration_candidates(raw):
            session = _session(with_outputs(raw, [name]))
            if all(self._fits(session, name, trial) for trial in _TRIALS):
                return session, name
        return _session(raw), ""

    def _fits(self, session: Any, name: str, chars: str) -> bool:
        outputs = self._run(session, chars, 1.0, name)
        lengths = _lengths(outputs[_PARTS], len(self._sound(outputs, 0)))
        return lengths is not None and len(lengths) == len(chars) + 2


def _session(raw: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # same bytes everywhere, one core per worker
    options.enable_cpu_mem_arena = False  # the arena keeps the longest sentence's memory for ever
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])


def _lengths(tensor: Any, samples: int) -> Lengths | None:
    """Durations as samples, if the tensor can be that: positive, and a whole unit times their sum is the length."""
    steps = np.asarray(tensor, np.float64).reshape(-1)
    total = steps.sum()
    if total <= 0 or steps.min() < 0 or samples % total:
        return None
    lengths: Lengths = np.rint(steps * (samples / total)).astype(np.int64)
    return lengths
