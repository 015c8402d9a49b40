"""Writing the segment: packets of the encoder copied into an MP4, those of stills held or repeated.

Groups are closed and start with an IDR frame, so a copy of all packets of a piece, moved in time by its
length, decodes to the same pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.container import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from aurad.api import AuradError
from aurad_plugins.render_ffmpeg.held import Group, read_sets
from aurad_plugins.render_ffmpeg.spans import Piece

if TYPE_CHECKING:
    Packet = av.Packet[VideoStream] | av.Packet[Stream]

TICKS = 512  # timestamps of one frame: the same in every segment, whatever the encoder would choose


def timescale(fps: int) -> int:
    """Timestamps a second of every segment."""
    return fps * TICKS


def write_segment(encoded: Path, pieces: Sequence[Piece], target: Path, fps: int) -> int:
    """Copy `encoded`, whose frames are those of `pieces`, to `target` as they are shown. Gives the frames written.

    FFmpeg may say that it succeeded and leave nothing, or nothing of use: E304.
    """
    if not encoded.exists():
        raise _useless("it left no file")
    try:
        return _write_segment(encoded, pieces, target, fps)
    except av.error.InvalidDataError as error:
        raise _useless(error.strerror or "its file is damaged") from error


def _useless(cause: str) -> AuradError:
    return AuradError("E304-FFMPEG_RUNTIME", f"cannot use what FFmpeg encoded: {cause}")


def _write_segment(encoded: Path, pieces: Sequence[Piece], target: Path, fps: int) -> int:
    options = {"fflags": "+bitexact", "video_track_timescale": str(timescale(fps))}
    with (
        av.open(str(encoded), options={"protocol_whitelist": "file"}) as source,
        av.open(str(target), "w", format="mp4", options=options) as sink,
    ):
        if not source.streams.video:
            raise _useless("there is no video in its file")
        stream = source.streams.video[0]
        if stream.time_base != Fraction(1, timescale(fps)):
            raise AuradError("E308-RESULT", f"cannot use the encoder's file: its time base is {stream.time_base}")
        writer = _Writer(sink, sink.add_stream_from_template(stream), timescale(fps))
        packets = (packet for packet in source.demux(stream) if packet.pts is not None)
        came = 0
        for piece in pieces:
            own = islice(packets, piece.encoded)
            writer.write_piece(piece, came, _checked(own, piece), stream.codec_context.extradata or b"")
            came += piece.encoded
        if next(packets, None) is not None:
            raise AuradError("E308-RESULT", "cannot use the encoder's file: it holds more frames than were sent")
    return writer.written


class _Writer:
    """Writes packets with times that follow from their count alone."""

    def __init__(self, sink: OutputContainer, stream: VideoStream, rate: int) -> None:
        self._sink, self._stream, self._base = sink, stream, Fraction(1, rate)
        self.written, self._delay = 0, 0  # `_delay`: frames by which decoding runs ahead of showing

    def write_piece(self, piece: Piece, came: int, packets: Iterable[Packet], extradata: bytes) -> None:
        """A piece whose packets start at frame `came` of the encoder's clock."""
        start, group = self.written, Group(read_sets(extradata)) if piece.held else None
        again: list[tuple[Packet, int]] = []
        for packet in packets:
            if not self.written and packet.pts is not None and packet.dts is not None:
                self._delay = (packet.pts - packet.dts) // TICKS
            shown = (packet.pts or 0) // TICKS - came
            if group is not None:
                group.add(bytes(packet), shown)
            self._write(packet, start + shown)
            if piece.repeat > 1:
                again.append((packet, shown))
        if group is not None:
            for number, data in enumerate(group.held(piece.held), piece.encoded):
                self._write(packet := av.Packet(data), start + number)
                again.append((packet, number))
        for turn in range(1, piece.repeat):
            for packet, shown in again:
                self._write(packet, start + turn * (piece.encoded + piece.held) + shown)

    def _write(self, packet: Packet, shown: int) -> None:
        packet.stream, packet.time_base = self._stream, self._base  # muxing changes both
        packet.pts, packet.dts, packet.duration = shown * TICKS, (self.written - self._delay) * TICKS, TICKS
        self._sink.mux(packet)
        self.written += 1


def _checked(packets: Iterable[Packet], piece: Piece) -> Iterator[Packet]:
    """The packets of a piece: a closed group only if the first is a key frame, and all of them there."""
    count = 0
    for packet in packets:
        if not count and not packet.is_keyframe:
            raise AuradError("E308-RESULT", f"cannot cut at frame {piece.first}: the encoder made no key frame there")
        count += 1
        yield packet
    if count != piece.encoded:
        raise AuradError("E308-RESULT", f"cannot use the encoder's file: {count} frames, not {piece.encoded}, came")
