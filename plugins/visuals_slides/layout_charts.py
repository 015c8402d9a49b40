"""Layouts that turn numbers into pictures: bar chart and line chart."""

from __future__ import annotations

import math
from dataclasses import replace

from aurad.api import Item
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, image, text
from aurad_plugins.visuals_slides.numbers import number, places_of
from aurad_plugins.visuals_slides.page import FIRST, STAGGER, Fit, Look, Page, entrances, source, together
from aurad_plugins.visuals_slides.plotting import Plot, Spots, axis, drawing, path_of, plot_of, spot

THICK = 1.6  # em: least thickness and least length of a bar
THICKEST = 4.4  # em
APART, NAME = 0.8, 2.4  # em: between lanes, and for a name above its bar
LANE = 8.6  # units of height for one bar at most
LABEL = 18.5  # em of width for labels beside bars, at most
LABEL_SHARE = 0.34  # of the width
VALUE = 7.6  # em of width for the value behind a bar
LETTER = 0.66  # em: a digit of a value is about so wide
NAMED, UNDER, VALUE_TALL = 0.7, 0.8, 1.6  # em: a name below the floor, a value below its point, and its height
MOST_LABELS = 9
SOURCE = 3.0  # em that the line of a source takes below a chart


def bar_chart(look: Look) -> Page:
    """Horizontal bars: labels can be read at any length, and the eye compares their ends."""
    items = look.slide.items
    come = entrances(items)
    longest = max((abs(item.value or 0.0) for item in items), default=0.0) or 1.0

    label = min(LABEL, 1.0 + max((len(item.text) for item in items), default=0) * 1.5 * 0.58)

    def body(fit: Fit) -> Node:
        kept = list(zip(items[: fit.keep or None], come, strict=False))
        lane = (
            min(
                LANE * look.pick(1, 1, 1.7) / fit.scale,
                fit.height * (0.84 if look.slide.note.strip() else 0.96) / len(kept),
            )
            - APART
        )
        thick = max(THICK, min(THICKEST, lane - (0.0 if look.wide else NAME)))
        rows = [_bar(look, item, abs(item.value or 0.0) / longest, (label, thick), reveal) for item, reveal in kept]
        return box("col", *rows, source(look.slide.note), gap=f"{APART}em")

    largest = min(1.9, look.frame.columns * LABEL_SHARE / label) if look.wide else 1.9  # the bars are the message
    return Page(
        header=look.header(), body=body, largest=max(1.0, largest), smallest=0.45, count=len(items), gap=2.0
    )  # fmt: skip


def _bar(look: Look, item: Item, share: float, sides: tuple[float, float], reveal: Reveal) -> Node:
    """A label and its empty lane, there from the start; a bar of `share` of the lane and its value behind it.

    `sides` are the width of the label and the thickness of the bar.
    """
    width, thick = sides
    grows = replace(reveal, effect="wipe", seconds=0.9)
    then = replace(reveal, effect="fade", delay=round(reveal.delay + 0.5, 3))
    bar = box(
        "bar", flex_grow=share, flex_shrink=1, flex_basis=0, min_width=f"{THICK}em", reveal=grows,
    )  # fmt: skip
    told = "" if item.value is None else number(item.value, look.slide.unit, _places(look))
    value = text("value", told, 1.7, reveal=then) or box("", width="1em")
    track = box(
        "row lane",
        bar,
        box("row", value, align_items="center", width=f"{VALUE}em", flex_shrink=0, padding="0px 0.8em"),
        box("", flex_grow=round(1 - share, 6), flex_shrink=1, flex_basis=0),
        align_items="stretch", flex_grow=1, flex_shrink=1, flex_basis=0, height=f"{thick:.3f}em",
    )  # fmt: skip
    if look.wide:
        told_by = text("cell soft", together(item.text), 1.5)
        label = box("col", told_by, width=f"{width:.3f}em", flex_shrink=0)
        return box("row", label, track, gap="1.2em", align_items="center")
    return box("col", text("cell soft", item.text, 1.5), box("row", track), gap="0.35em")


def line_chart(look: Look) -> Page:
    """A line over labelled points, drawn from left to right."""
    items = [item for item in look.slide.items if item.value is not None]
    if not items:
        return bar_chart(look)

    def body(fit: Fit) -> Node:
        width = look.frame.columns / fit.scale
        tallest = fit.height - (SOURCE if look.slide.note.strip() else 0)
        height = max(9.0, min(width * look.pick(0.5, 0.8, 1.15), tallest))
        return box(
            "col",
            _drawn(look, items, plot_of([item.value or 0.0 for item in items], width, height)),
            source(look.slide.note),
        )

    return Page(header=look.header(), body=body, largest=look.pick(1.5, 1.45, 1.5), smallest=0.4, gap=1.8)


def _drawn(look: Look, items: list[Item], plot: Plot) -> Node:
    reveal = Reveal(effect="wipe", delay=FIRST, seconds=1.2)
    spots = plot.spots([item.value or 0.0 for item in items])
    line = image(
        _svg(look, plot, spots), plot.width, plot.height, reveal=reveal, position="absolute", left="0px", top="0px"
    )
    count = len(items)
    spacing = (plot.across) / max(1, count - 1)
    every = max(1, -(-count // MOST_LABELS), math.ceil(_widest(look, items) / spacing))
    shown = [place for place in range(count) if (count - 1 - place) % every == 0]
    room = min(plot.width * 0.8, max(spacing * every * 0.96, 3.0))
    labels = [label for place in shown for label in _labels(look, items, plot, spots, place, room)]
    ground = image(axis(look, plot), plot.width, plot.height, position="absolute", left="0px", top="0px")
    return box(
        "", ground, line, *labels, position="relative", width=f"{plot.width:.3f}em", height=f"{plot.height:.3f}em"
    )


def _widest(look: Look, items: list[Item]) -> float:
    """About how wide the widest value is in em, with the space that keeps it apart from the next."""
    letters = max(len(number(item.value or 0.0, look.slide.unit, _places(look))) for item in items)
    return letters * LETTER * 1.3 + 0.8


def _labels(look: Look, items: list[Item], plot: Plot, spots: Spots, place: int, room: float) -> list[Node]:
    """The value over a point, beside the line where that climbs, and the name on the axis."""
    item, (x, y) = items[place], spots[place]
    ahead = spots[place + 1] if place + 1 < len(items) else (x + 1, y)
    steep = (y - ahead[1]) / (ahead[0] - x)
    shift = 0.0 if place == 0 else -min(1.6, max(0.0, steep * 1.6))
    reveal = Reveal(effect="fade", delay=round(FIRST + 0.3 + STAGGER * place, 3))
    value = text("value", number(item.value or 0.0, look.slide.unit, _places(look)), 1.3)
    name = text("name soft", item.text, 1.35, lines=1, text_align="center")
    above = y + UNDER if is_valley(spots, place) and y + UNDER + VALUE_TALL < plot.floor + NAMED else y - 2.5
    shift = 0.0 if above > y else shift
    return [
        spot(x + shift, above, value, room, plot.width, reveal),
        spot(x, plot.floor + NAMED, name, room, plot.width),
    ]


def _places(look: Look) -> int:
    return places_of(item.value for item in look.slide.items if item.value is not None)


def is_valley(spots: Spots, place: int) -> bool:
    """Whether the line climbs to both sides of a point: over it, both would run through its value."""
    return 0 < place < len(spots) - 1 and spots[place][1] > max(spots[place - 1][1], spots[place + 1][1])


def _svg(look: Look, plot: Plot, spots: Spots) -> bytes:
    """The light under the line, the line and its points."""
    theme, floor = look.theme, plot.floor
    path = path_of(spots)
    area = f"{path} L{spots[-1][0]:.3f} {floor:.3f} L{spots[0][0]:.3f} {floor:.3f} Z"
    dots = "".join(f'<circle cx="{x:.3f}" cy="{y:.3f}" r="0.5" fill="{theme.accent}"/>' for x, y in spots)
    stops = "".join(
        f'<stop offset="{at}" stop-color="{theme.accent}" stop-opacity="{alpha}"/>' for at, alpha in ((0, 0.30), (1, 0))
    )
    return drawing(
        plot.width,
        plot.height,
        f'<defs><linearGradient id="light" x1="0" y1="0" x2="0" y2="1">{stops}</linearGradient></defs>'
        f'<path d="{area}" fill="url(#light)"/><path d="{path}" fill="none" stroke="{theme.accent}"'
        f' stroke-width="0.34" stroke-linecap="round" stroke-linejoin="round"/>{dots}',
    )
