"""Charts of several series: what the rows hold, a legend that names every line, nothing cut and nothing overlapping."""

from __future__ import annotations

import itertools
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.content import prepared
from aurad_plugins.visuals_slides.fit import fitted, placed
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.layout_series import spread
from aurad_plugins.visuals_slides.layouts import SEVERAL, layout_for
from aurad_plugins.visuals_slides.nodes import Node, walk
from aurad_plugins.visuals_slides.page import Fit, Look
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.series import table_of
from aurad_plugins.visuals_slides.themes import THEMES

SIZES = {"16:9": (640, 360), "9:16": (360, 640), "1:1": (480, 480), "4:5": (432, 540)}
HEAD = ("Year", "Solar", "Wind", "Hydro")
TOLERANCE = 1.6  # px: boxes are rounded outwards to whole pixels
Kind = Literal["bar-chart", "line-chart"]


def chart(kind: str, count: int = 4, names: tuple[str, ...] = HEAD, row: str = "") -> Slide:
    rows = [(f"{row}{2019 + n}", f"{10 + n * n}", "30.5", f"{20 - n}") for n in range(count)]
    items = tuple(Item(text=name, at=3 * place) for place, name in enumerate(names[1:]))
    return Slide(
        kind=kind,  # type: ignore[arg-type]
        heading="Growth", note="A source", unit="TWh", items=items, rows=(names, *rows),
    )  # fmt: skip


def laid_out(slide: Slide, aspect: str, theme: str = "midnight") -> tuple[Node, Fit, Painter]:
    width, height = SIZES[aspect]
    painter = Painter(frame_of(Canvas(width=width, height=height)), THEMES[theme])
    slide = prepared(slide, 40).slide
    node, fit = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    return node, fit, painter


def assert_sound(node: Node, painter: Painter) -> None:
    frame = painter.frame
    boxes = [(part.text, rect) for part, rect in placed(node, painter) if part.kind == "text"]
    for words, (left, top, right, bottom) in boxes:
        assert left >= frame.left - TOLERANCE, words
        assert right <= frame.width - frame.left + TOLERANCE, words
        assert top >= frame.top - TOLERANCE, words
        assert bottom <= frame.height - frame.bottom + TOLERANCE, words
    for (words, one), (others, other) in itertools.combinations(boxes, 2):
        across, down = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
        assert across <= TOLERANCE or down <= TOLERANCE, (words, others)


@pytest.mark.parametrize(("kind", "aspect"), list(itertools.product(SEVERAL, SIZES)))
def test_a_chart_of_three_series_is_whole_and_large(kind: str, aspect: str) -> None:
    node, fit, painter = laid_out(chart(kind), aspect)
    assert_sound(node, painter)
    assert not fit.shortens
    assert fit.scale > 0.6
    shown = [part.text for part in walk(node) if part.kind == "text"]
    assert {"Solar", "Wind", "Hydro", "2022", "17 TWh"} <= set(shown)


@pytest.mark.parametrize(("kind", "aspect"), list(itertools.product(SEVERAL, SIZES)))
@pytest.mark.parametrize(
    ("count", "name"), [(15, "A"), (2, "Donaudampfschiff" * 6), (12, "As a share of all the power that is made")]
)
def test_nothing_is_cut_or_overlaps(kind: str, aspect: str, count: int, name: str) -> None:
    names = ("", f"{name} 1", f"{name} 2", f"{name} 3")
    node, _, painter = laid_out(chart(kind, count, names, row=name), aspect, "paper")
    assert_sound(node, painter)


@pytest.mark.parametrize("kind", SEVERAL)
def test_each_series_comes_in_with_its_words(kind: str) -> None:
    node, _, _ = laid_out(chart(kind), "16:9")
    assert {part.reveal.at for part in walk(node) if part.reveal} == {0, 3, 6}


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (("Year", "Sun"), ("2023", "1")),
        (("Year", "Sun", "Wind"), ("2023", "1", "much")),
        (("Year", "Sun", "Wind"), ("2023", "1", "inf")),
        (("Year", "Sun", "Wind"), ("2023", "1")),
        (("Year", "Sun", "Wind"),),
        (("Year", *"abcd"), ("2023", *"1234")),
    ],
)
def test_rows_that_are_no_series_are_not_drawn_as_such(rows: tuple[tuple[str, ...], ...]) -> None:
    slide = Slide(kind="bar-chart", items=(Item(text="A", value=1.0),), rows=rows)
    assert table_of(slide) is None
    assert layout_for(slide) not in SEVERAL.values()


def test_numbers_are_read_as_they_are_written() -> None:
    table = table_of(Slide(kind="line-chart", rows=(("", "A", "B"), ("x", "1,250.5", "−3"))))
    assert table
    assert table.values == [1250.5, -3.0]
    assert [one.item.text for one in table.series] == ["A", "B"]


@given(st.lists(st.floats(0, 20), min_size=1, max_size=3))
def test_values_at_the_end_of_lines_keep_apart(heights: list[float]) -> None:
    moved = spread(heights, 1.75, 0.8, 20.0)
    assert all(b - a >= 1.75 - 1e-9 for a, b in itertools.pairwise(sorted(moved)))
    assert sorted(range(len(heights)), key=lambda n: (moved[n], n)) == sorted(
        range(len(heights)), key=lambda n: (heights[n], n)
    )
    assert max(moved) <= 20.0
