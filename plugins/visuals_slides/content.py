"""A slide's content made ready to be drawn: shown characters only, sane lengths, known icons."""

from __future__ import annotations

import math

import msgspec

from aurad.api import Item, Slide
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.fonts import presentable

LONGEST = 1200  # characters of one text; more cannot be read on any slide, and measuring it takes long
LONGEST_LINE = 400  # characters of a code line or table cell
MOST_ITEMS, MOST_ROWS, MOST_CELLS = 16, 40, 12


class _Cleaner:
    """Cleans texts and remembers whether one needs a script that no shipped font has."""

    def __init__(self) -> None:
        self.missing = False

    def text(self, words: str) -> str:
        return _cut(" ".join(self.lines(words).split()), LONGEST)

    def lines(self, words: str) -> str:
        shown, missing = presentable(words[: LONGEST * 8])
        self.missing |= missing
        return "\n".join(_cut(line.rstrip(), LONGEST_LINE) for line in shown.replace("\r", "").split("\n"))


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def prepared(slide: Slide, words: int) -> tuple[Slide, bool]:
    """The slide with every text cleaned, and whether letters of some script cannot be drawn.

    `words` is how many are said: an item that waits for a later one comes in with the last.
    """
    clean = _Cleaner()
    keeps_lines = slide.kind == "code"
    made = msgspec.structs.replace(
        slide,
        kicker=clean.text(slide.kicker),
        heading=clean.text(slide.heading),
        body=clean.lines(slide.body) if keeps_lines else clean.text(slide.body),
        note=clean.text(slide.note),
        unit=clean.text(slide.unit)[:12],
        icon=icons.resolve(slide.icon) or "" if slide.icon else "",
        items=tuple(_item(item, clean, words) for item in slide.items[:MOST_ITEMS]),
        rows=tuple(tuple(clean.text(cell) for cell in row[:MOST_CELLS]) for row in slide.rows[:MOST_ROWS]),
    )
    return made, clean.missing


def _item(item: Item, clean: _Cleaner, words: int) -> Item:
    icon = icons.resolve(item.icon, item.text) or "" if item.icon else ""
    at = item.at if item.at is None or words == 0 else min(item.at, words - 1)
    value = item.value if item.value is not None and math.isfinite(item.value) else None
    told, detail = clean.text(item.text), clean.lines(item.detail)
    return msgspec.structs.replace(item, text=told, detail=detail, icon=icon, at=at, value=value)
