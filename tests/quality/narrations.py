"""Documents spoken by the default voice, each scene with the times that the voice gave its words."""

from __future__ import annotations

import sys
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurad.api import Brief, ScriptRequest, VoiceRequest, Word
from aurad.model.pronounce import occurring
from aurad.testing import run_stage
from aurad_plugins.script_document.stage import DocumentStage
from aurad_plugins.voice_hibari.stage import HibariVoice

ROOT = Path(__file__).parents[2]
RATE = 16_000  # Hz: what recognisers and aligners are trained on
Samples = NDArray[np.float64]


class Told(NamedTuple):
    """One scene: what is written, how it was said, and when each word is to start."""

    document: str
    text: str
    pronounce: dict[str, str]
    sound: Samples
    words: tuple[Word, ...]


def documents() -> list[Path]:
    """The documents that nobody built against, and the examples of the docs."""
    folders = (Path(__file__).with_name("documents"), ROOT / "docs" / "examples")
    return [path for folder in folders for path in sorted(folder.glob("*.md"))]


async def narrations(paths: Sequence[Path], workspace: Path) -> list[Told]:
    """All scenes of all documents, as `auractl make` would have them said."""
    voice, told = HibariVoice(), list[Told]()
    for path in paths:
        print(f"speaking {path.name}", file=sys.stderr, flush=True)
        brief = Brief(source=path.read_text(), source_format="markdown")
        script = (
            await run_stage(DocumentStage, "write", ScriptRequest(brief=brief, seed=1), workspace=workspace)
        ).output
        for number, scene in enumerate(script.scenes):
            needed = occurring(scene.text, script.pronounce)
            request = VoiceRequest(text=scene.text, language=script.language, pronounce=needed, seed=number)
            ran = await run_stage(voice, "speak", request, workspace=workspace)
            sound = resampled(*read_wav(ran.path(ran.output.audio)), RATE)
            told.append(Told(path.name, scene.text, needed, sound, ran.output.words))
    return told


def read_wav(path: Path) -> tuple[Samples, int]:
    """Mono samples in -1..1, and their rate."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, file.getframerate()


def resampled(sound: Samples, rate: int, wanted: int) -> Samples:
    """The same at a lower rate, by leaving out the upper part of its spectrum."""
    samples = round(len(sound) * wanted / rate)
    return np.fft.irfft(np.fft.rfft(sound)[: samples // 2 + 1], samples) * (samples / len(sound))


def by_document(told: Sequence[Told]) -> Iterator[tuple[str, list[Told]]]:
    """Scenes under the name of their document, in order."""
    for name in dict.fromkeys(one.document for one in told):
        yield name, [one for one in told if one.document == name]
