"""The finisher `package`: everything into one file by stream copy, which costs next to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import trio

from aurad.api import BadInput, Deliverable, Deliverables, Finisher, FinishRequest, StageContext, Value
from aurad_plugins.finish_package.cover import LONG_SIDE, best_poster, write_cover
from aurad_plugins.finish_package.language import bcp47_to_iso639
from aurad_plugins.finish_package.text import credits_to_text, request_to_metadata
from aurad_plugins.finish_package.xmp import append_xmp, request_to_xmp

PICTURE, SOUND, VOICE, CAPTIONS = "picture.mp4", "sound.m4a", "voice.wav", "captions.srt"
VIDEO, COVER, CREDITS = "video.mp4", "cover.jpg", "credits.txt"
# Each input's demuxer is named, so that no file can pass for a playlist.
DEMUXERS = {PICTURE: "mov", SOUND: "mov", VOICE: "wav", CAPTIONS: "srt"}
# Ticks a second. FFmpeg's own choice suits all tracks exactly, and then 32 bits end a chapter after 22 seconds.
MOVIE_CLOCK = "48000"
VOICE_CODEC = ("aac", "-b:a", "192k")  # only where no finisher made the final sound


class Package(Finisher[Value]):
    """Makes `video.mp4`, its cover and its credits.

    The cover stays a file beside the video: as an attached picture some players and probes take it for
    a second video stream.
    """

    name = "package"
    takes: ClassVar[tuple[str, ...]] = (PICTURE, SOUND, VOICE, CAPTIONS)
    needs: ClassVar[tuple[str, ...]] = ("chapters", "posters", "credits", "provenance", "tags")
    gives: ClassVar[tuple[str, ...]] = (VIDEO, COVER, CREDITS)

    async def finish(self, request: FinishRequest, context: StageContext[Value]) -> Deliverables:
        """One run of FFmpeg for the file, and Pillow for the cover while it copies."""
        if PICTURE not in request.files:
            raise BadInput(f"cannot package the video: there is no {PICTURE}")
        posters = [context.path(poster) for poster in request.posters] or [await self._frame(request, context)]
        cover = context.workspace / COVER
        video = await self._mux(request, context, lambda: write_cover(best_poster(posters), cover))
        files = (
            Deliverable(name=VIDEO, artifact=context.keep(video, "video/mp4")),
            Deliverable(name=COVER, artifact=context.keep(cover, "image/jpeg")),
            Deliverable(name=CREDITS, artifact=context.keep(self._credits(request, context), "text/plain")),
        )
        return Deliverables(
            files=files, facts={"chapters": len(request.chapters), "softCaptions": CAPTIONS in request.files}
        )

    async def _mux(self, request: FinishRequest, context: StageContext[Value], meanwhile: Callable[[], None]) -> Path:
        metadata, video = context.workspace / "metadata.txt", context.workspace / VIDEO
        metadata.write_text(request_to_metadata(request), encoding="utf-8")
        frames = round(request.duration * request.canvas.fps)
        inputs = {name: context.path(request.files[name]) for name in _chosen(request)}
        arguments = _mux_arguments(inputs, metadata, video, bcp47_to_iso639(request.language))
        async with context.ffmpeg(arguments, frames=frames):
            await trio.to_thread.run_sync(meanwhile)
        if request.provenance:
            await trio.to_thread.run_sync(append_xmp, video, request_to_xmp(request, request.provenance))
        return video

    async def _frame(self, request: FinishRequest, context: StageContext[Value]) -> Path:
        """For visuals without posters: a picture from a third into the video, scaled while decoding's frame is raw."""
        frame, fit = (
            context.workspace / "frame.png",
            f"w={LONG_SIDE}:h={LONG_SIDE}:force_original_aspect_ratio=decrease",
        )
        source = ("-ss", f"{request.duration / 3:.3f}", *_input(PICTURE, context.path(request.files[PICTURE])))
        async with context.ffmpeg([*source, "-frames:v", "1", "-vf", f"scale={fit}", str(frame)]):
            pass
        return frame

    def _credits(self, request: FinishRequest, context: StageContext[Value]) -> Path:
        path = context.workspace / CREDITS
        path.write_text(credits_to_text(request.credits, request.provenance), encoding="utf-8")
        return path


def _chosen(request: FinishRequest) -> Iterator[str]:
    """The inputs in the order of the file's tracks; the bare voice only where nobody mastered it."""
    sound = SOUND if SOUND in request.files else VOICE
    return (name for name in (PICTURE, sound, CAPTIONS) if name in request.files)


def _mux_arguments(inputs: dict[str, Path], metadata: Path, video: Path, language: str) -> list[str]:
    arguments = [part for name, path in inputs.items() for part in _input(name, path)]
    arguments += ["-f", "ffmetadata", "-i", str(metadata)]
    for number, name in enumerate(inputs):
        arguments += ["-map", f"{number}:{_stream(name)}:0"]
    tags = str(len(inputs))
    arguments += ["-map_metadata", tags, "-map_chapters", tags, "-c", "copy"]
    if VOICE in inputs:
        arguments += ["-c:a", *VOICE_CODEC]
    if SOUND in inputs or VOICE in inputs:
        arguments += ["-metadata:s:a:0", f"language={language}"]
    if CAPTIONS in inputs:
        arguments += ["-c:s", "mov_text", "-metadata:s:s:0", f"language={language}"]
    # Bit-exact: no version and no time of day in the file. The index in front: it plays while it loads.
    arguments += ["-fflags", "+bitexact", "-movflags", "+faststart", "-brand", "mp42"]
    return [*arguments, "-movie_timescale", MOVIE_CLOCK, "-f", "mp4", str(video)]


def _input(name: str, path: Path) -> tuple[str, ...]:
    return ("-f", DEMUXERS[name], "-i", str(path))


def _stream(name: str) -> str:
    return {PICTURE: "v", CAPTIONS: "s"}.get(name, "a")
