"""The canvas as a designer sees it: its shape, its unit of measure, its margins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aurad.api import Canvas

Shape = Literal["wide", "square", "tall"]
UNITS = 45  # units along the short side; one unit is 24 px at 1080 and the base of all sizes
MARGINS: dict[Shape, tuple[float, float, float]] = {  # left and right, top, bottom, in units
    "wide": (6.0, 4.6, 4.2),
    "square": (4.0, 4.2, 4.0),
    "tall": (3.6, 6.0, 6.0),
}
CAPTION_GAP = 1.2  # units kept free between a slide and burned-in captions


@dataclass(frozen=True, slots=True)
class Frame:
    """A canvas in pixels. All slide measures are multiples of `unit`, so layouts scale with it."""

    width: int
    height: int
    unit: float
    shape: Shape
    left: float
    top: float
    bottom: float
    from_right: bool = False
    language: str = ""

    @property
    def inner_width(self) -> float:
        return self.width - 2 * self.left

    @property
    def inner_height(self) -> float:
        return self.height - self.top - self.bottom

    @property
    def columns(self) -> float:
        """Width between the margins, in units."""
        return self.inner_width / self.unit


def frame_of(canvas: Canvas, safe_bottom: float = 0.0, *, from_right: bool = False, language: str = "") -> Frame:
    """The frame of a canvas whose lowest `safe_bottom` (a fraction) belongs to captions.

    With `from_right`, rows and lines run from right to left. `language` (BCP 47) decides between forms of
    letters: Chinese and Japanese share characters that each writes in its own way.
    """
    ratio = canvas.width / canvas.height
    shape: Shape = "wide" if ratio > 1.2 else "tall" if ratio < 0.9 else "square"
    unit = min(canvas.width, canvas.height) / UNITS
    side, top, bottom = (part * unit for part in MARGINS[shape])
    if safe_bottom > 0:
        bottom = max(bottom, safe_bottom * canvas.height + CAPTION_GAP * unit)
    bottom = min(bottom, canvas.height * 0.6)
    return Frame(canvas.width, canvas.height, unit, shape, side, top, bottom, from_right, language)
