"""Contrast of text as painted: every layout in every theme, judged by the pixels of letters and of what lies behind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from msgspec.structs import replace as replace_struct
from PIL import Image

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.compose import designed
from aurad_plugins.visuals_slides.fit import placed
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.layouts import LAYOUTS
from aurad_plugins.visuals_slides.nodes import Node
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.themes import AA, THEMES

CANVAS = Canvas(width=1280, height=720)
CORE = 0.9  # share of the strongest change in a text's box from which a pixel is inside of a letter, not its edge
VALUES = np.arange(256)
LINEAR = np.where(VALUES <= 10, VALUES / 3294.6, ((VALUES / 255 + 0.055) / 1.055) ** 2.4)  # of an sRGB value
Pixels = npt.NDArray[np.uint8]


def full(kind: str) -> Slide:
    items = tuple(
        Item(text=words, detail="In a few more words\nand again", value=float(value))
        for words, value in (("Light and water", 40), ("Leaves", 25), ("Sugar", 10))
    )
    body = (
        "def leaf(light):\n    # sugar\n    return 6 + light" if kind == "code" else "What leaves make of light and air"
    )
    return Slide(
        kind=kind,  # type: ignore[arg-type]
        kicker="Part one", heading="How leaves work", body=body, note="A source", unit="kg", items=items,
        rows=(("Leaf", "Mass"), ("Oak", "12"), ("Birch", "7")),
    )  # fmt: skip


def without_text(node: Node) -> Node:
    children = tuple(without_text(child) for child in node.children)
    hidden = {"color": "transparent"} if node.kind == "text" else {}
    return replace(node, children=children, style={**node.style, **hidden})


def luminance(pixels: Pixels) -> npt.NDArray[np.float64]:
    return np.asarray(LINEAR[pixels] @ np.array([0.2126, 0.7152, 0.0722]))


def painted(under: Image.Image, node: Node, painter: Painter) -> Pixels:
    whole = under.copy()
    whole.alpha_composite(Image.fromarray(painter.paint(node)))
    return np.asarray(whole.convert("RGB"))


CASES = list(itertools.product(LAYOUTS, THEMES))
SAMPLE = 5  # every so many are tested in the fast run: each layout or theme comes up, not each pair


@pytest.mark.parametrize(
    ("kind", "theme"),
    [case if place % SAMPLE == 0 else pytest.param(*case, marks=pytest.mark.slow) for place, case in enumerate(CASES)],
)
def test_every_text_meets_wcag_aa_as_painted(kind: str, theme: str) -> None:
    for part, ratio in contrasts(full(kind), theme):
        assert ratio >= AA, (part.text, part.css, round(ratio, 2))


@pytest.mark.parametrize(("kind", "theme"), list(itertools.product(["bar-chart", "line-chart"], THEMES)))
def test_every_text_of_several_series_meets_wcag_aa_as_painted(kind: str, theme: str) -> None:
    rows = (("Year", "Sun", "Wind", "Water"), ("2023", "10", "30", "20"), ("2024", "34", "41", "18"))
    slide = replace_struct(full(kind), items=(), rows=rows)
    for part, ratio in contrasts(slide, theme):
        assert ratio >= AA, (part.text, part.css, round(ratio, 2))


def contrasts(slide: Slide, theme: str) -> Iterator[tuple[Node, float]]:
    """Every text of a layout, and the least contrast of its letters to what is behind them; 1 if it is not painted."""
    painter = Painter(frame_of(CANVAS), THEMES[theme])
    under, node, _ = designed(slide, painter)
    shown, bare = painted(under, node, painter), painted(under, without_text(node), painter)
    change = np.abs(shown.astype(int) - bare).sum(axis=2)
    light, dark = luminance(shown), luminance(bare)
    for part, (left, top, right, bottom) in placed(node, painter):
        if part.kind != "text" or not part.text.strip():
            continue
        area = np.s_[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
        letters = (change[area] >= CORE * change[area].max()) & (change[area] > 0)
        one, other = light[area][letters], dark[area][letters]
        ratio = (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)
        yield part, float(ratio.min(initial=np.inf)) if letters.any() else 1.0


@pytest.mark.parametrize("theme", THEMES)
def test_a_row_that_lights_up_can_be_read(theme: str) -> None:
    lit = tuple(Item(text="Oak", at=0) for _ in range(2))
    assert min(ratio for _, ratio in contrasts(replace_struct(full("table"), items=lit), theme)) >= AA
