"""The finisher: music under the voice, one loudness, and an AAC file of exactly the voice's length.

Owns the choice of the music and what is told; balance, mastering, synthesis and metering have their own modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

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

VOICE, SOUND = "voice.wav", "sound.m4a"
RATE = 48_000
MUSIC_FILE_SECONDS = 900  # of a user's music; more is never heard twice
LOUDNESS_SLACK = 0.5  # LU; more is told


class MasterOptions(Value, frozen=True, kw_only=True):
    """The balance of the mix, and how hard it is pressed."""

    music_level: Annotated[float, Meta(ge=-30, le=12, description="dB more or less music than usual")] = 0.0
    duck_depth: Annotated[float, Meta(ge=0, le=30, description="dB by which music steps back under speech")] = 10.0
    compression: Annotated[
        float, Meta(ge=1, le=8, description="ratio of the gentle compressor before the limiter; 1 is none")
    ] = 2.0


class Master(Finisher[MasterOptions]):
    """voice.wav becomes sound.m4a."""

    name = "master"
    takes = (VOICE,)
    gives = (SOUND,)
    needs = ("speech", "music")
    Options = MasterOptions

    def fingerprint(self) -> Mapping[str, str]:
        """The music is computed: another numpy may round it differently. AAC is PyAV's."""
        import av

        return {"numpy": version("numpy"), "av": f"{version('av')} {av.library_versions}"}

    def describe(self) -> dict[str, list[str]]:
        """What `music` may be, besides a file of one's own."""
        return {"music": ["auto", "none", *sorted(MOODS)]}

    async def finish(self, request: FinishRequest, context: StageContext[MasterOptions]) -> Deliverables:
        """Compose, balance, then encode until loudness and peaks are right."""
        from aurad_plugins.finish_master.balance import balanced
        from aurad_plugins.finish_master.mastering import mastered
        from aurad_plugins.finish_master.shelf import Shelf

        shelf = Shelf(context.cache)
        mood, voice, options = _mood(request), _voice(request, context), context.options
        own = await _decoded(request, context)

        def listening(done: float) -> None:
            context.progress(0.1 + 0.2 * done, "listening")

        try:
            balance = await balanced(request, voice, mood, own, shelf, options, listening)
        except ValueError as error:
            raise BadInput(f"cannot master {VOICE}: {error}") from error
        context.progress(0.3, "music" if balance.score else "no music")
        path = context.workspace / SOUND
        measured = await mastered(path, voice, balance, request.loudness, options.compression, shelf, context.progress)
        shelf.tidy()
        if not measured.silent and abs(measured.loudness - request.loudness) > LOUDNESS_SLACK:
            told = f"{measured.loudness:.1f} LUFS instead of {request.loudness:.1f}"
            context.warn("loudness", f"the sound has {told}: its peaks forbid more")
        sound = Deliverable(name=SOUND, artifact=context.keep(path, "audio/mp4"), published=False)
        facts: dict[str, str | int | float | bool] = {
            "loudness": round(measured.loudness, 1),
            "truePeak": round(measured.true_peak, 1),
            "mood": "file" if own else mood,
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
