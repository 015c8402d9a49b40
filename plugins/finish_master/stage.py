"""The finisher: music under the voice, one loudness, and an AAC file of exactly the voice's length.

Owns the choice of the music, the balance, and the loop of gain, limiter and measurement; synthesis, mix
and metering have their own modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import trio
from msgspec import Meta

from aurad.api import (
    AuradError,
    BadInput,
    Deliverable,
    Deliverables,
    Finisher,
    FinishRequest,
    StageContext,
    Value,
)
from aurad_plugins.finish_master.moods import MOODS, mood_for

if TYPE_CHECKING:  # numpy is loaded with the work, not with the plugin
    from aurad_plugins.finish_master.dynamics import Analysis, Plan
    from aurad_plugins.finish_master.mix import Music, Score
    from aurad_plugins.finish_master.wav import Stereo

VOICE, SOUND = "voice.wav", "sound.m4a"
RATE = 48_000
UNDER_SPEECH = 17.0  # dB between speech and the music that steps back for it
TRUE_PEAK = -1.0  # dBTP that must not be passed after AAC
LIMIT = -1.8  # dBTP before AAC, which rings by 0.3 to 0.7 dB
TOLERANCE = 0.25  # LU; half of what is promised
ROUNDS = 4  # encodes at most; the second is rare: only AAC's ringing and bent peaks are not known beforehand
MUSIC_FILE_SECONDS = 900  # of a user's music; more is never heard twice
OVERLAP_SECONDS = 2.5  # blended where a user's music begins again
# The fast coder: at this rate as good as the default one by FFmpeg's own account, at a third of its time.
AAC = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "192k", "-ar", str(RATE), "-ac", "2")
EXACT = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-threads", "1")


class MasterOptions(Value, frozen=True, kw_only=True):
    """The balance of the mix, and how hard it is pressed."""

    music_level: Annotated[float, Meta(ge=-30, le=12, description="dB more or less music than usual")] = 0.0
    duck_depth: Annotated[float, Meta(ge=0, le=30, description="dB by which music steps back under speech")] = 10.0
    compression: Annotated[
        float, Meta(ge=1, le=8, description="ratio of the gentle compressor before the limiter; 1 is none")
    ] = 2.0


class Measured(NamedTuple):
    """Of the encoded file: integrated loudness in LUFS, true peak in dBTP."""

    loudness: float
    true_peak: float


class Master(Finisher[MasterOptions]):
    """voice.wav becomes sound.m4a."""

    name = "master"
    takes = (VOICE,)
    gives = (SOUND,)
    needs = ("speech", "music")
    Options = MasterOptions

    def fingerprint(self) -> Mapping[str, str]:
        """The music is computed: another numpy may round it differently."""
        return {"numpy": version("numpy")}

    def describe(self) -> dict[str, list[str]]:
        """What `music` may be, besides a file of one's own."""
        return {"music": ["auto", "none", *sorted(MOODS)]}

    async def finish(self, request: FinishRequest, context: StageContext[MasterOptions]) -> Deliverables:
        """Compose, balance, then encode until loudness and peaks are right."""
        mood = _mood(request)
        voice = _voice(request, context)
        mapped = await _decoded(request, context)
        balance = await trio.to_thread.run_sync(_balanced, request, context.options, voice, mood, mapped)
        context.progress(0.2, "music" if balance.score else "no music")
        path, measured = await _mastered(request.loudness, voice, balance, context)
        _check(request.loudness, balance, measured, context)
        sound = Deliverable(name=SOUND, artifact=context.keep(path, "audio/mp4"), published=False)
        facts: dict[str, str | int | float | bool] = {
            "loudness": round(measured.loudness, 1),
            "truePeak": round(measured.true_peak, 1),
            "mood": "file" if mapped else mood,
        }
        return Deliverables(files=(sound,), facts=facts)


def _mood(request: FinishRequest) -> str:
    if request.music == "auto":
        return mood_for(request.title, request.seed)
    if request.music in {"none", *MOODS}:
        return request.music
    raise BadInput(
        f"cannot play the music {request.music!r}: there are {', '.join(['auto', 'none', *sorted(MOODS)])}",
        remedy="Choose one of the named moods, or give a music file.",
        details={"music": request.music, "allowed": ["auto", "none", *sorted(MOODS)]},
    )


def _voice(request: FinishRequest, context: StageContext[MasterOptions]) -> Path:
    if VOICE not in request.files:
        raise BadInput(f"cannot master the sound: there is no {VOICE}")
    return context.path(request.files[VOICE])


async def _decoded(request: FinishRequest, context: StageContext[MasterOptions]) -> Path | None:
    """The user's own music as plain samples on disk, to be mapped: it may be long."""
    if request.music_file is None or request.music == "none":
        return None
    out = context.workspace / "music.s16"
    source = ["-i", str(context.path(request.music_file)), "-map", "0:a:0", "-t", str(MUSIC_FILE_SECONDS)]
    try:
        async with context.ffmpeg([*source, "-ar", str(RATE), "-ac", "2", "-f", "s16le", str(out)]):
            pass
    except AuradError as error:
        if error.code != "E304-FFMPEG_RUNTIME":
            raise
        raise BadInput(
            f"cannot play the music file: {error.detail}", remedy="Give an audio file such as MP3, FLAC or WAV."
        ) from error
    if not out.stat().st_size:
        raise BadInput("cannot play the music file: it has no sound", remedy="Give a file with sound in it.")
    return out


# ---------------------------------------------------------------- balance


class Balance(NamedTuple):
    """The music's part, and what the dynamics need to know of voice and music together."""

    score: Score | None
    analysis: Analysis


def _balanced(request: FinishRequest, options: MasterOptions, voice: Path, mood: str, mapped: Path | None) -> Balance:
    from aurad_plugins.finish_master.dynamics import analysed
    from aurad_plugins.finish_master.loudness import SILENT
    from aurad_plugins.finish_master.mix import Ducking, Score, mixed

    try:
        spoken, samples = _measured(mixed(voice, None))
    except ValueError as error:
        raise BadInput(f"cannot master {VOICE}: {error}") from error
    if mood == "none":
        return Balance(None, analysed(mixed(voice, None)))
    music = _mapped(mapped) if mapped else _composed(mood, request.seed)
    level = (spoken if spoken > SILENT else request.loudness) - UNDER_SPEECH + options.duck_depth
    gain = level - _level(music) + options.music_level
    score = Score(music, Ducking(request.speech, options.duck_depth), gain, samples)
    return Balance(score, analysed(mixed(voice, score)))


def _measured(blocks: Iterator[Stereo]) -> tuple[float, int]:
    """Loudness and number of samples."""
    from aurad_plugins.finish_master.loudness import Meter

    meter, samples = Meter(), 0
    for block in blocks:
        meter.feed(block)
        samples += len(block)
    return meter.loudness(), samples


def _level(music: Music) -> float:
    step = 2 * RATE
    return _measured(music.read(at, min(step, len(music.loop) - at)) for at in range(0, len(music.loop), step))[0]


def _composed(mood: str, seed: int) -> Music:
    from aurad_plugins.finish_master.bed import compose
    from aurad_plugins.finish_master.mix import Music

    bed = compose(MOODS[mood], seed)
    return Music(bed.loop, 1.0, ending=bed.ending, bar=bed.bar)


def _mapped(path: Path) -> Music:
    import numpy as np

    from aurad_plugins.finish_master.mix import Music

    loop = np.memmap(path, "<i2", "r").reshape(-1, 2)
    return Music(loop, 2.0**-15, overlap=min(round(OVERLAP_SECONDS * RATE), len(loop) // 4))


# ---------------------------------------------------------------- mastering


async def _mastered(
    target: float, voice: Path, balance: Balance, context: StageContext[MasterOptions]
) -> tuple[Path, Measured]:
    """Encode and measure what came out; again only if AAC rang louder than it usually does."""
    from aurad_plugins.finish_master.dynamics import planned

    wanted, limit, path = target, LIMIT, context.workspace / SOUND
    for turn in range(ROUNDS):
        plan = await trio.to_thread.run_sync(planned, balance.analysis, wanted, limit, context.options.compression)
        await _encode(path, voice, balance.score, plan, context)
        measured = await _measure(path, context)
        context.progress(0.5 + 0.45 * (turn + 1) / ROUNDS, f"{measured.loudness:.1f} LUFS")
        over, off = measured.true_peak - TRUE_PEAK, target - measured.loudness
        if over <= 0 and (abs(off) <= TOLERANCE or _silent(measured.loudness)):
            break
        limit -= over + 0.1 if over > 0 else 0.0
        wanted += off
    return path, measured


def _silent(loudness: float) -> bool:
    return loudness <= -69.0


async def _encode(
    path: Path, voice: Path, score: Score | None, plan: Plan, context: StageContext[MasterOptions]
) -> None:
    source = ["-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "pipe:0"]
    blocks = _amplified(voice, score, plan)
    async with context.ffmpeg([*source, *AAC, *EXACT, "-f", "mp4", str(path)], stdin=True) as encode:
        while (block := await trio.to_thread.run_sync(next, blocks, None)) is not None:
            await encode.send(block.data)


def _amplified(voice: Path, score: Score | None, plan: Plan) -> Iterator[Stereo]:
    from aurad_plugins.finish_master.dynamics import amplified
    from aurad_plugins.finish_master.mix import mixed

    at = 0
    for block in mixed(voice, score):
        yield amplified(block, at, plan)
        at += len(block)


async def _measure(path: Path, context: StageContext[MasterOptions]) -> Measured:
    """What a listener gets: the encoded file, decoded again."""
    log = context.workspace / "loudness.txt"
    graph = f"ebur128=peak=true:metadata=1,ametadata=mode=print:file={_escaped(str(log))}"
    async with context.ffmpeg(["-i", str(path), "-af", graph, "-f", "null", "-"]):
        pass
    return await trio.to_thread.run_sync(_read_measured, log)


def _read_measured(log: Path) -> Measured:
    from math import log10

    loudness, peak = -70.0, 1e-6
    with log.open() as lines:
        for line in lines:
            name, _, value = line.partition("=")
            if name == "lavfi.r128.I":
                loudness = float(value)
            elif name.startswith("lavfi.r128.true_peak"):
                peak = max(peak, float(value))
    return Measured(loudness, 20 * log10(peak))


def _escaped(path: str) -> str:
    """A path inside a filter graph: quoted for the option, then for the graph."""
    for special in ("\\':", "\\'[],;"):
        path = "".join("\\" + char if char in special else char for char in path)
    return path


def _check(target: float, balance: Balance, measured: Measured, context: StageContext[MasterOptions]) -> None:
    if not _silent(balance.analysis.loudness) and abs(measured.loudness - target) > 2 * TOLERANCE:
        context.warn(
            "loudness", f"the sound has {measured.loudness:.1f} LUFS instead of {target:.1f}: its peaks forbid more"
        )
