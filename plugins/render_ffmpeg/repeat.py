"""Writing the segment: packets of the encoder copied into an MP4, those of still pieces several times over.

Groups are closed and start with an IDR frame, so a copy of all packets of a piece, moved in time by its
length, decodes to the same pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from aurad.api import AuradError
from aurad_plugins.render_ffmpeg.spans import Piece

Timed = tuple["av.Packet[VideoStream]", int, int]  # with presentation and decoding time
TICKS = 512  # timestamps of one frame: the same in every segment, whatever the encoder would choose


def timescale(fps: int) -> int:
    """Timestamps a second of every segment."""
    return fps * TICKS


def write_segment(encoded: Path, pieces: Sequence[Piece], target: Path, fps: int) -> int:
    """Copy `encoded`, whose frames are those of `pieces`, to `target` as they are shown. Gives the frames written."""
    options = {"fflags": "+bitexact", "video_track_timescale": str(timescale(fps))}
    with (
        av.open(str(encoded), options={"protocol_whitelist": "file"}) as source,
        av.open(str(target), "w", format="mp4", options=options) as sink,
    ):
        stream = source.streams.video[0]
        copied, base = sink.add_stream_from_template(stream), Fraction(1, timescale(fps))
        if stream.time_base != base:
            raise AuradError("E308-RESULT", f"cannot use the encoder's file: its time base is {stream.time_base}")
        written = moved = 0  # `moved`: frames by which copies have put off what follows
        for piece, packets in _split(stream, source, pieces):
            for turn in range(piece.repeat):
                shift = (moved + turn * piece.encoded) * TICKS
                for packet, pts, dts in packets:
                    packet.time_base, packet.stream = base, copied  # muxing changes both
                    packet.pts, packet.dts = pts + shift, dts + shift
                    sink.mux(packet)
                    written += 1
            moved += piece.encoded * (piece.repeat - 1)
    return written


def _split(
    stream: VideoStream, source: InputContainer, pieces: Sequence[Piece]
) -> Iterator[tuple[Piece, Iterable[Timed]]]:
    """The packets of each piece. Those shown once are not gathered: a scene may be long."""
    packets = _timed(source.demux(stream))
    for piece in pieces:
        first = next(packets, None)
        if first is None or not first[0].is_keyframe:
            raise AuradError("E308-RESULT", f"cannot repeat frame {piece.first}: the encoder made no key frame there")
        own = chain((first,), islice(packets, piece.encoded - 1))
        yield piece, own if piece.repeat == 1 else tuple(own)
    if next(packets, None) is not None:
        raise AuradError("E308-RESULT", "cannot use the encoder's file: it holds more frames than were sent")


def _timed(packets: Iterable[av.Packet[VideoStream]]) -> Iterator[Timed]:
    """Packets with their times; the last, empty one only says that the file ended."""
    for packet in packets:
        if packet.pts is not None and packet.dts is not None:
            yield packet, packet.pts, packet.dts
