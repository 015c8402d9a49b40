"""Reading picture files into arrays, cut and scaled to what the canvas needs. Refuses bombs and damaged files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from aurad.api import BadInput, Canvas, Motion
from aurad_plugins.render_ffmpeg.planes import U8, Planes, rgb_to_planes

MOST_PIXELS = 50_000_000  # a 12 kB PNG can claim 100 million; the largest camera pictures have 48
SPARE = (
    1.07  # detail beyond that: a moving window never meets the picture pixel for pixel, where blur would come and go
)
MOST_DETAIL = 2.0  # times the canvas: what a zoom can use before memory counts for more


def read_picture(path: Path, mode: str) -> U8:
    """The picture as an array of `mode` RGB or RGBA, upright."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadInput(f"cannot use a picture of {image.width}x{image.height}: over {MOST_PIXELS} pixels")
            upright = ImageOps.exif_transpose(image)
            return np.asarray(upright.convert(mode))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadInput(f"cannot read picture {path.name}: {error}") from error


def read_still(path: Path, canvas: Canvas, motion: Motion | None) -> Planes:
    """The picture covering the canvas, with as much detail as the smallest window of `motion` shows."""
    rgb = cover(read_picture(path, "RGB"), canvas.width / canvas.height)
    zoom = 1.0 if motion is None else SPARE / min(motion.start.width, motion.end.width)
    detail = min(zoom, MOST_DETAIL, max(rgb.shape[1] / canvas.width, 1.0))
    return rgb_to_planes(scale(rgb, _even(canvas.width * detail), _even(canvas.height * detail)))


def cover(rgb: U8, aspect: float) -> U8:
    """The largest centred part of that aspect (width over height)."""
    height, width = rgb.shape[:2]
    wide, high = min(width, round(height * aspect)), min(height, round(width / aspect))
    left, top = (width - wide) // 2, (height - high) // 2
    return rgb[top : top + max(high, 1), left : left + max(wide, 1)]


def scale(rgb: U8, width: int, height: int) -> U8:
    """Scale without moiré when shrinking and without steps when enlarging."""
    if rgb.shape[:2] == (height, width):
        return np.ascontiguousarray(rgb)
    method = cv2.INTER_AREA if rgb.shape[1] > width else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(rgb), (width, height), interpolation=method), np.uint8)


def _even(length: float) -> int:
    return max(round(length / 2) * 2, 2)
