"""Which frames need to be encoded: a picture that stands still is encoded once, then held and repeated. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

from aurad.api import Value


class Pace(Value, frozen=True, kw_only=True):
    """How stills are cut, in frames: a key frame at least every `group`; `settle` frames of a still are encoded,
    so that it reaches its full quality, before the rest, at least `least`, is held.
    """

    group: int
    settle: int
    least: int


class Piece(Value, frozen=True, kw_only=True):
    """`encoded` frames from `first` on, starting with a key frame, the last of them held for `held` more frames.

    All of it is shown `repeat` times over.
    """

    first: int
    encoded: int
    held: int = 0
    repeat: int = 1

    @property
    def shown(self) -> int:
        return (self.encoded + self.held) * self.repeat


def plan_pieces(keys: Sequence[Hashable], pace: Pace) -> tuple[Piece, ...]:
    """Cut the frames into pieces: what moves is encoded, what stands still is held and repeated."""
    pieces: list[Piece] = []
    open_from = 0  # where the piece that is not yet closed starts
    for start, length in _runs(keys):
        if length >= pace.settle + pace.least:
            pieces += _still(open_from, start, start + length, pace)
            open_from = sum(piece.shown for piece in pieces)
    if open_from < len(keys):
        pieces.append(Piece(first=open_from, encoded=len(keys) - open_from))
    return tuple(pieces)


def _still(open_from: int, start: int, end: int, pace: Pace) -> Iterator[Piece]:
    """Pieces up to near the end of a still run; what is left of it starts the next piece."""
    at = start
    if open_from < start:  # end what moved with the still's first frames, and hold those up to the next key frame
        encoded = start + pace.settle - open_from
        held = min(end - start - pace.settle, -encoded % pace.group)
        yield Piece(first=open_from, encoded=encoded, held=held)
        at = start + pace.settle + held
    if repeat := (end - at) // pace.group:
        yield Piece(first=at, encoded=pace.settle, held=pace.group - pace.settle, repeat=repeat)
        at += repeat * pace.group
    if end - at >= pace.settle + pace.least:
        yield Piece(first=at, encoded=pace.settle, held=end - at - pace.settle)


def encoded_frames(pieces: Sequence[Piece]) -> Iterator[int]:
    """The frames to draw, in order."""
    for piece in pieces:
        yield from range(piece.first, piece.first + piece.encoded)


def key_frame_times(pieces: Sequence[Piece], fps: int) -> tuple[float, ...]:
    """When pieces start on the encoder's clock, half a frame early so that rounding never picks the frame after."""
    times, at = [], 0
    for piece in pieces:
        times.append(max(at - 0.5, 0) / fps)
        at += piece.encoded
    return tuple(times)


def _runs(keys: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Start and length of every run of equal keys."""
    at = 0
    for _, run in groupby(keys):
        length = sum(1 for _ in run)
        yield at, length
        at += length
