"""The render stage: picks an encoder, and encodes scenes, feeding FFmpeg with frames made here."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import trio

from aurad.api import (
    AuradError,
    Canvas,
    Profile,
    ProfileRequest,
    RenderStage,
    Segment,
    SegmentRequest,
    StageContext,
)
from aurad_plugins.render_ffmpeg.captions import FONT_CREDIT, missing_letters, styles
from aurad_plugins.render_ffmpeg.encoders import SOFTWARE, Options, can_repeat, candidates, pace
from aurad_plugins.render_ffmpeg.lettering import fonts_fingerprint
from aurad_plugins.render_ffmpeg.planes import Planes
from aurad_plugins.render_ffmpeg.repeat import write_segment
from aurad_plugins.render_ffmpeg.scene import SceneFrames
from aurad_plugins.render_ffmpeg.spans import Piece, encoded_frames, key_frame_times, plan_pieces
from aurad_plugins.render_ffmpeg.watch import Watch, planned_motion

TRIAL_FRAMES = 30  # enough for B frames, a look-ahead and a real driver to show what they cannot do
Context = StageContext[Options]


class FFmpegRender(RenderStage[Options]):
    """Frames with sub-pixel motion, piped as yuv420p to one FFmpeg; what stands still is encoded once."""

    name = "ffmpeg"
    Options = Options

    def fingerprint(self) -> Mapping[str, str]:
        found = {name: version(name) for name in ("opencv-python-headless", "numpy", "av", "pillow")}
        return {**found, "fonts": fonts_fingerprint()}

    def describe(self) -> Mapping[str, Any]:
        return {"captionStyles": styles(), "credits": [FONT_CREDIT]}

    async def profile(self, request: ProfileRequest, context: Context) -> Profile:
        """The first encoder that proves itself; x264 comes last and needs no proof."""
        for profile in candidates(context.options, request.canvas, request.quality):
            if profile.encoder == SOFTWARE:
                return profile
            if profile.encoder in request.avoid:
                continue
            try:
                await _try(profile, request.canvas, context)
            except AuradError as error:
                context.log(f"{profile.encoder} is not used: {error.detail}")
                if context.options.encoder != "auto":
                    context.warn("ENCODER", f"x264 encodes instead of {context.options.encoder}: {error.detail}")
            else:
                return profile
        raise AssertionError("x264 is always a candidate")

    async def render_scene(self, request: SegmentRequest, context: Context) -> Segment:
        """One scene; see `aurad.api.RenderStage`."""
        scene = await trio.to_thread.run_sync(SceneFrames, request, context.path)
        if missing := missing_letters(request.cues):
            context.warn(
                "CAPTION-LETTERS", f"captions leave out {missing[:40]}: no font here has them; see aurad[scripts]"
            )
        keys = await trio.to_thread.run_sync(scene.keys)
        pieces = _plan(keys, request)
        encoded = context.workspace / "encoded.mp4"
        planned = await trio.to_thread.run_sync(planned_motion, keys, request.placed, context.path)
        watch = Watch(planned)
        await _encode(_Painter(scene, keys, watch), request, pieces, encoded, context)
        target = context.workspace / "segment.mp4"
        frames = await trio.to_thread.run_sync(write_segment, encoded, pieces, target, request.canvas.fps)
        if frames != request.placed.frames:
            raise AuradError("E308-RESULT", f"cannot use the segment: {frames} frames, not {request.placed.frames}")
        await trio.to_thread.run_sync(encoded.unlink)
        return Segment(video=context.keep(target, "video/mp4"), frames=frames, seen=watch.seen())


class _Painter:
    """Draws the frames asked for into one buffer, and only those that look different from the one before."""

    def __init__(self, scene: SceneFrames, keys: Sequence[Hashable], watch: Watch) -> None:
        self._scene, self._keys, self._watch = scene, keys, watch
        self._frame = scene.new_frame()
        self._shown: Hashable = None

    async def paint(self, frame: int) -> memoryview:
        """The bytes of a frame, good until the next call."""
        if self._keys[frame] != self._shown:
            await trio.to_thread.run_sync(self._scene.draw, frame, self._frame)
            self._shown = self._keys[frame]
            self._watch.look(frame, self._frame)
        return self._frame.data.data


def _plan(keys: Sequence[Hashable], request: SegmentRequest) -> tuple[Piece, ...]:
    """What to encode."""
    if not can_repeat(request.profile):
        return (Piece(first=0, encoded=len(keys)),)
    return plan_pieces(keys, pace(request.canvas))


async def _encode(
    painter: _Painter, request: SegmentRequest, pieces: Sequence[Piece], target: Path, context: Context
) -> None:
    """Draw and send frame by frame. FFmpeg has a queue of its own, so it encodes while the next one is drawn."""
    canvas, total = request.canvas, sum(piece.encoded for piece in pieces)
    forced = ",".join(f"{time:.6f}" for time in key_frame_times(pieces, canvas.fps))
    arguments = (*raw_input(canvas), *request.profile.arguments, "-force_key_frames", forced, "-f", "mp4", str(target))
    async with context.ffmpeg(arguments, frames=total, stdin=True) as encoder:
        for count, frame in enumerate(encoded_frames(pieces), 1):
            await encoder.send(await painter.paint(frame))
            context.progress(count / total)


def raw_input(canvas: Canvas) -> tuple[str, ...]:
    """FFmpeg's arguments to read our frames."""
    size = f"{canvas.width}x{canvas.height}"
    return ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", str(canvas.fps), "-i", "pipe:0")


async def _try(profile: Profile, canvas: Canvas, context: Context) -> None:
    """Encode a short moving picture and look at what came out; raises `AuradError` if it is not right."""
    target = context.workspace / f"trial-{profile.encoder}.mp4"
    arguments = (*raw_input(canvas), *profile.arguments, "-f", "mp4", str(target))
    async with context.ffmpeg(arguments, frames=TRIAL_FRAMES, stdin=True) as encoder:
        for frame in _trial_frames(canvas):
            await encoder.send(frame.data.data)
    found = await context.probe(target)
    facts = (found.video_codec, found.pixel_format, found.width, found.height, found.frames)
    wanted = ("h264", "yuv420p", canvas.width, canvas.height, TRIAL_FRAMES)
    if facts != wanted:
        raise AuradError("E308-RESULT", f"cannot use {profile.encoder}: its trial gave {facts}, not {wanted}")


def _trial_frames(canvas: Canvas) -> Iterator[Planes]:
    """A drifting gradient."""
    frame = Planes(canvas.width, canvas.height)
    ramp = np.add.outer(np.arange(canvas.height), np.arange(canvas.width))
    frame.data.fill(128)
    for index in range(TRIAL_FRAMES):
        np.copyto(frame.y, 16 + (ramp + 4 * index) % 220, casting="unsafe")
        yield frame
