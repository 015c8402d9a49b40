"""A share is drawn, a long figure leaves its meaning readable, stacked cards fill their page; a recap is whole."""

from __future__ import annotations

import pytest

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.fit import Fit, fitted, placed
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.layouts import layout_for
from aurad_plugins.visuals_slides.nodes import Node, walk
from aurad_plugins.visuals_slides.page import Look
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.themes import THEMES

WIDE, SQUARE, TALL = (640, 360), (480, 480), (360, 640)


def laid_out(slide: Slide, size: tuple[int, int]) -> tuple[Node, Fit, Painter]:
    painter = Painter(frame_of(Canvas(width=size[0], height=size[1])), THEMES["paper"])
    node, fit = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    return node, fit, painter


def statistic(*told: tuple[str, str]) -> Slide:
    return Slide(
        kind="statistic", heading="Who rides", items=tuple(Item(text=one, detail=other) for one, other in told)
    )


@pytest.mark.parametrize(
    ("figure", "detail", "drawn"),
    [
        ("47%", "of riders are women", True),
        ("~47.5 %", "Of all trips", True),
        ("47%", "more than last year", False),  # growth is no part of a whole
        ("140%", "of the budget", False),
        ("47", "of the riders", False),
    ],
)
def test_a_share_is_drawn_as_one(figure: str, detail: str, drawn: bool) -> None:
    node, _, painter = laid_out(statistic((figure, detail)), WIDE)
    boxes = {part.css: rect for part, rect in placed(node, painter)}
    assert ("bar" in boxes) == drawn
    if drawn:
        (left, _, right, _), (start, _, end, _) = boxes["bar"], boxes["row lane"]
        assert (right - left) / (end - start) == pytest.approx(0.47, abs=0.02)


@pytest.mark.parametrize("size", [SQUARE, TALL])
def test_a_long_figure_leaves_its_meaning_readable(size: tuple[int, int]) -> None:
    _, fit, _ = laid_out(statistic(("$1.2 million", "were spent")), size)
    assert fit.scale > 1.2


@pytest.mark.parametrize(("size", "share"), [(SQUARE, 0.5), (TALL, 0.34)])
def test_cards_one_above_another_fill_their_page(size: tuple[int, int], share: float) -> None:
    node, _, painter = laid_out(statistic(("3,120", "members"), ("47%", "of riders")), size)
    cards = [rect for part, rect in placed(node, painter) if part.css == "card"]
    assert cards[-1][3] - cards[0][1] > share * size[1]


@pytest.mark.parametrize("size", [WIDE, SQUARE, TALL])
def test_a_recap_shows_every_chapter_with_what_it_told(size: tuple[int, int]) -> None:
    items = tuple(Item(text=f"Chapter {n}", detail=f"Something that chapter {n} has told") for n in range(3))
    slide = Slide(kind="closing", heading="City Bike Programme: Annual Report 2025", items=items)
    node, fit, _ = laid_out(slide, size)
    assert not fit.shortens
    assert fit.scale > 0.75
    assert {item.detail for item in items} <= {part.text for part in walk(node)}
