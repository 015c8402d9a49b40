"""The balance: how loud the music is under the voice, and what mastering needs to know of both together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import trio
from numpy.typing import NDArray

from aurad.api import FinishRequest
from aurad_plugins.finish_master.bed import compose
from aurad_plugins.finish_master.dynamics import Analysis, analysed, joined
from aurad_plugins.finish_master.loudness import SILENT, Meter, gated
from aurad_plugins.finish_master.mix import Ducking, Music, Score, length, mixed
from aurad_plugins.finish_master.moods import MOODS
from aurad_plugins.finish_master.pieces import BLOCK, in_pieces
from aurad_plugins.finish_master.shelf import Shelf, key_of
from aurad_plugins.finish_master.wav import Stereo

RATE = 48_000
UNDER_SPEECH = 17.0  # dB between speech and the music that steps back for it
GRAIN = 0.5  # LU in which the voice is weighed: it is levelled to a whole number, so a changed sentence tips no scales
OVERLAP_SECONDS = 2.5  # blended where a user's music begins again


Leveled = tuple[Music, float]  # with its loudness in LUFS


class Levels(Protocol):
    """How loud the music is wanted, and by how much it steps back, in dB."""

    @property
    def music_level(self) -> float: ...
    @property
    def duck_depth(self) -> float: ...


class Song(msgspec.Struct, frozen=True, array_like=True):
    """A bed of music as it is kept: the loop's 16-bit samples with what makes them amplitudes, the ending's floats.

    `level` is the loop's loudness in LUFS.
    """

    loop: bytes
    scale: float
    ending: bytes
    bar: int
    level: float


class Balance(NamedTuple):
    """The music's part, if there is any, and the analysis of the mix."""

    score: Score | None
    analysis: Analysis


async def balanced(
    request: FinishRequest,
    voice: Path,
    mood: str,
    own: Path | None,
    shelf: Shelf,
    levels: Levels,
    report: Callable[[float], None],
) -> Balance:
    """Compose music of this mood, or take one's `own` (plain samples), and analyse the mix.

    Raises ValueError if the voice cannot be read.
    """
    score, samples = None, length(voice)
    if mood != "none":
        (music, played), spoken = await _music_and_voice(mood, request.seed, own, voice, samples, shelf)
        loudness = round(spoken / GRAIN) * GRAIN if spoken > SILENT else request.loudness
        gain = loudness - UNDER_SPEECH + levels.duck_depth - played + levels.music_level
        score = Score(music, Ducking(request.speech, levels.duck_depth), gain, samples)
    parts = await in_pieces(lambda start, end: analysed(mixed(voice, score, start, end)), samples, done=report)
    return Balance(score, joined(parts))


async def _music_and_voice(
    mood: str, seed: int, own: Path | None, voice: Path, samples: int, shelf: Shelf
) -> tuple[Leveled, float]:
    """The music and, side by side, how loud the voice is."""
    found: list[Leveled] = []

    async def make() -> None:
        found.append(
            await trio.to_thread.run_sync(_mapped, own)
            if own
            else await trio.to_thread.run_sync(_composed, mood, seed, shelf)
        )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make)
        parts = await in_pieces(lambda start, end: _powers(mixed(voice, None, start, end)), samples)
    return found[0], gated(np.concatenate(parts))


def _powers(blocks: Iterable[Stereo]) -> NDArray[np.float64]:
    meter = Meter()
    for block in blocks:
        meter.feed(block)
    return meter.powers()


def _level(music: Music) -> float:
    blocks = (music.read(at, min(BLOCK, len(music.loop) - at)) for at in range(0, len(music.loop), BLOCK))
    return gated(_powers(blocks))


def _composed(mood: str, seed: int, shelf: Shelf) -> Leveled:
    song = shelf.get(key_of(f"bed {mood} {seed}"), Song, lambda: _song(mood, seed))
    loop = np.frombuffer(song.loop, np.int16).reshape(-1, 2)
    ending = np.frombuffer(song.ending, np.float32).reshape(-1, 2)
    return Music(loop, song.scale, ending=ending, bar=song.bar), song.level


def _song(mood: str, seed: int) -> Song:
    """In 16 bits: it is played far below the voice, and what waits in memory is half as large."""
    bed = compose(MOODS[mood], seed)
    scale = float(np.abs(bed.loop).max()) / 32767
    loop = np.empty(bed.loop.shape, np.int16)
    for side in (0, 1):
        np.rint(bed.loop[:, side] / scale, out=loop[:, side], casting="unsafe")
    return Song(loop.tobytes(), scale, bed.ending.tobytes(), bed.bar, _level(Music(loop, scale)))


def _mapped(path: Path) -> Leveled:
    loop = np.memmap(path, "<i2", "r").reshape(-1, 2)
    music = Music(loop, 2.0**-15, overlap=min(round(OVERLAP_SECONDS * RATE), len(loop) // 4))
    return music, _level(music)
