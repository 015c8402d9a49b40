"""Clips: pieces of video decoded frame by frame, upright, covering the canvas, at the canvas's rate."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorRange, Interpolation
from av.video.stream import VideoStream

from aurad.api import BadInput, Canvas, Clip
from aurad_plugins.render_ffmpeg.planes import BT709, TO_YUV, Box, Planes, to_bytes, yuv_matrix

# Nothing that names other files or addresses: a playlist in disguise would be followed.
OPEN_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": "mov,mp4,matroska,webm,avi,mpegts,gif,ogg"}
SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
BT601, BT2020 = (0.299, 0.114), (0.2627, 0.0593)
MATRICES = {1: BT709, 5: BT601, 6: BT601, 9: BT2020}  # by AVColorSpace; all else counts as untagged
HD_LINES = 720  # from here on an untagged picture is BT.709, below BT.601


class ClipFrames:
    """A `Clip`. Opened at its first drawn frame; its last picture is held when it is too short."""

    def __init__(self, shot: Clip, canvas: Canvas, path: Path) -> None:
        self._shot, self._canvas, self._path = shot, canvas, path
        self._next: tuple[float, av.VideoFrame] | None = None
        self._shown: Planes | None = None

    def key(self, frame: int) -> Hashable:
        return max(bisect_right(self._times, self._time(frame)), 1)

    def draw(self, frame: int, out: Planes) -> None:
        picture = self._advance(self._time(frame))
        if picture is not None:
            self._shown = to_planes(picture, self._canvas)
        if self._shown is None:
            raise BadInput(f"cannot use clip {self._path.name}: no picture at {self._shot.in_point:.2f} s")
        out.copy_from(self._shown)

    def _time(self, frame: int) -> float:
        return self._shot.in_point + (frame + 0.5) / self._canvas.fps

    def _advance(self, time: float) -> av.VideoFrame | None:
        """The picture shown at `time`, if it is another than before."""
        newest = None
        if self._shown is None:
            self._next = next(self._pictures, None)
        while self._next is not None and (self._next[0] <= time or (newest is None and self._shown is None)):
            newest, self._next = self._next[1], next(self._pictures, None)
        return newest

    @cached_property
    def _pictures(self) -> Iterator[tuple[float, av.VideoFrame]]:
        return read_pictures(self._path, self._shot.in_point, self._shot.out_point)

    @cached_property
    def _times(self) -> list[float]:
        """When each picture of the piece is shown, read without decoding."""
        end = self._shot.out_point
        return sorted(time for time in read_times(self._path) if end is None or time < end)


def to_planes(picture: av.VideoFrame, canvas: Canvas) -> Planes:
    """Scale a decoded picture to cover the canvas, turn it upright, in our own colours."""
    turned = picture.rotation % 180 != 0
    width, height = (picture.height, picture.width) if turned else (picture.width, picture.height)
    grow = max(canvas.width / width, canvas.height / height)
    wide, high = _even_up(width * grow), _even_up(height * grow)
    scaled = picture.reformat(
        *((high, wide) if turned else (wide, high)),
        "yuv420p",
        interpolation=SCALING,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )
    whole = Planes(wide, high)
    quarters = picture.rotation // 90
    for target, plane in zip((whole.y, whole.u, whole.v), scaled.planes, strict=True):
        raw = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        np.copyto(target, np.rot90(raw, quarters))
    left, top = (wide - canvas.width) // 4 * 2, (high - canvas.height) // 4 * 2
    cut = Planes(canvas.width, canvas.height)
    box = Box(left, top, left + canvas.width, top + canvas.height)
    for target, part in zip((cut.y, cut.u, cut.v), whole.parts(box), strict=True):
        np.copyto(target, part)
    recolour(cut, _colours(picture))
    return cut


def recolour(planes: Planes, colours: tuple[float, float]) -> None:
    """From the matrix with these Kr and Kb to BT.709. FFmpeg's scaler would round twice on the way through RGB."""
    if colours == BT709:
        return
    change = TO_YUV[:, :3] @ np.linalg.inv(yuv_matrix(*colours)[:, :3])
    u, v = planes.u.astype(np.float32) - 128, planes.v.astype(np.float32) - 128
    lighter = cv2.resize(change[0, 1] * u + change[0, 2] * v, (planes.width, planes.height))
    to_bytes(planes.y + lighter, planes.y)
    to_bytes(change[1, 1] * u + change[1, 2] * v + 128, planes.u)
    to_bytes(change[2, 1] * u + change[2, 2] * v + 128, planes.v)


def _colours(picture: av.VideoFrame) -> tuple[float, float]:
    """Kr and Kb of the picture; without a tag, what everybody assumes for its size."""
    untagged = BT709 if picture.height >= HD_LINES else BT601
    return MATRICES.get(int(picture.colorspace), untagged)


def read_times(path: Path) -> list[float]:
    """When each picture of a clip is shown, in seconds."""
    with _open(path) as (container, stream):
        base, first = float(stream.time_base or 0), stream.start_time or 0
        return [(packet.pts - first) * base for packet in container.demux(stream) if packet.pts is not None]


def read_pictures(path: Path, start: float, end: float | None) -> Iterator[tuple[float, av.VideoFrame]]:
    """Pictures with their time in seconds of the clip, from the one shown at `start` on, before `end`."""
    held: tuple[float, av.VideoFrame] | None = None
    for time, picture in _decode(path, start):
        if end is not None and time >= end:
            break
        if time <= start:
            held = (time, picture)
            continue
        if held is not None:
            yield held
            held = None
        yield time, picture
    if held is not None:
        yield held


def _decode(path: Path, start: float) -> Iterator[tuple[float, av.VideoFrame]]:
    with _open(path) as (container, stream):
        stream.thread_type = "NONE"  # the pool of workers is the parallelism
        base, first = stream.time_base, stream.start_time or 0
        if start > 0 and base:
            container.seek(int(start / base) + first, stream=stream)
        for picture in container.decode(stream):
            if picture.pts is not None and base:
                yield float((picture.pts - first) * base), picture


@contextmanager
def _open(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        with av.open(f"file:{path.absolute()}", container_options=OPEN_OPTIONS) as container:
            yield container, container.streams.video[0]
    except (av.error.FFmpegError, OSError, IndexError, ValueError) as error:
        raise BadInput(f"cannot decode clip {path.name}: {error}") from error


def _even_up(length: float) -> int:
    """The next even number, but not for the sake of a rounding error."""
    return -(-round(length - 1e-3) // 2) * 2 if abs(length - round(length)) < 1e-3 else int(-(-length // 2) * 2)
