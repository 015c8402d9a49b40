"""Joining segments by stream copy: nothing is decoded, every timestamp follows from the count of frames."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from aurad.model.artifact import Artifact
from aurad.model.assembly import JoinRequest
from aurad.model.errors import AuradError
from aurad.model.video import Canvas

LOOKING = 0.2  # of the work is to look at each segment before any is copied
UNDECODED = {"skip_frame": "all"}  # or opening a file takes four times as long: its first frames would be decoded
MP4_INPUT = {"protocol_whitelist": "file", "format_whitelist": "mov,mp4"}


def join_segments(
    request: JoinRequest, find: Callable[[Artifact], Path], target: Path, progress: Callable[[float], None]
) -> int:
    """Copy all segments into one MP4, in order; gives its frames. Raises E308 for one that does not fit."""
    paths = [find(segment.video) for segment in request.segments]
    delay = _longest_delay(paths, lambda share: progress(LOOKING * share))
    total, done = sum(segment.frames for segment in request.segments), 0
    with open_segment(paths[0], whole=True) as (_, like), _open_target(target, like) as sink:
        out, settings = sink.add_stream_from_template(like), _settings(like)
        clock = Clock(_ticks(request.canvas, like.time_base), delay)
        for number, (path, segment) in enumerate(zip(paths, request.segments, strict=True), 1):
            with open_segment(path) as (source, stream):
                if _settings(stream) != settings:
                    raise _misfit(number, f"{_settings(stream)[:-1]} and not {settings[:-1]}, or another encoder")
                copied = _copy(source.demux(stream), sink, out, clock, done)
            if copied != segment.frames:
                raise _misfit(number, f"it has {copied} frames, not {segment.frames}")
            done += copied
            progress(LOOKING + (1 - LOOKING) * done / total)
    return done


class Clock(NamedTuple):
    """Timestamps of one frame, and by how many frames decoding runs ahead of showing.

    An encoder leaves that lead out of a segment of one or two frames, so it is set anew, the same for all.
    """

    tick: int
    delay: int


@contextmanager
def open_segment(path: Path, *, whole: bool = False) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A segment's file and its video; only of a `whole` one are pixel format and colours known."""
    options = {} if whole else UNDECODED
    try:
        with av.open(f"file:{path.absolute()}", options=options, container_options=MP4_INPUT) as container:
            yield container, container.streams.video[0]
    except (av.error.FFmpegError, IndexError) as error:
        if getattr(error, "errno", 0) == errno.ENOSPC:
            raise AuradError("E501-DISK", "cannot join the segments: the disk is full") from error
        raise AuradError("E308-RESULT", f"cannot join segment {path.name}: {error}") from error


def _open_target(target: Path, like: VideoStream) -> OutputContainer:
    scale = str(1 / like.time_base) if like.time_base else "0"
    return av.open(str(target), "w", format="mp4", options={"fflags": "+bitexact", "video_track_timescale": scale})


def _settings(stream: VideoStream) -> tuple[object, ...]:
    """What must be the same for copies to follow each other; last, the encoder's own parameter sets.

    Those hold the pixel format and the colours, too.
    """
    codec = stream.codec_context
    return codec.name, codec.width, codec.height, stream.time_base, codec.extradata


def _copy(
    packets: Iterator[av.Packet[VideoStream]], sink: OutputContainer, out: VideoStream, clock: Clock, done: int
) -> int:
    """Copy every packet behind the `done` frames that are there; gives their number."""
    copied = 0
    for packet in packets:
        if packet.pts is None:  # the empty one that ends a file
            continue
        if not copied and not packet.is_keyframe:
            raise AuradError("E308-RESULT", "cannot join a segment that does not start with a key frame")
        packet.dts = (done + copied - clock.delay) * clock.tick
        packet.pts, packet.stream = packet.pts + done * clock.tick, out
        sink.mux(packet)
        copied += 1
    return copied


def _longest_delay(paths: Sequence[Path], progress: Callable[[float], None]) -> int:
    longest = 0
    for number, path in enumerate(paths, 1):
        longest = max(longest, _delay(path))
        progress(number / len(paths))
    return longest


def _delay(path: Path) -> int:
    """By how many of its frames a segment's decoding runs ahead."""
    with open_segment(path) as (source, stream):
        first = next(source.demux(stream))
        if first.pts is None or first.dts is None or not first.duration:
            return 0
        return round((first.pts - first.dts) / first.duration)


def _ticks(canvas: Canvas, base: Fraction | None) -> int:
    """The timestamps of one frame."""
    ticks = Fraction(1, canvas.fps) / (base or Fraction(1))
    if ticks.denominator != 1:
        raise AuradError("E308-RESULT", f"cannot join at {canvas.fps} frames a second: the time base is {base}")
    return ticks.numerator


def _misfit(number: int, cause: str) -> AuradError:
    return AuradError("E308-RESULT", f"cannot join segment {number}: {cause}")
