"""The cover: the best slide's picture as a JPEG of the size that video sites ask for. Blocks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from aurad.api import BadInput

LONG_SIDE = 1280  # pixels: 1280x720, what YouTube recommends for a thumbnail
PIXEL_LIMIT = 50_000_000  # a picture of a few kilobytes can unfold to gigabytes
QUALITY = 90
LOOKED_AT = 12  # posters: the best of a video's beginning, and no more reading than that
TITLE_LEAD = 1.5  # a cover should say what the video is about, unless its slide is really dull
THUMB = 160  # pixels: what people see of it in a list
SPARE = 2.0  # pixels for each that scaling leaves: fewer would be seen
LIVELY, CONTRAST, CROWDED = 60.0, 64.0, 24.0  # levels of 255 from which more colour, contrast, edges add nothing good


def best_poster(posters: Sequence[Path]) -> Path:
    """The picture that promises most: colourful, lively, not crowded. The first bears the title and has a lead."""
    scores = [_promise(path) * (TITLE_LEAD if number == 0 else 1.0) for number, path in enumerate(posters[:LOOKED_AT])]
    return posters[scores.index(max(scores))]


def _promise(poster: Path) -> float:
    """0..1 by what a thumbnail of it shows."""
    picture = read_picture(poster, THUMB)
    picture.thumbnail((THUMB, THUMB))
    red, green, blue = (np.asarray(band, np.float32) for band in picture.split())
    luma = (red + green + blue) / 3
    colour = float(np.std(red - green) + np.std((red + green) / 2 - blue))
    edges = float(np.abs(np.diff(luma, axis=1)).mean() + np.abs(np.diff(luma, axis=0)).mean())
    lively = min(colour / LIVELY, 1.0) + min(float(luma.std()) / CONTRAST, 1.0)
    crowded = max(edges / CROWDED - 1.0, 0.0)
    return max(lively / 2 - crowded / 2, 0.0) + 0.01


def write_cover(poster: Path, cover: Path) -> None:
    """Scale `poster` to fit, never up, and write it to `cover`."""
    picture = read_picture(poster, LONG_SIDE)
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    picture.save(cover, "JPEG", quality=QUALITY, optimize=True)


def read_picture(poster: Path, side: int) -> Image.Image:
    """RGB, to be scaled to `side` pixels: JPEG is not even decoded much larger, which takes an eighth of the time."""
    Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(poster) as opened:
                spare = SPARE * side / max(opened.size)
                opened.draft("RGB", (round(opened.width * spare), round(opened.height * spare)))
                return opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadInput(f"cannot make a cover of {poster.name}: {error}") from error
