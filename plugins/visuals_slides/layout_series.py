"""Charts of two or three series: bars in groups, and several lines, each under a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from aurad_plugins.visuals_slides.layout_charts import LABEL, LABEL_SHARE, LETTER, MOST_LABELS, SOURCE, VALUE
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, image, text
from aurad_plugins.visuals_slides.page import Fit, Look, Page, entrances, source, together
from aurad_plugins.visuals_slides.plotting import Plot, axis, drawing, path_of, plot_of, spot
from aurad_plugins.visuals_slides.series import Series, Table, colours, sign, table_of

LEGEND = 3.6  # em that a legend of one line takes with the space below it
SWATCH = 1.5  # em
THIN, THICKEST = 1.7, 3.0  # em: least and greatest thickness of a bar in a group
BETWEEN, GROUPS, NAME = 0.35, 1.3, 2.4  # em: between the bars of a group, between groups, for a name above its bars
LANE = 15.0  # units of height for one group at most
TOP, BESIDE = 1.2, 0.95  # em above lines, and between the end of one and its value
APART = 1.75  # em between values at the end of lines
DASHES = ("", "1.1 0.6", "0.1 0.75")  # of the lines: for those to whom all colours look alike
ENTER = 1.0  # seconds after a line begins until its last value is told


def grouped_bars(look: Look) -> Page:
    """A group of bars for every row, in the colours of the legend."""
    table = table_of(look.slide) or Table((), ())
    label = min(LABEL, 1.0 + max((len(name) for name in table.names), default=0) * 1.5 * 0.58)

    def body(fit: Fit) -> Node:
        kept = range(fit.keep or len(table.names))
        room = fit.height * (0.86 if look.slide.note.strip() else 0.94) - LEGEND
        lane = min(LANE * look.pick(1, 1, 1.3) / fit.scale, room / len(kept)) - GROUPS
        lane -= 0.0 if look.wide else NAME
        thick = max(THIN, min(THICKEST, (lane + BETWEEN) / len(table.series) - BETWEEN))
        groups = [_group(look, table, place, (label, thick)) for place in kept]
        rows = box("col", *groups, gap=f"{GROUPS}em")
        return box("col", legend(look, table), rows, source(look.slide.note), gap="1.2em")

    largest = min(1.7, look.frame.columns * LABEL_SHARE / label) if look.wide else 1.7
    return Page(
        header=look.header(), body=body, largest=max(1.0, largest), smallest=0.4, count=len(table.names), gap=1.8
    )


def _group(look: Look, table: Table, place: int, sides: tuple[float, float]) -> Node:
    """The name of a row beside its bars, or above them where the canvas is narrow."""
    width, thick = sides
    longest = max(map(abs, table.values)) or 1.0
    come = entrances(tuple(one.item for one in table.series))
    bars = [
        _bar(one.told(place, look.slide.unit), abs(one.values[place]) / longest, thick, colour, reveal)
        for one, colour, reveal in zip(table.series, colours(look), come, strict=False)
    ]
    lanes = box("col", *bars, gap=f"{BETWEEN}em", flex_grow=1, flex_shrink=1, flex_basis=0)
    name = table.names[place]
    if look.wide:
        label = box("col", text("cell soft", together(name), 1.5), width=f"{width:.3f}em", flex_shrink=0)
        return box("row", label, lanes, gap="1.2em", align_items="center")
    return box("col", text("cell soft", name, 1.5), box("row", lanes), gap="0.35em")


def _bar(value: str, share: float, thick: float, colour: str, reveal: Reveal) -> Node:
    grows = replace(reveal, effect="wipe", seconds=0.9)
    then = replace(reveal, effect="fade", delay=round(reveal.delay + 0.5, 3))
    bar = box(
        "", flex_grow=share, flex_shrink=1, flex_basis=0, min_width="0.3em", background_color=colour,
        border_radius="0.45em", reveal=grows,
    )  # fmt: skip
    told = box("row", text("value", value, 1.42, reveal=then), align_items="center",
               width=f"{VALUE}em", flex_shrink=0, padding="0px 0.7em")  # fmt: skip
    rest = box("", flex_grow=round(1 - share, 6), flex_shrink=1, flex_basis=0)
    return box("row lane", bar, told, rest, align_items="stretch", height=f"{thick:.3f}em")


def lines(look: Look) -> Page:
    """A line for every series over the same names, with its first and last value."""
    table = table_of(look.slide) or Table((), ())

    def body(fit: Fit) -> Node:
        width = look.frame.columns / fit.scale
        tallest = fit.height - LEGEND - (SOURCE if look.slide.note.strip() else 0)
        height = max(9.0, min(width * look.pick(0.46, 0.8, 1.1), tallest))
        unit = look.slide.unit
        letters = max(len(one.told(place, unit)) for one in table.series for place in range(len(one.values)))
        side = letters * LETTER * 1.3 + BESIDE + 0.6
        drawn = _drawn(look, table, plot_of(table.values, width, height, min(side, width / 4), TOP))
        return box("col", legend(look, table), drawn, source(look.slide.note))

    return Page(header=look.header(), body=body, largest=look.pick(1.2, 1.1, 1.2), smallest=0.4, gap=1.6)


def _drawn(look: Look, table: Table, plot: Plot) -> Node:
    come = entrances(tuple(one.item for one in table.series))
    ground = image(axis(look, plot), plot.width, plot.height, position="absolute", left="0px", top="0px")
    drawn = [_line(look, one, place, plot, come[place]) for place, one in enumerate(table.series)]
    ends = [*_ends(look, table, plot, come, 0), *_ends(look, table, plot, come, -1)]
    return box(
        "", ground, *drawn, *_names(table, plot), *ends, position="relative", direction="ltr",
        width=f"{plot.width:.3f}em", height=f"{plot.height:.3f}em",
    )  # fmt: skip


def _line(look: Look, one: Series, place: int, plot: Plot, reveal: Reveal) -> Node:
    colour, spots = colours(look)[place], plot.spots(one.values)
    dash = f' stroke-dasharray="{DASHES[place]}"' if DASHES[place] else ""
    path = (
        f'<path d="{path_of(spots)}" fill="none" stroke="{colour}" stroke-width="0.3" stroke-linecap="round"'
        f' stroke-linejoin="round"{dash}/>'
    )
    signs = "".join(sign(place, x, y, 0.46, colour) for x, y in spots)
    comes = replace(reveal, effect="wipe", seconds=1.2)
    return image(
        drawing(plot.width, plot.height, path + signs), plot.width, plot.height, reveal=comes,
        position="absolute", left="0px", top="0px",
    )  # fmt: skip


def _names(table: Table, plot: Plot) -> list[Node]:
    """As many names along the floor as there is room for, the last one always."""
    count = len(table.names)
    spacing = plot.across / max(1, count - 1)
    widest = max(map(len, table.names)) * LETTER * 1.35 + 0.8
    every = max(1, -(-count // MOST_LABELS), math.ceil(min(widest, plot.width / 3) / spacing))
    room = min(plot.width * 0.8, max(spacing * every * 0.96, 3.0))
    places = [(place, x) for place, (x, _) in enumerate(plot.spots(table.series[0].values))]
    return [
        spot(
            x,
            plot.floor + 0.7,
            text("name soft", table.names[place], 1.35, lines=1, text_align="center"),
            room,
            plot.width,
        )
        for place, x in places
        if (count - 1 - place) % every == 0
    ]


def _ends(look: Look, table: Table, plot: Plot, come: Sequence[Reveal], end: int) -> list[Node]:
    """The values at one end of the lines, in their colours, beside the points and clear of each other."""
    heights = spread([plot.spots(one.values)[end][1] for one in table.series], APART, 0.8, plot.floor)
    left, justify = (0.0, "flex-end") if end == 0 else (plot.width - plot.side + BESIDE, "flex-start")
    made = []
    for place, (one, y) in enumerate(zip(table.series, heights, strict=True)):
        value = text("value", one.told(end, look.slide.unit), 1.3, color=colours(look)[place])
        then = replace(come[place], effect="fade", delay=round(come[place].delay + (ENTER if end else 0.1), 3))
        made.append(box(
            "row", value, position="absolute", justify_content=justify, width=f"{plot.side - BESIDE:.3f}em",
            left=f"{left:.3f}em", top=f"{y - 0.8:.3f}em", reveal=then,
        ))  # fmt: skip
    return made


def spread(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The heights moved as little as keeps them `gap` apart and between `low` and `high`."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    moved = list(heights)
    for above, place in zip([None, *order], order, strict=False):
        moved[place] = max(moved[place], low if above is None else moved[above] + gap)
    for below, place in zip([None, *order[::-1]], order[::-1], strict=False):
        moved[place] = min(moved[place], high if below is None else moved[below] - gap)
    return moved


def legend(look: Look, table: Table) -> Node:
    """The name of every series beside its sign."""
    tones = colours(look)
    made = []
    for place, one in enumerate(table.series):
        swatch = drawing(SWATCH, SWATCH, sign(place, SWATCH / 2, SWATCH / 2, SWATCH * 0.36, tones[place]))
        name = text("name", together(one.item.text), 1.4)
        made.append(box("row", image(swatch, SWATCH, SWATCH, flex_shrink=0), name, gap="0.5em", align_items="center"))
    return box("row", *made, gap="0.4em 2em", flex_wrap="wrap", margin_bottom="0.4em")
