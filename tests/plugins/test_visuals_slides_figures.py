"""A share is drawn, a long figure leaves its meaning readable, stacked cards fill their page; a recap is whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.fit import Fit, fitted, placed
from aurad_plugins.visuals_slides.fonts import JOINT
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.layout_charts import is_valley
from aurad_plugins.visuals_slides.layouts import layout_for
from aurad_plugins.visuals_slides.nodes import Node, box, walk
from aurad_plugins.visuals_slides.page import Look
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.plotting import plot_of
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


def test_a_word_that_fits_is_not_broken_to_balance_lines() -> None:
    """Its ink is as wide as the word, so it stands on one line."""
    slide = statistic(("6%", "less than in the year before"), ("€118k", "Costs nevertheless rose"), ("23", "ct/kWh"))
    painter = Painter(frame_of(Canvas(width=854, height=480)), THEMES["midnight"])
    node, fit = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    part, rect = next((p, rect) for p, rect in placed(node, painter) if "nevertheless" in p.text)
    only = replace(part, style={**part.style, "width": f"{rect[2] - rect[0]:.0f}px"})
    alone = box("row", only, align_items="flex-start", **{"font-size": f"{fit.scale * painter.frame.unit:.3f}px"})
    columns = np.flatnonzero(painter.paint(alone)[..., 3].max(axis=0) > 40)
    word = painter.word_width(part.css, "nevertheless") * part.size * fit.scale * painter.frame.unit
    assert columns[-1] - columns[0] > word - 4


def test_a_number_in_a_table_stays_with_its_unit_and_rows_are_named_at_the_left() -> None:
    rows = (("Version", "File", "Size"), ("4.0", "lumen-4.2.0-arm64.dmg", "104 MB"), ("4.1", "lumen.exe", "98 MB"))
    node, _, painter = laid_out(Slide(kind="table", heading="Download", rows=rows), SQUARE)
    cells = {part.text.replace(JOINT, " "): (part, rect) for part, rect in placed(node, painter) if part.text}
    heights = {words: rect[3] - rect[1] for words, (_, rect) in cells.items()}
    assert heights["104 MB"] == heights["98 MB"] == heights["4.0"]
    assert cells["4.0"][0].style.get("text_align") == "left"


def test_the_value_of_a_valley_is_written_below_it() -> None:
    values = (1720.0, 1655.0, 1490.0, 1880.0, 1610.0, 1705.0)
    items = tuple(Item(text=f"M{place}", value=value) for place, value in enumerate(values))
    node, _, painter = laid_out(Slide(kind="line-chart", heading="Load", unit="kW", items=items), WIDE)
    tops = {part.text: rect[1] for part, rect in placed(node, painter) if "value" in part.css.split()}
    names = [rect[1] for part, rect in placed(node, painter) if part.text == "M2"]
    ordered = [tops[label] for label in ("1,880 kW", "1,720 kW", "1,655 kW")]
    assert ordered == sorted(ordered)
    spots = plot_of(values, 40.0, 20.0).spots(values)
    assert [is_valley(spots, place) for place in range(6)] == [False, False, True, False, True, False]
    assert ordered[-1] < tops["1,490 kW"] < names[0]


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


def letter_width(lines: list[str]) -> float:
    """Pixels of a letter of code on a wide slide."""
    slide = Slide(kind="code", kicker="Tools", heading="A script", body="\n".join(lines))
    node, _, painter = laid_out(slide, (1920, 1080))
    part, rect = next((part, rect) for part, rect in placed(node, painter) if part.text.strip() == "import")
    return (rect[2] - rect[0]) / len(part.text)


def test_fifteen_lines_of_code_can_be_read() -> None:
    program = ["import sys", "", "", *("    print(sys.argv)" for _ in range(5)), "", *("run(1)" for _ in range(6))]
    assert len(program) == 15
    assert letter_width(program) > 18  # of 1920
    assert letter_width(program) == letter_width([line for n, line in enumerate(program) if n != 1])


def test_rows_of_a_table_light_up_with_their_words() -> None:
    rows = (("Place", "Cups"), ("Rome", "39"), ("Oslo", "61"), ("Bern", "27"))
    items = (Item(text="Rome", at=3), Item(text="Oslo"), Item(text="Bern", at=9))
    node, _, _ = laid_out(Slide(kind="table", heading="Cups", items=items, rows=rows), WIDE)
    assert [part.reveal.at for part in walk(node) if part.css == "lit" and part.reveal] == [3, 9]
    plain, _, _ = laid_out(Slide(kind="table", heading="Cups", rows=rows), WIDE)
    assert not [part for part in walk(plain) if part.css == "lit"]


def test_a_number_alone_has_a_sign_of_what_it_counts_beside_it() -> None:
    slide = statistic(("7,300", "people bought a pass"))
    painter = Painter(frame_of(Canvas(width=640, height=360)), THEMES["paper"])
    assert layout_for(slide)(Look(slide, painter.frame, painter.theme)).ornament is not None
