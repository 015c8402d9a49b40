"""From a slide to pixels: an opaque base, the layers that come in over it, and the complete poster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from aurad.api import Slide, TextBox
from aurad_plugins.visuals_slides.decor import decoration, turn_of
from aurad_plugins.visuals_slides.fit import fitted, placed
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.ground import ground
from aurad_plugins.visuals_slides.layouts import layout_for
from aurad_plugins.visuals_slides.nodes import Node, Reveal
from aurad_plugins.visuals_slides.page import Fit, Look
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.themes import Theme

TRACE = 0.18  # opacity of what will come in: seen, but not yet read
Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
Spot = tuple[Node, tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A layer as pixels (RGBA) with the place of its top left corner."""

    pixels: Pixels
    x: int
    y: int
    reveal: Reveal


@dataclass(frozen=True, slots=True)
class Composition:
    """`base` and `poster` are RGB of the canvas's size. `shortened` says that text had to be left out."""

    base: Pixels
    layers: tuple[Sheet, ...]
    poster: Pixels
    shortened: bool = False
    texts: tuple[TextBox, ...] = ()


def compose(slide: Slide, frame: Frame, theme: Theme) -> Composition:
    """Lay the slide out, paint it and cut it into what moves and what does not."""
    painter = Painter(frame, theme)
    under, node, fit = designed(slide, painter)
    return assemble(under, node, painter, shortened=fit.shortens)


def designed(slide: Slide, painter: Painter) -> tuple[Image.Image, Node, Fit]:
    """The ground (RGBA), the whole page that fits upon it, and what it took to fit."""
    frame, theme = painter.frame, painter.theme
    page = layout_for(slide)(Look(slide, frame, theme))
    if not page.ornament:
        page = replace(page, decor=decoration(slide, frame, theme))
    node, fit = fitted(page, painter)
    fit = replace(fit, cut=page.cut)
    under = Image.fromarray(ground(theme, frame.width, frame.height, page.mood, turn_of(slide))).convert("RGBA")
    return under, node, fit


def assemble(
    under: Image.Image, node: Node, painter: Painter, *, first: tuple[Sheet, ...] = (), shortened: bool = False
) -> Composition:
    """Paint a page that fits over `under` (RGBA, opaque); `first` are layers below those of the page."""
    under.alpha_composite(Image.fromarray(painter.paint(node, frozenset())))
    spots = placed(node, painter)
    layers = first + tuple(_foreshadowed(layer, under) for layer in _layers(node, spots, painter))
    return Composition(_rgb(under), layers, _rgb(_flattened(under, layers)), shortened, text_boxes(spots))


def _foreshadowed(layer: Sheet, under: Image.Image) -> Sheet:
    """Leave a trace on the base of what waits for a word: a slide is composed before anything is said.

    Such a layer lights up where its trace is; if it moved, it would be seen twice.
    """
    reveal = layer.reveal
    if reveal.at is None:
        return layer
    trace = layer.pixels.copy()
    trace[..., 3] = np.rint(trace[..., 3] * TRACE).astype(np.uint8)
    under.alpha_composite(Image.fromarray(trace), (layer.x, layer.y))
    return layer if reveal.effect == "wipe" else replace(layer, reveal=replace(reveal, effect="fade"))


def _rgb(picture: Image.Image) -> Pixels:
    return np.asarray(picture.convert("RGB"))


def _flattened(under: Image.Image, layers: tuple[Sheet, ...]) -> Image.Image:
    whole = under.copy()
    for layer in layers:
        whole.alpha_composite(Image.fromarray(layer.pixels), (layer.x, layer.y))
    return whole


def text_boxes(spots: Sequence[Spot]) -> tuple[TextBox, ...]:
    """Where every text lies, for the check that none leaves its frame."""
    return tuple(
        TextBox(text=part.text, x=left, y=top, width=right - left, height=bottom - top)
        for part, (left, top, right, bottom) in spots
        if part.kind == "text"
    )


def _layers(node: Node, spots: Sequence[Spot], painter: Painter) -> tuple[Sheet, ...]:
    """Paint revealed nodes together as far as they cannot touch each other, and cut them out."""
    boxes = [(part, _reach(part.reveal, rect, painter.frame)) for part, rect in spots if part.reveal]
    cut: dict[int, Sheet] = {}
    for plane in _planes([rect for _, rect in boxes]):
        painted = painter.paint(node, frozenset(id(boxes[place][0]) for place in plane))
        for place in plane:
            part, rect = boxes[place]
            if part.reveal and (sheet := _cut(painted, rect, part.reveal)):
                cut[place] = sheet
    return tuple(cut[place] for place in sorted(cut))


def _reach(reveal: Reveal, rect: tuple[float, float, float, float], frame: Frame) -> Box:
    """The pixels that a node may paint: its box and what bleeds from it, inside the canvas."""
    bleed = reveal.bleed * frame.unit + 1
    left, top, right, bottom = rect
    across, down = frame.width, frame.height
    return (
        min(across, max(0, int(left - bleed))), min(down, max(0, int(top - bleed))),
        max(0, min(across, int(right + bleed) + 1)), max(0, min(down, int(bottom + bleed) + 1)),
    )  # fmt: skip


def _planes(boxes: list[Box]) -> list[list[int]]:
    """Indices of boxes in as few groups as simple greed finds; boxes of one group do not overlap."""
    planes: list[list[int]] = []
    for place, rect in enumerate(boxes):
        home = next((plane for plane in planes if not any(_overlap(rect, boxes[other]) for other in plane)), None)
        if home is None:
            planes.append([place])
        else:
            home.append(place)
    return planes


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _cut(painted: Pixels, rect: Box, reveal: Reveal) -> Sheet | None:
    """The ink inside `rect`, cropped to itself; None if there is none."""
    left, top, right, bottom = rect
    ink = painted[top:bottom, left:right, 3] > 0
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return None
    top, bottom, left, right = (
        top + int(rows[0]),
        top + int(rows[-1]) + 1,
        left + int(columns[0]),
        left + int(columns[-1]) + 1,
    )
    return Sheet(np.ascontiguousarray(painted[top:bottom, left:right]), left, top, reveal)
