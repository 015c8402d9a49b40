"""Lists of statements: a row of its own for each, a card where there are few, one large thought if there is one."""

from __future__ import annotations

from aurad.api import Item
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.layout_panels import CARD_BLEED, card_page, grid
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, text
from aurad_plugins.visuals_slides.page import Fit, Look, Page, entrances, filled

FEW, BRIEF = 3, 48  # so many statements of so many characters make better cards than rows
PAIRED, SHORT = 6, 34  # from so many statements of so many characters on, wide canvases take two columns
ROW = 7.5  # units that a row takes at most on wide canvases
TALL_ROW = 13.0  # and on others
LABEL, BESIDE = 1.0, 2.1  # shares of the width of a row that its label and what is said of it take


def bullets(look: Look) -> Page:
    """Short statements, each in a panel that waits for it."""
    items = look.slide.items
    if len(items) == 1:
        return _single(look, items[0])
    longest = max(len(item.text) + len(item.detail) for item in items)
    if look.wide and len(items) <= FEW and longest <= BRIEF and not look.slide.body:
        return card_page(look)
    return _rows(look, columns=2 if look.wide and len(items) >= PAIRED and longest <= SHORT else 1)


def _single(look: Look, item: Item) -> Page:
    """One statement needs no list: it stands large behind a rule."""
    (come,) = entrances((item,))

    def body(fit: Fit) -> Node:
        words = box(
            "col", text("strong", item.text, 2.2), text("lead", item.detail, 1.5), gap="0.6em",
            flex_grow=1, flex_shrink=1, flex_basis=0, padding="0.6em 0px", reveal=come,
        )  # fmt: skip
        rule = box("rule", width="0.3em", flex_shrink=0)
        return box("col", text("lead", look.slide.body, 1.5), box("row", rule, words, gap="1.4em"), gap="1em")

    return Page(header=look.header(), body=body, largest=2.2, smallest=0.5, mood="hero")


def _rows(look: Look, columns: int) -> Page:
    items = look.slide.items
    come = entrances(items, bleed=CARD_BLEED)
    names = [item.icon or icons.pick(item.text, item.detail) or "" for item in items]
    named = all(names) and len(set(names)) == len(names)
    size = look.pick(1.8, 1.75, 1.75)
    aside = look.wide and len(items) > FEW and all(item.detail for item in items)  # one over the other would be small

    def body(fit: Fit) -> Node:
        kept = list(zip(items[: fit.keep or None], names, come, strict=False))
        rows = [_row(look, item, name if named else "", size, reveal, aside=aside) for item, name, reveal in kept]
        lines = -(-len(rows) // columns)
        most = (ROW if look.wide else TALL_ROW) * lines
        height = filled(fit, 0.72 if look.slide.body else look.pick(0.98, 0.98, 0.9), most)
        list_of = grid(rows, columns, look.pick(0.7, 0.6, 0.8), height=height)
        return box("col", text("lead", look.slide.body, 1.5), list_of, gap="1.2em")

    return Page(header=look.header(), body=body, largest=1.75, smallest=0.5, count=len(items), gap=1.9)


def _row(look: Look, item: Item, name: str, size: float, reveal: Reveal, *, aside: bool) -> Node:
    """The panel and its mark's place are there from the start; the mark and the words come in."""
    if name:
        mark = box(
            "tile", box("row", look.icon(name, 1.6), reveal=reveal), width="2.8em", height="2.8em", flex_shrink=0
        )
    else:
        lit = box("rule", width="0.34em", flex_grow=1, reveal=reveal)
        mark = box("col track", lit, width="0.34em", flex_shrink=0, align_self="stretch")
    words = _beside(item, size, reveal) if aside else _stacked(item, size, reveal)
    return box(
        "card row", mark, words, gap="1.1em", padding="0.6em 1.2em", align_items="center",
        flex_direction="row", flex_grow=1, flex_shrink=1, flex_basis="auto",
    )  # fmt: skip


def _stacked(item: Item, size: float, reveal: Reveal) -> Node:
    return box(
        "col", text("text", item.text, size), text("lead", item.detail, 1.3), gap="0.25em",
        flex_grow=1, flex_shrink=1, flex_basis=0, reveal=reveal,
    )  # fmt: skip


def _beside(item: Item, size: float, reveal: Reveal) -> Node:
    """The label at the left and what is said of it at the right."""
    label = box("col", text("text", item.text, size), flex_grow=LABEL, flex_shrink=1, flex_basis=0)
    told = box("col", text("lead", item.detail, 1.5), flex_grow=BESIDE, flex_shrink=1, flex_basis=0)
    return box(
        "row", label, told, gap="1.2em", align_items="center", flex_grow=1, flex_shrink=1, flex_basis=0, reveal=reveal
    )
