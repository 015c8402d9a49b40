"""Quiet drawings behind the words, one kind for each layout, in the theme's accent."""

from __future__ import annotations

import math
import zlib

from aurad.api import Slide
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.nodes import Node
from aurad_plugins.visuals_slides.themes import Theme

FAINT = 0.9  # of the theme's ornament alpha: these cover more than an icon does
DOT, STEP = 0.2, 1.5  # units: radius and spacing of dots
RINGS = (7.0, 10.5, 14.0, 17.5)  # units: radii
WAVES = 5
KINDS = {  # layout: drawing and side of the light (see `ground`)
    "title": ("rings", 0), "section": ("", 1), "closing": ("", 3), "bullets": ("dots", 2), "cards": ("rings", 1),
    "steps": ("waves", 0), "comparison": ("dots", 3), "quote": ("waves", 1), "statistic": ("rings", 2),
    "bar-chart": ("dots", 1), "line-chart": ("", 2), "table": ("rings", 3), "code": ("waves", 3),
}  # fmt: skip
WORDY = frozenset({"section", "closing"})  # often many in a row, with nothing but a heading to tell them apart
DRAWINGS = ("rings", "waves", "dots")


def turn_of(slide: Slide) -> int:
    """From which side the ground is lit: by its layout, and for slides of a few words by those."""
    return (KINDS.get(slide.kind, ("", 0))[1] + (_chance(slide) if slide.kind in WORDY else 0)) % 4


def decoration(slide: Slide, frame: Frame, theme: Theme) -> Node | None:
    """The drawing behind a layout, as large as the canvas; None for layouts that wear an icon or a chart."""
    name = KINDS.get(slide.kind, ("", 0))[0]
    if slide.kind in WORDY:
        name = DRAWINGS[_chance(slide) % len(DRAWINGS)]
    if not name:
        return None
    inner = {"rings": _rings, "dots": _dots, "waves": _waves}[name](frame)
    alpha = theme.ornament_alpha * FAINT
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{frame.width}" height="{frame.height}"'
        f' viewBox="0 0 {frame.width} {frame.height}"><g fill="none" stroke="{theme.accent}" opacity="{alpha:.3f}"'
        f' stroke-width="{0.12 * frame.unit:.2f}">{inner}</g></svg>'
    )
    style: dict[str, str | float] = {
        "position": "absolute", "left": "0px", "top": "0px", "width": f"{frame.width}px", "height": f"{frame.height}px",
    }  # fmt: skip
    return Node(kind="image", image=drawing.encode(), style=style)


def _chance(slide: Slide) -> int:
    """A number that follows from the words: scenes that would look the same one after another do not."""
    return zlib.crc32(f"{slide.heading}\n{slide.body}".encode())


def _rings(frame: Frame) -> str:
    x, y = frame.width, 0
    return "".join(f'<circle cx="{x}" cy="{y}" r="{radius * frame.unit:.1f}"/>' for radius in RINGS)


def _dots(frame: Frame) -> str:
    """A patch of dots in the lower right corner, as one dashed line for each row."""
    step, count = STEP * frame.unit, 9
    left, top = frame.width - count * step, frame.height - 6.5 * step
    dash = f'stroke-width="{2 * DOT * frame.unit:.2f}" stroke-linecap="round" stroke-dasharray="0.01 {step:.2f}"'
    rows = (f'<path d="M{left:.1f} {top + row * step:.1f} H{frame.width}" {dash}/>' for row in range(7))
    return "".join(rows)


def _waves(frame: Frame) -> str:
    """Long curves that rise along the lower edge."""
    wide, high, unit = frame.width, frame.height, frame.unit
    made = []
    for place in range(WAVES):
        low = high - (1.2 + place * 1.1) * unit
        rise = (3.0 + place * 1.3) * unit * math.cos(place * 0.3)
        made.append(
            f'<path d="M0 {low:.1f} C{wide * 0.3:.1f} {low + rise * 0.5:.1f} {wide * 0.6:.1f} {low - rise:.1f}'
            f' {wide} {low - rise * 1.6:.1f}"/>'
        )
    return "".join(made)
