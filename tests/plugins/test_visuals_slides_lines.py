"""Lines are painted as they were measured: a last word that only just fits never starts a line without room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.content import prepared
from aurad_plugins.visuals_slides.fit import fitted, placed
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.layouts import layout_for
from aurad_plugins.visuals_slides.nodes import Node, box, walk
from aurad_plugins.visuals_slides.page import Look
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.themes import THEMES

DRAFT = (854, 480)
SIZES = [DRAFT, (1280, 720), (480, 854), (480, 480), (640, 360)]
SUMMARY = (
    "The library welcomed 184,320 visitors",
    "Loans of e-books passed those of printed novels",
    "The year closed with a small surplus of €12,400",
)
OPTIONS = (
    ("Option", "Default", "Meaning"),
    ("--relay HOST", "relay.ferry.example", "Relay used when no direct path is found"),
    ("--limit RATE", "none", "Cap the speed, e.g. --limit 5MB/s"),
    ("--resume", "on", "Continue a broken transfer"),
    ("--no-compress", "off", "Don't compress before sending"),
    ("--json", "off", "Print progress as JSON lines"),
)
SLIDES = {
    "cards": Slide(
        kind="bullets", kicker="Riverside Library", heading="Summary", items=tuple(Item(text=one) for one in SUMMARY)
    ),
    "table": Slide(kind="table", kicker="Usage", heading="Options", rows=OPTIONS),
    "steps": Slide(kind="steps", heading="Outlook", items=tuple(Item(text=one, detail=one) for one in SUMMARY)),
}
INK = 40  # alpha from which a pixel counts as painted


def lone(part: Node, width: float, painter: Painter, em: float) -> Node:
    """The text on its own, in a column exactly as wide as its box."""
    style = {"font-size": f"{em:.3f}px"}
    return box("row", box("col", part, width=f"{width:.0f}px", flex_shrink=0, **style), align_items="flex-start")


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", SLIDES)
def test_no_painted_line_leaves_the_box_it_was_measured_to_need(name: str, size: tuple[int, int]) -> None:
    painter = Painter(frame_of(Canvas(width=size[0], height=size[1])), THEMES["midnight"])
    slide = prepared(SLIDES[name], 40).slide
    node, fit = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    for part, (left, top, right, bottom) in placed(node, painter):
        css = part.css.split()
        if part.kind == "text" and not {"kicker", "heading"} & set(css):
            alone = lone(part, right - left, painter, fit.scale * painter.frame.unit)
            rows = np.flatnonzero(painter.paint(alone)[..., 3].max(axis=1) > INK)
            assert rows[-1] < bottom - top + 1, (part.text, "needs a line more than its box has")


@pytest.mark.parametrize(("name", "words"), [("cards", SUMMARY[1]), ("table", OPTIONS[4][2])])
def test_the_pixels_of_a_draft_show_the_last_word(name: str, words: str) -> None:
    """What the text alone adds to the page lies inside its box, down to its last line."""
    painter = Painter(frame_of(Canvas(width=DRAFT[0], height=DRAFT[1])), THEMES["midnight"])
    slide = prepared(SLIDES[name], 40).slide
    node, _ = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    part, rect = next((part, rect) for part, rect in placed(node, painter) if part.text == words)
    left, top, right, bottom = (round(side) for side in rect)
    shown = painter.paint(without_text(node, but=part))
    hidden = painter.paint(without_text(node))
    ink = (shown.astype(int) - hidden != 0).any(axis=2)
    rows = np.flatnonzero(ink.any(axis=1))
    assert ink[top:bottom, left:right].any()
    assert rows[-1] <= bottom, "a line of it is painted below its box"


def test_what_is_said_of_many_labels_is_large_enough_to_read() -> None:
    items = tuple(Item(text=f"Feature {n}", detail="A broken connection goes on at the last part") for n in range(5))
    slide = Slide(kind="bullets", kicker="Why?", heading="Features", items=items)
    painter = Painter(frame_of(Canvas(width=DRAFT[0], height=DRAFT[1])), THEMES["midnight"])
    node, fit = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    told = [part for part in walk(node) if part.text == items[0].detail]
    assert told[0].size * fit.scale * painter.frame.unit > DRAFT[1] / 30


def test_cards_without_icons_are_not_numbered() -> None:
    slide = Slide(kind="cards", heading="Both", items=(Item(text="Xyzzy is one"), Item(text="Plugh is the other")))
    painter = Painter(frame_of(Canvas(width=DRAFT[0], height=DRAFT[1])), THEMES["midnight"])
    node, _ = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    assert {part.text for part in walk(node) if part.text} == {"Both", "Xyzzy is one", "Plugh is the other"}


def without_text(node: Node, but: Node | None = None) -> Node:
    """The same page, with no text seen but one."""
    if node.kind == "text" and node is not but:
        return replace(node, style={**node.style, "visibility": "hidden"})
    return replace(node, children=tuple(without_text(child, but) for child in node.children)) if node.children else node
