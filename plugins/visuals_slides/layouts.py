"""Which layout draws which kind of slide, and what stands in for slides without content."""

from __future__ import annotations

from collections.abc import Callable

from aurad.api import Slide
from aurad_plugins.visuals_slides import (
    layout_charts,
    layout_figures,
    layout_lists,
    layout_panels,
    layout_series,
    layout_text,
    layout_words,
)
from aurad_plugins.visuals_slides.page import Look, Page
from aurad_plugins.visuals_slides.series import table_of

Layout = Callable[[Look], Page]
LAYOUTS: dict[str, Layout] = {
    "title": layout_words.title,
    "section": layout_words.section,
    "closing": layout_words.closing,
    "bullets": layout_lists.bullets,
    "quote": layout_words.quote,
    "statistic": layout_figures.statistic,
    "cards": layout_panels.cards,
    "steps": layout_panels.steps,
    "comparison": layout_panels.comparison,
    "bar-chart": layout_charts.bar_chart,
    "line-chart": layout_charts.line_chart,
    "table": layout_text.table,
    "code": layout_text.code,
}
SEVERAL: dict[str, Layout] = {  # where the rows hold numbers of several series
    "bar-chart": layout_series.grouped_bars,
    "line-chart": layout_series.lines,
}
_ITEMS = {"bullets", "cards", "steps", "comparison", "bar-chart", "line-chart"}


def layout_for(slide: Slide) -> Layout:
    """The layout of the slide's kind; a kind that lacks what it lives on is drawn as a section."""
    if slide.kind in SEVERAL and table_of(slide):
        return SEVERAL[slide.kind]
    lacking = (
        (slide.kind in _ITEMS and not slide.items)
        or (slide.kind == "statistic" and not slide.items)
        or (slide.kind == "table" and not any(any(row) for row in slide.rows))
        or (slide.kind == "code" and not slide.body.strip())
    )
    return layout_words.section if lacking or slide.kind == "image" else LAYOUTS[slide.kind]
