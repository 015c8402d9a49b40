"""The cover: the title's picture as a JPEG of the size that video sites ask for. Blocks."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image

from aurad.api import BadInput

LONG_SIDE = 1280  # pixels: 1280x720, what YouTube recommends for a thumbnail
PIXEL_LIMIT = 50_000_000  # a picture of a few kilobytes can unfold to gigabytes
QUALITY = 90


def write_cover(poster: Path, cover: Path) -> None:
    """Scale `poster` to fit, never up, and write it to `cover`."""
    Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(poster) as opened:
                picture = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadInput(f"cannot make a cover of {poster.name}: {error}") from error
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    picture.save(cover, "JPEG", quality=QUALITY, optimize=True)
