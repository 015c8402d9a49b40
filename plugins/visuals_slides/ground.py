"""Backgrounds, made in floating point and dithered, so that no gradient shows bands."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from aurad_plugins.visuals_slides.themes import Mood, Theme, rgb

Pixels = npt.NDArray[np.uint8]
DITHER_SEED = 20  # any constant: the grain must be the same in every frame and every video


@lru_cache(maxsize=4)
def ground(theme: Theme, width: int, height: int, mood: Mood) -> Pixels:
    """The theme's opaque ground as RGB. Shared: never write into it."""
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = right / width, down / height
    slope = ((x + y) / 2)[..., None]
    first, last = (np.array(rgb(colour), np.float32) for colour in theme.ground)
    canvas = first + (last - first) * slope
    for glow in theme.glows:
        reach = glow.radius * max(width, height)
        distance = np.hypot(right - glow.x * width, down - glow.y * height) / reach
        share = (getattr(glow, mood) * np.exp(-2.6 * distance**2))[..., None]
        canvas += (np.array(rgb(glow.colour), np.float32) - canvas) * share
    grain = np.random.default_rng(DITHER_SEED).random((height, width, 1), np.float32) - 0.5
    made: Pixels = np.clip(np.rint(canvas + grain), 0, 255).astype(np.uint8)
    made.setflags(write=False)
    return made
