"""The balance: how loud the music is under the voice, and what mastering needs to know of both together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import trio

from aurad.api import FinishRequest
from aurad_plugins.finish_master.bed import compose
from aurad_plugins.finish_master.dynamics import Analysis, analysed, joined
from aurad_plugins.finish_master.loudness import SILENT, Meter
from aurad_plugins.finish_master.mix import Ducking, Music, Score, length, mixed
from aurad_plugins.finish_master.moods import MOODS
from aurad_plugins.finish_master.pieces import BLOCK, in_pieces
from aurad_plugins.finish_master.wav import Stereo

RATE = 48_000
UNDER_SPEECH = 17.0  # dB between speech and the music that steps back for it
OVERLAP_SECONDS = 2.5  # blended where a user's music begins again


class Balance(NamedTuple):
    """The music's part, if there is any, and the analysis of the mix."""

    score: Score | None
    analysis: Analysis


async def balanced(
    request: FinishRequest, voice: Path, mood: str, own: Path | None, music_level: float, duck_depth: float
) -> Balance:
    """Compose music of this mood, or take one's `own` (plain samples), and analyse the mix.

    Levels in dB; raises ValueError if the voice cannot be read.
    """
    score, samples = None, length(voice)
    if mood != "none":
        music, spoken = await _music_and_voice(mood, request.seed, own, voice)
        level = (spoken if spoken > SILENT else request.loudness) - UNDER_SPEECH + duck_depth
        gain = level - await trio.to_thread.run_sync(_level, music) + music_level
        score = Score(music, Ducking(request.speech, duck_depth), gain, samples)
    parts = await in_pieces(lambda start, end: analysed(mixed(voice, score, start, end)), samples, done=lambda _: None)
    return Balance(score, joined(parts))


async def _music_and_voice(mood: str, seed: int, own: Path | None, voice: Path) -> tuple[Music, float]:
    """The music and, side by side, how loud the voice is."""
    found: list[Music] = []

    async def make() -> None:
        found.append(await trio.to_thread.run_sync(_mapped, own) if own else await _composed(mood, seed))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make)
        spoken = await trio.to_thread.run_sync(lambda: _loudness(mixed(voice, None)))
    return found[0], spoken


def _loudness(blocks: Iterable[Stereo]) -> float:
    meter = Meter()
    for block in blocks:
        meter.feed(block)
    return meter.loudness()


def _level(music: Music) -> float:
    return _loudness(music.read(at, min(BLOCK, len(music.loop) - at)) for at in range(0, len(music.loop), BLOCK))


async def _composed(mood: str, seed: int) -> Music:
    bed = await trio.to_thread.run_sync(compose, MOODS[mood], seed)
    return Music(bed.loop, 1.0, ending=bed.ending, bar=bed.bar)


def _mapped(path: Path) -> Music:
    loop = np.memmap(path, "<i2", "r").reshape(-1, 2)
    return Music(loop, 2.0**-15, overlap=min(round(OVERLAP_SECONDS * RATE), len(loop) // 4))
