"""A slide's content made ready to be drawn: characters with a glyph, sane lengths, known icons."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import msgspec

from aurad.api import Item, Slide
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.fonts import JOINT, presentable, without
from aurad_plugins.visuals_slides.scripts import ScriptFont, reads_from_right

# Characters of one text. More could not be read on any slide, and measuring it would take seconds.
KICKER, HEADING, BODY, NOTE, UNIT = 80, 240, 900, 240, 12
TEXT, DETAIL, CELL, CODE_LINE, CODE_LINES = 300, 400, 160, 240, 60
MOST_ROWS, MOST_CELLS = 40, 12
MOST_ITEMS, MOST_POINTS = 16, 60


UNIT_AFTER = re.compile(
    r"(?<=\d) (?=(?:%|°[CF]?|[kMGTmµnc]?(?:g|s|W|Wh|Wp|B|iB|Hz|V|Pa|J|bit)"
    r"|[kmcµn]?m[²³]?|mL|L|l|t|h|hrs|min|px|ft|ct)\b)"
)


FLAG = re.compile(r"(?<!\S)-{1,2}[A-Za-z][\w-]*")


class Prepared(NamedTuple):
    """`scripts` need fonts of other packages; `missing` are letters without a font. `cut`: something was left out."""

    slide: Slide
    scripts: frozenset[ScriptFont]
    missing: str
    cut: bool
    from_right: bool


class _Cleaner:
    """Cleans texts and remembers what was wrong with them."""

    def __init__(self, branded: bool) -> None:
        self._branded = branded
        self.cut = False
        self.missing = ""
        self.scripts: set[ScriptFont] = set()
        self.seen: list[str] = []

    def text(self, words: str, most: int) -> str:
        """One paragraph of at most `most` characters."""
        shown = self._shown(" ".join(words[: most * 4].split()))
        return united(self._short(" ".join(shown.split()), most, len(words) > most * 4))

    def lines(self, words: str, most: int, count: int) -> str:
        """At most `count` lines of at most `most` characters, indented as they are."""
        rows = words.replace("\r", "").split("\n")
        self.cut |= len(rows) > count
        return "\n".join(self._line(row, most) for row in rows[:count])

    def _line(self, row: str, most: int) -> str:
        shown = self._shown(row[: most * 4].rstrip(), code=True)
        return self._short(shown, most, len(row) > most * 4)

    def _shown(self, words: str, *, code: bool = False) -> str:
        shown, scripts, missing = presentable(words)
        if missing and not self._branded and not code:  # in code every column counts
            shown = without(shown, missing)
        self.scripts |= scripts
        self.missing += missing
        self.seen.append(shown)
        return shown

    def _short(self, words: str, most: int, more: bool) -> str:
        if len(words) <= most and not more:
            return words
        self.cut = True
        return words[: most - 1].rstrip() + "…"

    def some(self, things: tuple[Item, ...] | tuple[tuple[str, ...], ...] | tuple[str, ...], most: int) -> int:
        """How many of them to keep."""
        self.cut |= len(things) > most
        return most


def united(words: str) -> str:
    """Numbers in one piece with their units, and flags with their dashes, so that no line breaks between them."""
    return FLAG.sub(lambda flag: flag[0].replace("-", "\u2011"), UNIT_AFTER.sub(JOINT, words))


def prepared(slide: Slide, words: int, *, branded: bool = False) -> Prepared:
    """The slide with every text cleaned and shortened to what can be drawn at all.

    `words` is how many are said: an item that waits for a later one comes in with the last. With a brand's font
    (`branded`) all letters stay: it may have those that no font here has.
    """
    clean = _Cleaner(branded)
    items = clean.some(slide.items, MOST_POINTS if slide.kind == "line-chart" else MOST_ITEMS)
    code = slide.kind == "code"
    made = msgspec.structs.replace(
        slide,
        kicker=clean.text(slide.kicker, KICKER),
        heading=clean.text(slide.heading, HEADING),
        body=clean.lines(slide.body, CODE_LINE, CODE_LINES) if code else clean.text(slide.body, BODY),
        note=clean.text(slide.note, NOTE),
        unit=clean.text(slide.unit, UNIT),
        icon=icons.resolve(slide.icon) or "" if slide.icon else "",
        items=tuple(_item(item, clean, words) for item in slide.items[:items]),
        rows=tuple(_row(row, clean) for row in slide.rows[: clean.some(slide.rows, MOST_ROWS)]),
    )
    return Prepared(made, frozenset(clean.scripts), clean.missing, clean.cut, reads_from_right(clean.seen))


def _row(row: tuple[str, ...], clean: _Cleaner) -> tuple[str, ...]:
    return tuple(clean.text(cell, CELL) for cell in row[: clean.some(row, MOST_CELLS)])


def _item(item: Item, clean: _Cleaner, words: int) -> Item:
    icon = icons.resolve(item.icon, item.text) or "" if item.icon else ""
    at = item.at if item.at is None or words == 0 else min(item.at, words - 1)
    value = item.value if item.value is not None and math.isfinite(item.value) else None
    told, detail = clean.text(item.text, TEXT), united(clean.lines(item.detail, DETAIL, 8))
    return msgspec.structs.replace(item, text=told, detail=detail, icon=icon, at=at, value=value)
