"""Looks at frames on their way to the encoder: is there anything to be seen, and does it move where it should?

Judging costs a few hundred samples a frame, and nothing is ever decoded again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import cv2
import numpy as np

from aurad.api import Animation, Clip, Placed, Seen, Still
from aurad_plugins.render_ffmpeg.motion import moves
from aurad_plugins.render_ffmpeg.planes import U8, Planes
from aurad_plugins.render_ffmpeg.shots import Files

GRID = 8  # pixels between samples: what moves by a pixel changes some of them
BLACK = 24  # of luma, whose black is 16: nothing on the frame is brighter
FLAT = 3  # levels between the brightest and the darkest sample: a plain surface moves without being seen to
DETAIL = 0.01  # share of a picture's pixels that differ from their neighbour; below it a move may well show nothing


def planned_motion(keys: Sequence[Hashable], placed: Placed, files: Files) -> list[bool]:
    """For every frame whether it is to be seen to differ from the one before.

    Clips may stand still or be dark on their own, and a move over a plain surface shows nothing.
    """
    unseen = _unseen_frames(placed, files)
    return [
        number > 0 and key != keys[number - 1] and number not in unseen and number - 1 not in unseen
        for number, key in enumerate(keys)
    ]


def _unseen_frames(placed: Placed, files: Files) -> set[int]:
    starts = [0, *(placed.frame_of(shot.at) for shot in placed.shots[1:]), placed.frames]
    spans = zip(placed.shots, starts, starts[1:], strict=False)
    return {frame for shot, start, end in spans if _is_unseen(shot, files) for frame in range(start, end)}


def _is_unseen(shot: Still | Animation | Clip, files: Files) -> bool:
    if isinstance(shot, Clip):
        return True
    return moves(shot.motion) and is_plain(files(shot.image if isinstance(shot, Still) else shot.base))


def is_plain(path: Path) -> bool:
    """Whether a picture has next to nothing whose move could be seen."""
    small = cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_4)
    if small is None:
        return False  # whoever draws it says what is wrong with it
    steps = np.abs(np.diff(small.astype(np.int16), axis=0)), np.abs(np.diff(small.astype(np.int16), axis=1))
    return bool(sum(float(np.mean(step > FLAT)) for step in steps) < DETAIL)


class Watch:
    """The longest stretches that were black or did not change, among frames that were planned to move."""

    def __init__(self, planned: Sequence[bool]) -> None:
        self._planned = planned
        self._last: U8 | None = None
        self._number = -1
        self._black = self._frozen = 0
        self._longest = Seen()

    def look(self, number: int, frame: Planes) -> None:
        """Frames in rising order; those in between that are not shown were planned to be still."""
        samples = np.ascontiguousarray(frame.y[::GRID, ::GRID])
        moves = self._planned[number] and number == self._number + 1
        low, high = int(samples.min()), int(samples.max())
        same = self._last is not None and high - low > FLAT and np.array_equal(samples, self._last)
        self._black = self._black + 1 if moves and high <= BLACK else 0
        self._frozen = self._frozen + 1 if moves and same else 0
        self._longest = Seen(
            black=max(self._longest.black, self._black), frozen=max(self._longest.frozen, self._frozen)
        )
        self._last, self._number = samples, number

    def seen(self) -> Seen:
        return self._longest
