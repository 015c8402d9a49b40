"""AAC out of pieces that are encoded side by side, and what a listener hears of each.

A frame of AAC overlaps its neighbours, and the coder looks ahead: so each piece is encoded with a few
frames of what surrounds it, and only the packets of its own are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import msgspec
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import Flags
from numpy.typing import NDArray

from aurad_plugins.finish_master.dynamics import true_peaks
from aurad_plugins.finish_master.loudness import Meter
from aurad_plugins.finish_master.pieces import BLOCK, PIECE
from aurad_plugins.finish_master.shelf import Shelf, key_of
from aurad_plugins.finish_master.wav import Stereo

RATE, LAYOUT = 48_000, "stereo"
BIT_RATE = 192_000
FRAME = 1024  # samples
LEAD, TAIL = 8, 4  # frames encoded before and after a piece; from 4 on, no seam can be measured
# The quick coder, and none of the tools that are for low rates: noise substitution, intensity stereo and noise
# shaping only cost time and true peaks at this rate. Middle and side, as a voice stands in the middle:
# a third less time than with the defaults, and less error in every band.
CODER = {"aac_coder": "fast", "aac_ms": "1", "aac_pns": "0", "aac_is": "0", "aac_tns": "0"}
CONTAINER = {"fflags": "+bitexact", "movie_timescale": str(RATE)}  # its length is exact to the sample

Read = Callable[[int, int], Iterator[Stereo]]  # blocks of the sound from one sample to another


class Coded(msgspec.Struct, frozen=True, array_like=True):
    """A piece's packets, and of what they decode to: weighted power of each tenth of a second, true peak."""

    packets: list[bytes]
    powers: list[float]
    peak: float


def encode(shelf: Shelf, read: Read, start: int, end: int, samples: int) -> Coded:
    """The piece from `start` to `end` of a sound of `samples`; the same bytes whoever encodes its neighbours."""
    first, last = max(start - LEAD * FRAME, 0), min(end + TAIL * FRAME, samples)
    blocks = list(read(first, last))
    own = slice(start - first, end - first)
    key = key_of(f"aac {own} {end == samples}", buffers=(np.ascontiguousarray(block).data for block in blocks))
    return shelf.get(key, Coded, lambda: _coded(blocks, own, final=end == samples))


def _coded(blocks: list[Stereo], own: slice, *, final: bool) -> Coded:
    coder = _coder()
    packets = [packet for frame in chain(_frames(blocks), (None,)) for packet in coder.encode(frame)]
    heard = _decoded(packets, coder)[FRAME:][own]  # a frame is whole with the next one
    mine = packets[own.start // FRAME :]
    powers, peak = _measured(heard)
    return Coded([bytes(packet) for packet in (mine if final else mine[: PIECE // FRAME])], powers.tolist(), peak)


def write_m4a(path: Path, pieces: list[Coded], samples: int) -> None:
    """All pieces as one file. Its clock starts one frame early: that is what the coder needs to get going."""
    with av.open(str(path), "w", format="mp4", options=CONTAINER) as sink:
        stream = sink.add_stream("aac", rate=RATE, options=CODER)
        stream.layout, stream.bit_rate = LAYOUT, BIT_RATE
        for number, data in enumerate(data for piece in pieces for data in piece.packets):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, RATE)
            packet.pts = packet.dts = (number - 1) * FRAME
            packet.duration = min(FRAME, samples - packet.pts)
            sink.mux(packet)


def _coder() -> AudioCodecContext:
    coder = av.CodecContext.create("aac", "w")
    coder.sample_rate, coder.layout, coder.format = RATE, LAYOUT, "fltp"
    coder.bit_rate, coder.options, coder.thread_count = BIT_RATE, CODER, 1
    coder.flags |= Flags.bitexact
    return coder


def _frames(blocks: list[Stereo]) -> Iterator[av.AudioFrame]:
    at = 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout=LAYOUT)
        frame.sample_rate, frame.pts = RATE, at
        at += len(block)
        yield frame


def _decoded(packets: list[av.Packet[av.AudioStream]], coder: AudioCodecContext) -> Stereo:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata, decoder.sample_rate, decoder.layout = coder.extradata, RATE, LAYOUT
    frames = (frame for packet in (*packets, None) for frame in decoder.decode(packet))
    sound: Stereo = np.concatenate([np.zeros((0, 2), np.float32), *(frame.to_ndarray().T for frame in frames)])
    return sound


def _measured(sound: Stereo) -> tuple[NDArray[np.float64], float]:
    meter, peak = Meter(), 0.0
    for at in range(0, len(sound), BLOCK):
        meter.feed(sound[at : at + BLOCK])
        peak = max(peak, float(true_peaks(sound[at : at + BLOCK]).max()))
    return meter.powers(), peak
