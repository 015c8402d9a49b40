"""Backgrounds, made in floating point and dithered, so that no gradient shows bands."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from aurad_plugins.visuals_slides.themes import Mood, Theme, rgb

Pixels = npt.NDArray[np.uint8]
DITHER_SEED = 20  # any constant: the grain must be the same in every frame and every video
BAND = 64  # rows made at a time: the floats of a whole canvas would take 25 MB for each step
FALL = 2.6  # how fast a glow fades


@lru_cache(maxsize=2)
def ground(theme: Theme, width: int, height: int, mood: Mood, turn: int = 0) -> Pixels:
    """The theme's opaque ground as RGB, lit from another side for each `turn`. Shared: never write into it."""
    made = np.empty((height, width, 3), np.uint8)
    random = np.random.default_rng(DITHER_SEED)
    x, y = (np.arange(side, dtype=np.float32) / np.float32(side) for side in (width, height))
    first, last = (np.array(rgb(colour), np.float32) for colour in theme.ground)
    for top in range(0, height, BAND):
        rows = y[top : top + BAND]
        band = first + (last - first) * ((x[None, :] + rows[:, None]) / 2)[..., None]
        for share, colour in _glows(theme, mood, turn, x, rows, width, height):
            band += (colour - band) * share
        band += random.random((len(rows), width, 1), np.float32) - 0.5
        made[top : top + BAND] = np.clip(np.rint(band, out=band), 0, 255, out=band)
    made.setflags(write=False)
    return made


def _glows(
    theme: Theme, mood: Mood, turn: int, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], width: int, height: int
) -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """How much of each glow's colour lies on each pixel of a band. A Gauss bell is the product of two."""
    made = []
    for glow in theme.glows:
        centre = 1 - glow.x if turn & 1 else glow.x, 1 - glow.y if turn & 2 else glow.y
        reach = glow.radius * max(width, height)
        across = np.exp(-FALL * ((x - centre[0]) * width / reach) ** 2)
        down = np.exp(-FALL * ((y - centre[1]) * height / reach) ** 2)
        share = np.float32(getattr(glow, mood)) * down[:, None] * across[None, :]
        made.append((share[..., None].astype(np.float32), np.array(rgb(glow.colour), np.float32)))
    return made
