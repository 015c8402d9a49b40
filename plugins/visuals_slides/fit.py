"""Makes a page fit its frame by measuring: the largest scale at which nothing is cut, and only then less text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.nodes import Node, box, clamp, walk
from aurad_plugins.visuals_slides.page import Fit, Page
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.takumi import MeasuredNode

STEPS = 14  # scales tried between the largest and the smallest
HEADING_SMALLEST = 0.5
SLACK = 0.75  # px by which rounding may exceed a box
SPARE = 1.03  # a table is laid out in whole pixels, so a word may need a little more than it measures
NEARLY_LONGEST = 0.8  # of the letters of the longest word: a shorter one with wide letters may be wider
LONGEST_LINES = 6  # a text that is clamped at all is clamped to at most so many lines
_JUSTIFY = {"start": "flex-start", "center": "center", "end": "flex-end"}
_WORD = re.compile(r"[^ \t\n\u00ad\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef-]+-?")  # CJK may break between any two


def fitted(page: Page, painter: Painter) -> tuple[Node, Fit]:
    """The whole page as one tree that fits, and what it took."""
    frame = painter.frame
    header = _header(page, painter)
    used = _height(_settled(header, painter), painter) + page.gap * frame.unit if header else 0.0
    room = frame.inner_height - used
    fit = _fit(page, painter, room)
    body = _settled(_limited(_scaled(page.body(fit), fit.scale, frame), fit), painter)
    return _assembled(page, header and _settled(header, painter), body, frame), fit


def _assembled(page: Page, header: Node | None, body: Node, frame: Frame) -> Node:
    decor = (page.decor, page.ornament)
    middle = box("col", body, flex_grow=1, justify_content=_JUSTIFY[page.align])
    gap = page.gap * frame.unit if header else 0
    if header and frame.shape != "wide" and page.align == "center":  # upright pages are composed around their middle
        return _page((*decor, header, body), frame, gap, "center")
    return _page((*decor, header, middle), frame, gap)


def _page(parts: tuple[Node | None, ...], frame: Frame, gap: float, justify: str = "flex-start") -> Node:
    padding = f"{frame.top:.2f}px {frame.left:.2f}px {frame.bottom:.2f}px {frame.left:.2f}px"
    css = f"page {frame.shape} {'from-right' if frame.from_right else ''}"
    return box(css, *parts, padding=padding, gap=f"{gap:.2f}px", justify_content=justify)


def _scaled(node: Node, scale: float, frame: Frame) -> Node:
    style = {**node.style, "font-size": f"{scale * frame.unit:.3f}px", "flex-shrink": 0}
    return replace(node, style=style)


def _limited(node: Node, fit: Fit) -> Node:
    return clamp(node, fit.lines) if fit.lines else node


def _header(page: Page, painter: Painter) -> Node | None:
    """The header at the largest scale at which its heading takes no more lines than it may."""
    if page.header is None:
        return None
    header = page.header

    def fits(scale: float) -> bool:
        node = _scaled(header, scale, painter.frame)
        box_of = _measured(node, painter)
        return _words_fit(node, box_of, scale, painter) and all(
            _lines(part, made, scale, painter) <= page.heading_lines
            for part, made in _pairs(node, box_of)
            if "heading" in part.css
        )

    scale = _largest(_scales(1.0, HEADING_SMALLEST), fits) or HEADING_SMALLEST
    node = _scaled(header, scale, painter.frame)
    return node if fits(scale) else clamp(node, page.heading_lines)


def _fit(page: Page, painter: Painter, room: float) -> Fit:
    def fits(fit: Fit, *, brief: bool = False) -> bool:
        node = _limited(_scaled(page.body(fit), fit.scale, painter.frame), fit)
        made = _measured(node, painter)
        if made.height <= room + SLACK:  # only then is the second look worth its time
            node, made = _pinned(node, made, painter)
        if made.height > room + SLACK or (brief and not _brief(node, made, fit.scale, page.title_lines, painter)):
            return False
        return fit.lines > 0 or _words_fit(node, made, fit.scale, painter)

    units = room / painter.frame.unit
    scales = _scales(page.largest, page.smallest)
    scale = _largest(scales, lambda one: fits(Fit(one, room=units), brief=True))
    if scale is None:
        scale = _largest(scales, lambda one: fits(Fit(one, room=units)))
    if scale is not None:
        return Fit(scale, room=units)
    for lines in range(LONGEST_LINES, 0, -1):
        if fits(fit := Fit(page.smallest, lines, room=units)):
            return fit
    for keep in range(page.count - 1, 0, -1):
        if fits(fit := Fit(page.smallest, 1, keep, units)):
            return fit
    return _smaller(page.smallest, units, fits)


def _smaller(scale: float, units: float, fits: Callable[[Fit], bool]) -> Fit:
    """The very last resort, for canvases too small for any text: one item, as small as it must be."""
    while not fits(Fit(scale, 1, 1, units)) and scale > 0.05:
        scale *= 0.8
    return Fit(scale, 1, 1, units)


def _scales(largest: float, smallest: float) -> list[float]:
    ratio = (smallest / largest) ** (1 / (STEPS - 1))
    return [largest * ratio**step for step in range(STEPS)]


def _largest(scales: list[float], fits: Callable[[float], bool]) -> float | None:
    """The first of falling `scales` that fits, by bisection; None if even the last does not."""
    low, high = 0, len(scales)
    while low < high:
        middle = (low + high) // 2
        if fits(scales[middle]):
            high = middle
        else:
            low = middle + 1
    return scales[low] if low < len(scales) else None


def _measured(node: Node, painter: Painter) -> MeasuredNode:
    """The node laid out on its own between the margins."""
    root = _page((node,), replace(painter.frame, top=0.0, bottom=0.0), 0)
    return painter.measure(root).children[0]


def _pinned(node: Node, made: MeasuredNode, painter: Painter) -> tuple[Node, MeasuredNode]:
    """The node with no text wider than it will be painted, and its boxes then.

    Heights come from exact widths, but lines are broken again, when painted, in the whole pixels that are
    left when the edges of a box have been rounded: up to one less. A last word that just fitted would then
    start a line that nothing has room for.
    """
    narrowed = _narrowed(node, made, _em(node), painter)
    return narrowed, _measured(narrowed, painter)


def _settled(node: Node, painter: Painter) -> Node:
    return _narrowed(node, _measured(node, painter), _em(node), painter)


def _narrowed(node: Node, made: MeasuredNode, em: float, painter: Painter) -> Node:
    if node.kind == "text":
        # Balanced lines become narrower than their box: a word that fits must not be broken for that.
        whole = {"overflow-wrap": "normal"} if _word_fits(node, made, em, painter) else {}
        return replace(node, style={**node.style, **whole, "max-width": f"{made.width:.0f}px"})
    pairs = zip(node.children, made.children, strict=True)
    return replace(node, children=tuple(_narrowed(child, box_of, em, painter) for child, box_of in pairs))


def _em(node: Node) -> float:
    """The size in pixels that a scaled tree's sizes are multiples of."""
    return float(str(node.style["font-size"]).removesuffix("px"))


def _height(node: Node, painter: Painter) -> float:
    return float(_measured(node, painter).height)


def _pairs(node: Node, made: MeasuredNode) -> list[tuple[Node, MeasuredNode]]:
    found = [(node, made)]
    for child, box_of in zip(node.children, made.children, strict=True):
        found += _pairs(child, box_of)
    return found


def _lines(node: Node, made: MeasuredNode, scale: float, painter: Painter) -> int:
    """How many lines a heading takes; its line height is between 1 and 1.2 em."""
    return max(1, math.floor(made.height / (node.size * scale * painter.frame.unit)))


def _brief(node: Node, made: MeasuredNode, scale: float, most: int, painter: Painter) -> bool:
    """Whether every large heading takes at most `most` lines."""
    return all(
        _lines(part, box_of, scale, painter) <= most
        for part, box_of in _pairs(node, made)
        if "title" in part.css.split()
    )


def _words_fit(node: Node, made: MeasuredNode, scale: float, painter: Painter) -> bool:
    """Whether no word is wider than its column (it would be broken in the middle)."""
    em = scale * painter.frame.unit
    return all(part.kind != "text" or _word_fits(part, box_of, em, painter) for part, box_of in _pairs(node, made))


def _word_fits(part: Node, made: MeasuredNode, em: float, painter: Painter) -> bool:
    words = _WORD.findall(part.text)
    least = max(map(len, words), default=0) * NEARLY_LONGEST
    widest = max((painter.word_width(part.css, word) for word in words if len(word) >= least), default=0.0)
    width = widest * part.size * em
    cell = "cell" in part.css.split()
    return width * (SPARE if cell else 1.0) <= made.width + (0.0 if cell else SLACK)


def placed(node: Node, painter: Painter) -> list[tuple[Node, tuple[float, float, float, float]]]:
    """Every node of a whole page with its box: left, top, right, bottom in pixels."""
    made = painter.measure(node, height=painter.frame.height)
    boxes = []
    for part, box_of in _pairs(node, made):
        left, top = box_of.transform[4], box_of.transform[5]
        boxes.append((part, (left, top, left + box_of.width, top + box_of.height)))
    return boxes


def revealed(node: Node) -> list[Node]:
    """The nodes that come in later, in drawing order."""
    return [part for part in walk(node) if part.reveal is not None]
