"""Joining segments by stream copy: nothing is decoded, every timestamp follows from the count of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from aurad.model.artifact import Artifact
from aurad.model.assembly import JoinRequest
from aurad.model.errors import AuradError
from aurad.model.video import Canvas

MP4_INPUT = {"protocol_whitelist": "file", "format_whitelist": "mov,mp4"}


def join_segments(
    request: JoinRequest, find: Callable[[Artifact], Path], target: Path, progress: Callable[[float], None]
) -> int:
    """Copy all segments into one MP4, in order; gives its frames. Raises E308 for one that does not fit."""
    total, done = sum(segment.frames for segment in request.segments), 0
    with open_segment(find(request.segments[0].video)) as (_, like), _open_target(target, like) as sink:
        out, base, settings = sink.add_stream_from_template(like), like.time_base, _settings(like)
        for number, segment in enumerate(request.segments, 1):
            with open_segment(find(segment.video)) as (source, stream):
                if _settings(stream) != settings:
                    raise _misfit(number, f"{_settings(stream)[:-1]} and not {settings[:-1]}, or another encoder")
                copied = _copy(source, stream, sink, out, _ticks(done, request.canvas, base))
            if copied != segment.frames:
                raise _misfit(number, f"it has {copied} frames, not {segment.frames}")
            done += copied
            progress(done / total)
    return done


@contextmanager
def open_segment(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A segment's file and its video."""
    try:
        with av.open(f"file:{path.absolute()}", container_options=MP4_INPUT) as container:
            yield container, container.streams.video[0]
    except (av.error.FFmpegError, IndexError) as error:
        raise AuradError("E308-RESULT", f"cannot read segment {path.name}: {error}") from error


def _open_target(target: Path, like: VideoStream) -> OutputContainer:
    scale = str(1 / like.time_base) if like.time_base else "0"
    return av.open(str(target), "w", format="mp4", options={"fflags": "+bitexact", "video_track_timescale": scale})


def _settings(stream: VideoStream) -> tuple[object, ...]:
    """What must be the same for copies to follow each other; last, the encoder's own parameter sets."""
    codec = stream.codec_context
    return codec.name, codec.width, codec.height, codec.pix_fmt, stream.time_base, codec.extradata


def _copy(source: InputContainer, stream: VideoStream, sink: OutputContainer, out: VideoStream, shift: int) -> int:
    """Copy every packet, `shift` later; gives their number."""
    copied = 0
    for packet in source.demux(stream):
        if packet.pts is None or packet.dts is None:  # the empty one that ends a file
            continue
        if not copied and not packet.is_keyframe:
            raise AuradError("E308-RESULT", "cannot join a segment that does not start with a key frame")
        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, out
        sink.mux(packet)
        copied += 1
    return copied


def _ticks(frames: int, canvas: Canvas, base: Fraction | None) -> int:
    """The timestamp of a frame."""
    ticks = Fraction(frames, canvas.fps) / (base or Fraction(1))
    if ticks.denominator != 1:
        raise AuradError("E308-RESULT", f"cannot join at {canvas.fps} frames a second: the time base is {base}")
    return ticks.numerator


def _misfit(number: int, cause: str) -> AuradError:
    return AuradError("E308-RESULT", f"cannot join segment {number}: {cause}")
