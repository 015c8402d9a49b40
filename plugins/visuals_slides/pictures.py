"""Pictures that people bring: read with suspicion, shown without distortion."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from aurad.api import BadInput

Pixels = npt.NDArray[np.uint8]
MOST_PIXELS = 50_000_000  # a 12 kB file can claim 100 million, and decoding those fills the memory
ALLOWED = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # nothing that runs code or opens other files
COVER_LOSS = 0.30  # share of a picture that may be cut off to fill the canvas; beyond it, it is shown whole
BLUR = 0.035  # of the canvas's long side
DIM = 0.62  # brightness of the blurred fill: the picture itself must stand out
FRAME = 0.86  # share of the canvas that a picture shown whole may take


def read_picture(path: Path | BinaryIO, at_least: tuple[int, int], name: str) -> Image.Image:
    """The picture upright, as RGBA, 8 bit. `at_least` is a hint: a JPEG far larger is decoded smaller."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_formats()) as opened:
                _check_size(opened, name)
                opened.draft("RGB", (at_least[0] * 2, at_least[1] * 2))
                return _eight_bit(ImageOps.exif_transpose(opened)).convert("RGBA")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_large(name) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        remedy = "Use a PNG, JPEG, WebP, GIF, TIFF or AVIF file."
        raise BadInput(f"cannot read picture {name}: {_cause(error)}", remedy=remedy) from error


@cache
def _formats() -> tuple[str, ...]:
    """Those of `ALLOWED` that this Pillow can read; it raises KeyError for others."""
    Image.init()
    return tuple(name for name in ALLOWED if name in Image.OPEN)


def _check_size(picture: Image.Image, name: str) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise _too_large(name)


def _too_large(name: str) -> BadInput:
    most = f"{MOST_PIXELS // 1_000_000} million pixels"
    return BadInput(f"cannot read picture {name}: it has more than {most}", remedy="Give a smaller version of it.")


def _cause(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its format is not known or not allowed"
    return str(error) or type(error).__name__


def _eight_bit(picture: Image.Image) -> Image.Image:
    """16-bit greys scaled to 8 bit (Pillow would clip them), everything else unchanged."""
    if not (picture.mode.startswith("I") or picture.mode == "F"):
        return picture
    values = np.asarray(picture, dtype=np.float64)
    peak = 65535.0 if values.max(initial=0) > 255 else 255.0
    return Image.fromarray(np.clip(values / peak * 255, 0, 255).astype(np.uint8))


def covers(picture: Image.Image, width: int, height: int) -> bool:
    """Whether the picture can fill the canvas without losing more than `COVER_LOSS` of itself."""
    shapes = sorted((picture.width / picture.height, width / height))
    return shapes[0] / shapes[1] >= 1 - COVER_LOSS


def filled(picture: Image.Image, width: int, height: int, ground: tuple[int, int, int]) -> Image.Image:
    """The picture on a canvas: filling it, or whole over a blurred copy of itself. RGB."""
    solid = Image.new("RGBA", picture.size, (*ground, 255))
    solid.alpha_composite(picture)
    whole = solid.convert("RGB")
    if covers(whole, width, height):
        return ImageOps.fit(whole, (width, height), Image.Resampling.LANCZOS, centering=(0.5, 0.42))
    return _over_blur(whole, width, height)


def _over_blur(picture: Image.Image, width: int, height: int) -> Image.Image:
    small = (max(1, width // 8), max(1, height // 8))  # a blur needs no detail, and 64 times less work
    blurred = ImageOps.fit(picture, small, Image.Resampling.BILINEAR).filter(
        ImageFilter.GaussianBlur(BLUR * max(small))
    )
    fill = Image.eval(blurred, lambda value: round(value * DIM)).resize((width, height), Image.Resampling.BICUBIC)
    room = (
        (width, round(height * FRAME))
        if picture.width * height < picture.height * width
        else (round(width * FRAME), height)
    )
    inner = ImageOps.contain(picture, room, Image.Resampling.LANCZOS)
    fill.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
    return fill


def scrim(width: int, height: int, top: int, *, fade: int, strength: float, colour: tuple[int, int, int]) -> Pixels:
    """RGBA darkness for the lower part of a canvas: full from `top` down, fading in over `fade` pixels above."""
    first = max(0, top - fade)
    rows = np.arange(first, height, dtype=np.float64)
    share = np.clip((rows - (top - fade)) / fade, 0, 1)
    alpha = strength * share * share * (3 - 2 * share)
    made = np.empty((height - first, width, 4), np.uint8)
    made[..., :3] = colour
    made[..., 3] = np.rint(alpha * 255).astype(np.uint8)[:, None]
    return made
