"""Which frames need to be encoded: a picture that stands still is encoded for one group and repeated by copy. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

from aurad.api import Value


class Piece(Value, frozen=True, kw_only=True):
    """`encoded` frames from `first` on, a closed run that starts with a key frame, shown `repeat` times over."""

    first: int
    encoded: int
    repeat: int = 1

    @property
    def shown(self) -> int:
        return self.encoded * self.repeat


def plan_pieces(keys: Sequence[Hashable], group: int) -> tuple[Piece, ...]:
    """Cut the frames into pieces. A still run of at least two groups becomes one group, repeated.

    What is left of a still run after its whole groups starts the next piece.
    """
    pieces: list[Piece] = []
    done = 0
    for start, length in _runs(keys):
        repeat = length // group
        if repeat < 2:
            continue
        if start > done:
            pieces.append(Piece(first=done, encoded=start - done))
        pieces.append(Piece(first=start, encoded=group, repeat=repeat))
        done = start + group * repeat
    if done < len(keys):
        pieces.append(Piece(first=done, encoded=len(keys) - done))
    return tuple(pieces)


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
