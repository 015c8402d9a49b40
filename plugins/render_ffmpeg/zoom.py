"""Drawing a window of a picture over the canvas without rounding it to pixels: motion that does not jitter.

An affine warp does that at any place, but pays for coordinates of every pixel. Our windows stand upright, so a
plain resize, three times as fast, does the same where whole pixels of the picture and of a slightly larger canvas
can be found that hit both edges of the window almost exactly. Both interpolate linearly: nobody sees which it was.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from aurad_plugins.render_ffmpeg.motion import LINEAR, Window, matrix
from aurad_plugins.render_ffmpeg.planes import U8, Planes

REACH = 80  # pixels by which the larger canvas may be larger: more finds better fits, and costs their pixels
TOLERANCE = 0.02  # pixels of the picture by which an edge may be missed; people see 0.1
MOST_SCALE = 2.0  # pixels of the picture for one of the canvas, at most, so that the margin is known
MARGIN = int(REACH * MOST_SCALE) + 2  # pixels around the picture that a fit may reach into, but never shows


class Span(NamedTuple):
    """The part of an axis of a plane that the window shows, in pixels counted from the plane's edge."""

    start: float
    length: float


class Fit(NamedTuple):
    """`taken` pixels from `first` on, resized to `size`; the canvas begins `skip` later."""

    first: int
    taken: int
    size: int
    skip: int
    error: float


class Zoom:
    """A picture, ready to be shown through any window."""

    def __init__(self, picture: Planes) -> None:
        self._size = picture.width, picture.height
        self._padded = [
            cv2.copyMakeBorder(plane, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
            for plane in (picture.y, picture.u, picture.v)
        ]
        self._scratch: U8 = np.empty(0, np.uint8)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self._size

    def draw(self, where: Window, out: Planes) -> None:
        """Draw the window over all of `out`."""
        left, top, width = where
        scale = width / out.width
        luma = Span(left, width), Span(top, scale * out.height)
        # Chroma columns lie on even luma columns, chroma rows between two luma rows.
        chroma = Span(left / 2 + (1 - scale) / 4, width / 2), Span(top / 2, luma[1].length / 2)
        for plane, target, (x, y) in zip(self._padded, (out.y, out.u, out.v), (luma, chroma, chroma), strict=True):
            self._draw(np.asarray(plane, np.uint8), target, x, y)

    def _draw(self, padded: U8, target: U8, x: Span, y: Span) -> None:
        across, down = fit(x, target.shape[1]), fit(y, target.shape[0])
        inside = _fits(across, padded.shape[1]) and _fits(down, padded.shape[0])
        if not inside or max(across.error, down.error) > TOLERANCE:
            warp(padded[MARGIN:-MARGIN, MARGIN:-MARGIN], target, x, y)
            return
        rows, columns = MARGIN + down.first, MARGIN + across.first
        part = padded[rows : rows + down.taken, columns : columns + across.taken]
        whole = self._room(across.size, down.size)
        cv2.resize(part, (across.size, down.size), dst=whole, interpolation=cv2.INTER_LINEAR)
        height, width = target.shape
        np.copyto(target, whole[down.skip : down.skip + height, across.skip : across.skip + width])

    def _room(self, width: int, height: int) -> U8:
        """Memory that is used again: fresh pages cost as much as the resize."""
        if self._scratch.size < width * height:
            self._scratch = np.empty((width + REACH) * (height + REACH), np.uint8)
        return self._scratch[: width * height].reshape(height, width)


def fit(span: Span, count: int) -> Fit:
    """The whole pixels that come nearest to showing `span` on `count` pixels."""
    sizes, skips, outside = _sizes(count)
    taken = np.rint(span.length / count * sizes)
    ratio = taken / sizes
    lead = skips * ratio
    first = np.rint(span.start - lead)
    missed = first + lead - span.start
    error = np.maximum(np.abs(missed), np.abs(missed + count * ratio - span.length)) + outside
    row, column = np.unravel_index(int(error.argmin()), error.shape)
    return Fit(int(first[row, column]), int(taken[row, 0]), int(sizes[row, 0]), int(column), float(error[row, column]))


@lru_cache(maxsize=16)
def _sizes(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """All sizes and skips there are to try, and infinity where they leave too few pixels."""
    sizes, skips = np.arange(count, count + REACH + 1.0)[:, None], np.arange(REACH + 1.0)[None]
    return sizes, skips, np.where(skips > sizes - count, np.inf, 0.0)


def _fits(axis: Fit, length: int) -> bool:
    return axis.first >= -MARGIN and MARGIN + axis.first + axis.taken <= length and axis.taken > 0


def warp(plane: U8, target: U8, x: Span, y: Span) -> None:
    """The same by an affine warp, exact wherever the window is."""
    height, width = target.shape
    scale, down = x.length / width, y.length / height
    where = matrix(scale, x.start + 0.5 * scale - 0.5, y.start + 0.5 * down - 0.5)
    cv2.warpAffine(plane, where, (width, height), dst=target, flags=LINEAR, borderMode=cv2.BORDER_REPLICATE)
