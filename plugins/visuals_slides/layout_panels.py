"""Layouts made of panels: cards, steps and comparison."""

from __future__ import annotations

import math
from dataclasses import replace

from aurad.api import Item
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, text
from aurad_plugins.visuals_slides.page import Fit, Look, Page, entrances, filled

SHORT = 26  # characters of a step that may stand in a narrow column
CARD_BLEED = 0.6  # units that letters may reach beyond their boxes while panels stay where they are
DISC = "3.1em"
CARD_MOST = 27.0  # units: a taller card would only hold more nothing


def _columns(look: Look, count: int) -> int:
    """How many panels stand in one row, so that rows are as even as they can be."""
    if look.wide:
        return {4: 2, 5: 3, 6: 3, 9: 3}.get(count, min(4, count))
    if look.tall:
        return 2 if count > 4 else 1
    return 1 if count <= 3 else 2


def grid(cells: list[Node], columns: int, gap: float, *, height: str) -> Node:
    """Rows of equally wide cells, `height` tall at least; a short last row keeps the width of the others."""
    rows = []
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        empty = [box("", flex_grow=1, flex_shrink=1, flex_basis=0) for _ in range(columns - len(row))]
        if columns == 1:
            rows.append(row[0])
            continue
        wide = [replace(cell, style={**cell.style, "flex_basis": 0}) for cell in row]
        line = box("row", *wide, *empty, gap=f"{gap}em", align_items="stretch", flex_grow=1, flex_basis="auto")
        rows.append(line)
    return box("col", *rows, gap=f"{gap}em", min_height=height)


def cards(look: Look) -> Page:
    """Two to six things of equal rank, each with an icon if all have one."""
    return card_page(look)


def card_page(look: Look) -> Page:
    """Panels that fill the page from the start; what they hold comes in with its words."""
    items = look.slide.items
    come = entrances(items, bleed=CARD_BLEED)
    names = [item.icon or icons.pick(item.text, item.detail) or "" for item in items]
    marked = all(names) and len(set(names)) == len(names)

    def body(fit: Fit) -> Node:
        kept = list(zip(items[: fit.keep or None], names, come, strict=False))
        columns = _columns(look, len(kept) or 1)
        flat = not look.wide and columns == 1
        made = [_card(look, item, name if marked else "", reveal, flat=flat) for item, name, reveal in kept]
        lines = -(-len(kept) // columns)
        height = filled(fit, 0.7 if look.slide.body else look.pick(0.98, 0.98, 0.9), CARD_MOST * lines)
        panels = grid(made, columns, 1.2 if look.wide else 1.0, height=height)
        return box("col", text("lead", look.slide.body, 1.5), panels, gap="1.4em")

    return Page(
        header=look.header(),
        body=body,
        largest=2.4 if len(items) <= 2 else 1.8,
        smallest=0.5,
        count=len(items),
        gap=2.0,
    )


def _card(look: Look, item: Item, name: str, reveal: Reveal, *, flat: bool) -> Node:
    """A card with its sign on top, or (flat) at the side. The sign's place shows before the sign comes."""
    words = box(
        "col", text("strong", item.text, 1.75 if item.detail else 2.1), text("lead", item.detail, 1.3), gap="0.45em",
        flex_grow=1 if flat else 0, flex_shrink=1, flex_basis=0 if flat else "auto",
        reveal=replace(reveal, delay=round(reveal.delay + 0.1, 3)),
    )  # fmt: skip
    sign = _sign(look, name, replace(reveal, effect="grow")) if name else _bar(reveal, flat=flat)
    if flat:
        return box(
            "card row", sign, words, gap="1.3em", align_items="center", padding="1.1em 1.4em", flex_direction="row",
            flex_grow=1, flex_shrink=1, flex_basis="auto",
        )  # fmt: skip
    # An image would be stretched across a column, so the sign sits in a row of its own.
    return box(
        "card", box("row", sign), words, gap="1.1em", padding="1.4em", justify_content="space-between",
        flex_grow=1, flex_shrink=1, flex_basis="auto",
    )  # fmt: skip


def _sign(look: Look, name: str, reveal: Reveal) -> Node:
    side = "3.2em"
    return box("tile", box("row", look.icon(name, 1.9), reveal=reveal), width=side, height=side, flex_shrink=0)


def _bar(reveal: Reveal, *, flat: bool) -> Node:
    """What marks a card where not all have an icon: numbers would put things of equal rank in an order."""
    if flat:
        lit = box("rule", width="0.34em", flex_grow=1, reveal=reveal)
        return box("col track", lit, width="0.34em", flex_shrink=0, align_self="stretch")
    lit = box("rule", width="2.6em", height="0.34em", reveal=reveal)
    return box("row track", lit, width="2.6em", height="0.34em", flex_shrink=0)


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
            return box("row", *made, align_items="stretch", gap="1.2em", min_height=filled(fit, 0.9, 22.0))
        height = filled(fit, look.pick(0.98, 0.98, 0.9), half * (9.0 if look.wide else 13.0))
        columns = (made[:half], made[half:])
        sides = [box("col", *side, flex_grow=1, flex_shrink=1, flex_basis=0) for side in columns if side]
        return box("row", *sides, gap="3em", align_items="stretch", min_height=height)

    return Page(header=look.header(), body=body, largest=1.8, smallest=0.5, count=len(items), gap=2.2)


def _disc(place: int, reveal: Reveal) -> Node:
    """A tinted place that its number lights up."""
    number = text("number", str(place + 1), 1.5)
    lit = box("disc", number, width=DISC, height=DISC, flex_shrink=0, reveal=replace(reveal, effect="grow"))
    return box("round", lit, width=DISC, height=DISC, flex_shrink=0)


def _step_across(item: Item, place: int, reveal: Reveal, *, last: bool) -> Node:
    thread = box("line", height="0.16em", flex_grow=1)
    rail = box("row", _disc(place, reveal), None if last else thread, gap="1.2em", align_items="center")
    words = box("col", text("strong", item.text, 1.75), text("lead", item.detail, 1.36), gap="0.5em", reveal=reveal)
    panel = box("card", words, padding="1.4em", flex_grow=1)
    return box("col", rail, panel, gap="1.4em", flex_grow=1, flex_shrink=1, flex_basis=0)


def _step_down(item: Item, place: int, reveal: Reveal, *, last: bool) -> Node:
    thread = box("line", width="0.16em", flex_grow=1, min_height="0.7em")
    rail = box("col", _disc(place, reveal), None if last else thread, gap="0.5em", align_items="center",
               padding_bottom="0px" if last else "0.5em")  # fmt: skip
    words = box("col", text("strong", item.text, 1.75), text("lead", item.detail, 1.36), gap="0.35em", reveal=reveal)
    panel = box(
        "card", words, padding="0.7em 1.2em", justify_content="center",
        flex_grow=1, flex_shrink=1, flex_basis=0, margin_bottom="0px" if last else "0.7em",
    )  # fmt: skip
    return box("row", rail, panel, gap="1.2em", align_items="stretch", flex_grow=1)


def comparison(look: Look) -> Page:
    """Two (or three) sides next to each other, or above one another; items with the same text are a side's points."""
    sides: dict[str, list[tuple[Item, Reveal]]] = {}
    for item, reveal in zip(look.slide.items, entrances(look.slide.items, bleed=CARD_BLEED), strict=True):
        sides.setdefault(item.text, []).append((item, reveal))
    names = [told[0][0].icon or icons.pick(name) or "" for name, told in sides.items()]
    marked = all(names) and len(set(names)) == len(names)  # one side with an icon and one without look like a mistake
    across = look.wide or (look.frame.shape == "square" and len(sides) <= 2)

    def body(fit: Fit) -> Node:
        kept = list(zip(sides.values(), names, strict=True))[: fit.keep or None]
        made = [_side(look, told, name if marked else "", place) for place, (told, name) in enumerate(kept)]
        columns = min(3, max(1, len(made))) if across else 1
        share = 0.7 if look.slide.body else look.pick(0.98, 0.96, 0.9)
        rows = grid(made, columns, 1.4, height=filled(fit, share, CARD_MOST * -(-len(made) // columns)))
        return box("col", text("lead", look.slide.body, 1.5), rows, gap="1.4em")

    return Page(header=look.header(), body=body, largest=2.2, smallest=0.5, count=len(sides), gap=2.0)


def _side(look: Look, told: list[tuple[Item, Reveal]], name: str, place: int) -> Node:
    """A panel whose name comes in with its first point, the others when they are said."""
    colour = look.theme.accent if place % 2 == 0 else look.theme.second
    (first, come), *others = [(_points(item), reveal) for item, reveal in told]
    heading = box(
        "row",
        look.icon(name, 2.2, colour) if name else None,
        text("strong", told[0][0].text, 2.0, flex_grow=1, flex_shrink=1, flex_basis=0),
        gap="0.9em", align_items="center",
    )  # fmt: skip
    is_alone = not others and len(first) == 1
    begun = [text("lead", first[0], 1.5)] if is_alone else [_point(point, colour) for point in first]
    rest = [box("col", *(_point(point, colour) for point in points), gap="0.55em", reveal=reveal)
            for points, reveal in others]  # fmt: skip
    stripe = box("", height="0.36em", width="4em", background_color=colour, border_radius="1em")
    words = box("col", heading, box("col", *begun, gap="0.55em"), gap="1.1em", reveal=come)
    return box(
        "card", stripe, box("col", words, *rest, gap="0.55em"), gap="1.3em",
        padding="1.7em" if look.wide else "1.35em 1.5em", flex_grow=1, flex_shrink=1, flex_basis="auto",
    )  # fmt: skip


def _points(item: Item) -> list[str]:
    return [point.strip() for point in item.detail.replace(";", "\n").splitlines() if point.strip()]


def _point(words: str, colour: str) -> Node:
    dot = box("", width="0.5em", height="0.5em", background_color=colour, border_radius="1em", margin_top="0.78em",
              flex_shrink=0)  # fmt: skip
    return box("row", dot, text("lead", words, 1.5, flex_grow=1, flex_shrink=1, flex_basis=0), gap="0.9em")
