"""The moving window (Ken Burns): where it is at a time. Pure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from aurad.api import Motion, View

END_SPEED = 0.35  # of the mean speed, at both ends: eased, yet nothing stands still before a cut
LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
Window = tuple[float, float, float]  # left, top and width, in pixels of the picture
Matrix = NDArray[np.float64]


def ease(time: float) -> float:
    """0..1 -> 0..1, slow at both ends. Goes on beyond them at the speed it has there, so that nothing jumps."""
    inside = min(max(time, 0.0), 1.0)
    return END_SPEED * time + (1 - END_SPEED) * inside * inside * (3 - 2 * inside)


def arrive(time: float) -> float:
    """0..1 -> 0..1, fast at first and coming gently to rest."""
    rest = 1 - min(max(time, 0.0), 1.0)
    return 1 - rest * rest * rest


def moves(motion: Motion | None) -> bool:
    return motion is not None and motion.start != motion.end


def view_at(motion: Motion, time: float) -> View:
    """The window at `time` 0..1 of the shot; the width in equal ratios, as a zoom of even speed looks."""
    start, end, done = motion.start, motion.end, ease(time)
    width = min(start.width * (end.width / start.width) ** done, 1.0)
    if abs(end.width - start.width) > 1e-6:  # keeps the zoom's fixed point fixed
        done = (width - start.width) / (end.width - start.width)
    return View(x=_clamp(start.x + (end.x - start.x) * done), y=_clamp(start.y + (end.y - start.y) * done), width=width)


def window(view: View, picture: tuple[int, int], canvas: tuple[int, int]) -> Window:
    """The view in pixels of a picture (width, height), held inside it."""
    width = view.width * picture[0]
    height = width * canvas[1] / canvas[0]
    if height > picture[1]:  # a picture wider than the canvas: all of its height is the most there is
        width, height = width * picture[1] / height, picture[1]
    left = min(view.x * picture[0], picture[0] - width)
    return max(left, 0.0), max(min(view.y * picture[1], picture[1] - height), 0.0), width


def matrix(scale: float, x: float, y: float) -> Matrix:
    """The map from a pixel drawn to the pixel it comes from."""
    return np.array([[scale, 0, x], [0, scale, y]], np.float64)


def _clamp(fraction: float) -> float:
    return min(max(fraction, 0.0), 1.0)
