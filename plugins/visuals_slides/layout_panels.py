"""Layouts made of panels: cards, steps and comparison."""

from __future__ import annotations

import math

from aurad.api import Item
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, text
from aurad_plugins.visuals_slides.page import Fit, Look, Page, entrances

SHORT = 26  # characters of a step that may stand in a narrow column
CARD_BLEED = 1.4  # units of shadow round a card


def _columns(look: Look, count: int) -> int:
    """How many panels stand in one row, so that rows are as even as they can be."""
    most = look.pick(4, 2, 1)
    if look.wide and count in {5, 6, 9}:
        return 3
    if look.frame.shape == "square" and count <= 3:
        return 1
    if look.tall and count > 4:
        return 2
    return int(min(most, count))


def _grid(cells: list[Node], columns: int, gap: float) -> Node:
    """Rows of equally wide cells; a short last row keeps the width of the others."""
    rows = []
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        empty = [box("", flex_grow=1, flex_basis=0) for _ in range(columns - len(row))]
        rows.append(box("row", *row, *empty, gap=f"{gap}em", align_items="stretch"))
    return box("col", *rows, gap=f"{gap}em")


def cards(look: Look) -> Page:
    """Two to six things of equal rank, each with an icon if all have one."""
    items = look.slide.items
    come = entrances(items, bleed=CARD_BLEED)
    names = [item.icon or icons.pick(item.text, item.detail) for item in items]
    marked = all(names) and len(set(names)) == len(names)

    def body(fit: Fit) -> Node:
        kept = items[: fit.keep or None]
        columns = _columns(look, len(kept) or 1)
        across = look.wide or columns > 1
        # One row of cards stands as tall as it can; more rows are as tall as their words.
        height = min(fit.height * 0.92, 14.0 if marked else 10.0) if look.wide and len(kept) <= columns else 0.0
        made = [
            _card(look, item, name if marked else None, reveal, height if across else None)
            for item, name, reveal in zip(kept, names, come, strict=False)
        ]
        return box(
            "col", text("lead", look.slide.body, 1.5), _grid(made, columns, 1.5 if look.wide else 1.1), gap="1.6em"
        )

    return Page(header=look.header(), body=body, largest=1.45, smallest=0.5, count=len(items), gap=2.4)


def _card(look: Look, item: Item, name: str | None, reveal: Reveal, height: float | None) -> Node:
    """A card at least `height` em tall with its sign on top, or (None) a flat one with its sign at the side."""
    flat = height is None
    words = [text("strong", item.text, 1.75), text("lead", item.detail, 1.45 if flat else 1.36)]
    sign = look.icon(name, 3.0 if flat else 3.8) if name else box("rule", width="2.6em", height="0.3em")
    if flat and name:
        beside = box("col", *words, gap="0.4em", flex_grow=1, flex_shrink=1, flex_basis=0)
        inner = box("row", sign, beside, gap="1.5em", align_items="center")
    else:
        below = box("col", *words, gap="0.55em")
        # An image would be stretched across a column, so the sign sits in a row of its own.
        inner = box("col", box("row", sign), below, gap="1.35em")
    least = f"{height:.3f}em" if height else "0px"
    padding = "1.7em" if look.wide else "1.25em 1.4em"
    return box(
        "card", inner, reveal=reveal, flex_grow=1, flex_shrink=1, flex_basis=0, min_height=least, padding=padding
    )  # fmt: skip


def steps(look: Look) -> Page:
    """Things in order: numbered, side by side on wide canvases while there is room, else one under another."""
    items = look.slide.items
    come = entrances(items)
    brief = all(len(item.text) <= SHORT for item in items)
    across = look.wide and 1 < len(items) <= 4 and brief

    def body(fit: Fit) -> Node:
        kept = items[: fit.keep or None]
        half = math.ceil(len(kept) / 2) if look.wide and len(kept) > 4 else len(kept)
        ends = {half - 1, len(kept) - 1}
        draw = _step_across if across else _step_down
        made = [
            draw(item, place, reveal, last=place in ends)
            for place, (item, reveal) in enumerate(zip(kept, come, strict=False))
        ]
        if across:
            return box("row", *made, align_items="stretch")
        sides = [box("col", *side, flex_grow=1, flex_basis=0) for side in (made[:half], made[half:]) if side]
        return box("row", *sides, gap="3em")

    return Page(header=look.header(), body=body, largest=1.45, smallest=0.5, count=len(items), gap=2.6)


def _disc(place: int) -> Node:
    return box("disc", text("number", str(place + 1), 1.5), width="3.1em", height="3.1em", flex_shrink=0)


def _step_across(item: Item, place: int, reveal: Reveal, *, last: bool) -> Node:
    thread = box("line", height="0.14em", flex_grow=1)
    rail = box("row", _disc(place), None if last else thread, gap="0.9em", align_items="center", padding_right="0.9em")
    words = box(
        "col", text("strong", item.text, 1.75), text("lead", item.detail, 1.36), gap="0.5em", padding_right="2.2em"
    )
    return box("col", rail, words, gap="1.5em", reveal=reveal, flex_grow=1, flex_basis=0)


def _step_down(item: Item, place: int, reveal: Reveal, *, last: bool) -> Node:
    thread = box("line", width="0.14em", flex_grow=1, min_height="1.1em")
    rail = box("col", _disc(place), None if last else thread, gap="0.5em", align_items="center", padding_bottom="0.5em")
    words = box(
        "col", text("strong" if len(item.text) <= SHORT else "text", item.text, 1.7), text("lead", item.detail, 1.36),
        gap="0.35em", flex_grow=1, flex_shrink=1, flex_basis=0, padding_top="0.5em", padding_bottom="1.2em",
    )  # fmt: skip
    return box("row", rail, words, gap="1.5em", align_items="stretch", reveal=reveal)


def comparison(look: Look) -> Page:
    """Two (or three) sides next to each other, or above one another; details become the side's points."""
    items = look.slide.items
    come = entrances(items, bleed=CARD_BLEED)
    across = look.wide or (look.frame.shape == "square" and len(items) <= 2)

    def body(fit: Fit) -> Node:
        kept = items[: fit.keep or None]
        made = [_side(look, item, place, reveal) for place, (item, reveal) in enumerate(zip(kept, come, strict=False))]
        rows = _grid(made, min(3, max(1, len(made))) if across else 1, 1.8)
        return box("col", text("lead", look.slide.body, 1.5), rows, gap="1.6em")

    return Page(header=look.header(), body=body, largest=1.4, smallest=0.5, count=len(items), gap=2.4)


def _side(look: Look, item: Item, place: int, reveal: Reveal) -> Node:
    colour = look.theme.accent if place % 2 == 0 else look.theme.second
    points = [point.strip() for point in item.detail.replace(";", "\n").splitlines() if point.strip()]
    name = item.icon or icons.pick(item.text)
    heading = box(
        "row",
        look.icon(name, 2.2, colour) if name else None,
        text("strong", item.text, 2.0, flex_grow=1, flex_shrink=1, flex_basis=0),
        gap="0.9em", align_items="center",
    )  # fmt: skip
    if len(points) == 1:
        told = [text("lead", points[0], 1.5)]
    else:
        told = [
            box(
                "row",
                box(
                    "",
                    width="0.5em",
                    height="0.5em",
                    background_color=colour,
                    border_radius="1em",
                    margin_top="0.75em",
                    flex_shrink=0,
                ),
                text("lead", point, 1.45, flex_grow=1, flex_shrink=1, flex_basis=0),
                gap="0.9em",
            )
            for point in points
        ]
    stripe = box("", height="0.32em", width="3.2em", background_color=colour, border_radius="1em")
    return box(
        "card", stripe, heading, box("col", *told, gap="0.5em"),
        gap="1.1em", padding="1.7em" if look.wide else "1.35em 1.5em",
        reveal=reveal, flex_grow=1, flex_shrink=1, flex_basis=0,
    )  # fmt: skip
