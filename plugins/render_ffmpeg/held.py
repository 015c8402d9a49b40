"""Held frames: tiny H.264 pictures that say "exactly the one before", for spans in which nothing moves.

An encoder spends half the time of a moving picture on finding out that nothing changed. We know it, so we write
such pictures ourselves: P slices in which every macroblock is skipped. They follow the last picture of a closed
group and refer to it, so they decode to the very same pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from aurad.api import AuradError
from aurad_plugins.render_ffmpeg.bits import BitReader, BitWriter, plain, split_units, unit_of

SLICE, IDR = 1, 5  # types of NAL units
P_SLICE = 0
HIGH_PROFILES = {100, 110, 122, 244}
HELD_QP = 51  # where the model of "skipped" starts with a state that all of its later ones are listed below
FIRST_STATE = 42
# ITU-T H.264 table 9-44, rangeTabLPS, states 42..62: how much of the range the unlikely symbol takes.
LPS_RANGE = (
    (16, 20, 23, 27), (15, 19, 22, 25), (14, 18, 21, 24), (14, 17, 20, 23), (13, 16, 19, 22), (12, 15, 18, 21),
    (12, 14, 17, 20), (11, 14, 16, 19), (11, 13, 15, 18), (10, 12, 15, 17), (10, 12, 14, 16), (9, 11, 13, 15),
    (9, 11, 12, 14), (8, 10, 12, 14), (8, 9, 11, 13), (7, 9, 11, 12), (7, 9, 10, 12), (7, 8, 10, 11),
    (6, 8, 9, 11), (6, 7, 9, 10), (6, 7, 8, 9),
)  # fmt: skip


class Sets(NamedTuple):
    """What the parameter sets of a stream say about slices."""

    macroblocks: int
    frame_bits: int
    order_bits: int  # 0: pictures are shown in the order of their frame numbers
    cabac: bool
    weighted: bool
    deblocking: bool
    qp: int


class Slice(NamedTuple):
    """A picture of the group, as its slice's header tells."""

    reference: bool
    idr: bool
    frame: int
    order: int


def read_sets(extradata: bytes) -> Sets:
    """The parameter sets of an MP4 sample entry (avcC). Raises E308 for what our own encoder never writes."""
    try:
        size = int.from_bytes(extradata[6:8], "big")
        sps, rest = extradata[8 : 8 + size], extradata[8 + size :]
        pps = rest[3 : 3 + int.from_bytes(rest[1:3], "big")]
        return _sets(sps, BitReader(plain(pps)))
    except (ValueError, IndexError) as error:
        raise AuradError("E308-RESULT", f"cannot hold pictures of this stream: {error}") from error


def _sets(sps: bytes, pps: BitReader) -> Sets:
    macroblocks, frame_bits, order_bits = _read_sps(BitReader(plain(sps)), sps[1])
    pps.ue(), pps.ue()  # their own numbers
    cabac, fields, groups = bool(pps.u(1)), pps.u(1), pps.ue()
    pps.ue(), pps.ue()  # usual numbers of references
    weighted, _, qp = bool(pps.u(1)), pps.u(2), 26 + pps.se()
    pps.se(), pps.se()
    deblocking, _, redundant = bool(pps.u(1)), pps.u(1), pps.u(1)
    if fields or groups or redundant:
        raise ValueError("it has fields, slice groups or redundant pictures")
    return Sets(macroblocks, frame_bits, order_bits, cabac, weighted, deblocking, qp)


def _read_sps(sps: BitReader, profile: int) -> tuple[int, int, int]:
    sps.u(24), sps.ue()
    if profile in HIGH_PROFILES:
        if sps.ue() == 3:
            raise ValueError("it is 4:4:4")
        sps.ue(), sps.ue(), sps.u(1)
        if sps.u(1):
            raise ValueError("it has scaling matrices")
    frame_bits, order = sps.ue() + 4, sps.ue()
    if order == 1:
        raise ValueError("its pictures are ordered by type 1")
    order_bits = sps.ue() + 4 if order == 0 else 0
    sps.ue(), sps.u(1)
    macroblocks = (sps.ue() + 1) * (sps.ue() + 1)
    if not sps.u(1):
        raise ValueError("it is interlaced")
    return macroblocks, frame_bits, order_bits


def read_slice(packet: bytes, sets: Sets) -> Slice:
    """The header of a picture's slice."""
    for unit in split_units(packet):
        kind = unit[0] & 31
        if kind in (SLICE, IDR):
            bits = BitReader(plain(unit[:40]))  # its header is shorter, whatever it says
            bits.ue(), bits.ue(), bits.ue()
            frame = bits.u(sets.frame_bits)
            if kind == IDR:
                bits.ue()
            return Slice(bool(unit[0] & 96), kind == IDR, frame, bits.u(sets.order_bits))
    raise AuradError("E308-RESULT", "cannot hold a picture that has no slice")


class Group:
    """Follows the pictures of a closed group in decoding order, and then writes more that repeat its last."""

    def __init__(self, sets: Sets) -> None:
        self._sets = sets
        self._shown: tuple[int, Slice] | None = None
        self._newest = 0

    def add(self, packet: bytes, shown: int) -> None:
        """A picture, shown at time `shown`."""
        picture = read_slice(packet, self._sets)
        if picture.idr:
            self._shown = None
        if self._shown is None or shown > self._shown[0]:
            self._shown = shown, picture
        if picture.reference:
            self._newest = picture.frame

    def held(self, count: int) -> Iterator[bytes]:
        """`count` pictures like the last one shown, as MP4 samples."""
        if self._shown is None or not self._shown[1].reference:
            raise AuradError("E308-RESULT", "cannot hold the last picture of a group: nothing may refer to it")
        last, frames = self._shown[1], 1 << self._sets.frame_bits
        orders = 1 << self._sets.order_bits
        back = (self._newest + 1 - last.frame) % frames  # how far back among the references it lies
        for number in range(1, count + 1):
            frame, order = (self._newest + number) % frames, (last.order + 2 * number) % orders
            yield held_picture(self._sets, frame, order, back if number == 1 else 1)


@lru_cache(maxsize=256)
def held_picture(sets: Sets, frame: int, order: int, back: int) -> bytes:
    """A picture that repeats the reference `back` frame numbers before, with these two numbers."""
    bits = BitWriter()
    for value in (0, P_SLICE, 0):  # first macroblock, kind, parameter set
        bits.ue(value)
    bits.u(sets.frame_bits, frame)
    bits.u(sets.order_bits, order)
    bits.u(1, 1)
    bits.ue(0)  # one reference
    if back == 1:
        bits.u(1, 0)
    else:  # bring that one to the front
        bits.u(1, 1)
        for value in (0, back - 1, 3):
            bits.ue(value)
    if sets.weighted:
        bits.ue(0)
        bits.ue(0)
        bits.u(2, 0)
    bits.u(1, 0)  # it becomes a reference in the usual way
    if sets.cabac:
        bits.ue(0)
    bits.se(HELD_QP - sets.qp)
    if sets.deblocking:
        bits.ue(1)  # off
    if not sets.cabac:
        bits.ue(sets.macroblocks)  # all skipped
        bits.u(1, 1)
        bits.align("0")
        return unit_of(SLICE | 64, bits.to_bytes())
    bits.align("1")
    return unit_of(SLICE | 64, bits.to_bytes() + all_skipped(sets.macroblocks))


@lru_cache(maxsize=4)
def all_skipped(macroblocks: int) -> bytes:
    """The CABAC data of a slice in which every macroblock is skipped (ITU-T H.264, 9.3.4).

    Only likely symbols come, so the code's low end stays at 0, and so do its bits, until the end is marked.
    """
    span, state, zeros = 510, 0, 0
    for left in range(macroblocks - 1, -1, -1):
        span -= LPS_RANGE[state][span >> 6 & 3]
        state = min(state + 1, len(LPS_RANGE) - 1)
        while span < 256:
            span, zeros = span * 2, zeros + 1
        span -= 2  # is this the end of the slice?
        while left and span < 256:
            span, zeros = span * 2, zeros + 1
    bits = BitWriter()
    bits.u(zeros + 9, span | 1)  # where the end lies; its last bit also ends the unit
    bits.align("0")
    return bits.to_bytes()
