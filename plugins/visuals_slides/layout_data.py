"""Layouts made of data: bar chart, line chart, table and code."""

from __future__ import annotations

from dataclasses import replace

from aurad_plugins.visuals_slides.layout_words import number
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, image, text
from aurad_plugins.visuals_slides.page import FIRST, STAGGER, Fit, Look, Page, entrances

LEAST_BAR = 1.7  # em: a bar is never shorter than it is thick
MOST_COLUMNS = {"wide": 7, "square": 5, "tall": 4}
MOST_ROWS = 12
CODE_LINES = 26


def bar_chart(look: Look) -> Page:
    """Horizontal bars: labels can be read at any length, and the eye compares their ends."""
    items = look.slide.items
    come = entrances(items)
    largest = max((abs(item.value or 0.0) for item in items), default=0.0) or 1.0
    stacked = not look.wide

    def row(place: int) -> Node:
        item, reveal = items[place], come[place]
        share = abs(item.value or 0.0) / largest
        told = "" if item.value is None else number(item.value, look.slide.unit)
        bar = box(
            "bar", width=f"{share * 100:.3f}%", min_width=f"{LEAST_BAR}em", height=f"{LEAST_BAR}em",
            reveal=replace(reveal, effect="wipe", seconds=0.9),
        )  # fmt: skip
        value = text(
            "value",
            told,
            1.5,
            reveal=replace(reveal, effect="fade", delay=reveal.delay + 0.45),
            width="5.2em",
            flex_shrink=0,
        )
        lane = box(
            "row",
            box("row", bar, flex_grow=1, flex_shrink=1, flex_basis=0),
            value,
            gap="1em",
            align_items="center",
            flex_grow=1,
            flex_shrink=1,
            flex_basis=0,
        )
        label = text(
            "cell soft" if not stacked else "cell",
            item.text,
            1.45,
            **({} if stacked else {"width": "9.3em", "flex_shrink": 0}),
        )
        if stacked:
            return box("col", label, box("row", lane), gap="0.4em")
        return box("row", label, lane, gap="1.4em", align_items="center")

    def body(fit: Fit) -> Node:
        kept = range(len(items))[: fit.keep or None]
        return box("col", *(row(place) for place in kept), _source(look), gap="1.15em")

    return Page(header=look.header(), body=body, largest=1.15, smallest=0.45, count=len(items), gap=2.4)


def _source(look: Look) -> Node | None:
    return text("lead", look.slide.note, 1.05, margin_top="0.8em")


def line_chart(look: Look) -> Page:
    """A line over labelled points, drawn from left to right."""
    items = [item for item in look.slide.items if item.value is not None]

    def body(fit: Fit) -> Node:
        width = look.frame.columns / fit.scale
        height = width * look.pick(0.36, 0.62, 0.95)
        return box("col", _plot(look, width, height, [(item.text, item.value or 0.0) for item in items]), _source(look))

    return Page(header=look.header(), body=body, largest=1.1, smallest=0.4, gap=2.2) if items else bar_chart(look)


def _plot(look: Look, width: float, height: float, points: list[tuple[str, float]]) -> Node:
    values = [value for _, value in points]
    low, high = min(values), max(values)
    low = 0.0 if 0 <= low <= high * 0.6 else low - (high - low) * 0.15
    span = (high - low) or 1.0
    side, count = 2.6, len(points)
    plot_width, plot_height = width - 2 * side, height - 5.0
    spots = [
        (
            side + plot_width * (place / max(1, count - 1) if count > 1 else 0.5),
            2.6 + plot_height * (1 - (value - low) / span * 0.92),
        )
        for place, (_, value) in enumerate(points)
    ]
    drawing = image(
        _svg(look, width, height, spots, 2.6 + plot_height),
        width,
        height,
        reveal=Reveal(effect="wipe", delay=FIRST, seconds=1.2),
        position="absolute",
        left="0px",
        top="0px",
    )
    every = max(1, -(-count // look.pick(9, 6, 5)))
    shown = [place for place in range(count) if (count - 1 - place) % every == 0]
    room = plot_width / max(1, len(shown)) if count > 1 else width
    labels = [
        label for place in shown for label in _labels(look, points[place], spots[place], min(room, 9.0), height, place)
    ]
    return box("", drawing, *labels, position="relative", width=f"{width:.3f}em", height=f"{height:.3f}em")


def _labels(
    look: Look, point: tuple[str, float], spot: tuple[float, float], room: float, height: float, place: int
) -> list[Node]:
    name, value = point
    x, y = spot
    reveal = Reveal(effect="fade", delay=round(FIRST + 0.3 + STAGGER * place, 3))
    common: dict[str, str | float] = {
        "position": "absolute",
        "display": "flex",
        "justify_content": "center",
        "width": f"{room:.3f}em",
        "left": f"{x - room / 2:.3f}em",
    }
    above = box("", text("value", number(value, look.slide.unit), 1.3), top=f"{y - 2.3:.3f}em", reveal=reveal, **common)
    below = box("", text("cell soft", name, 1.15, lines=1, text_align="center"), top=f"{height - 1.9:.3f}em", **common)
    return [above, below]


def _svg(look: Look, width: float, height: float, spots: list[tuple[float, float]], floor: float) -> bytes:
    """The line, the light under it and its points, on one axis."""
    theme = look.theme
    path = " ".join(f"{'M' if place == 0 else 'L'}{x:.3f} {y:.3f}" for place, (x, y) in enumerate(spots))
    area = f"{path} L{spots[-1][0]:.3f} {floor:.3f} L{spots[0][0]:.3f} {floor:.3f} Z"
    dots = "".join(f'<circle cx="{x:.3f}" cy="{y:.3f}" r="0.36" fill="{theme.accent}"/>' for x, y in spots)
    pixels = (round(width * 48), round(height * 48))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels[0]}" height="{pixels[1]}" viewBox="0 0 {width:.3f} {height:.3f}">'
        f'<defs><linearGradient id="a" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{theme.accent}" stop-opacity="0.32"/>'
        f'<stop offset="1" stop-color="{theme.accent}" stop-opacity="0"/></linearGradient></defs>'
        f'<path d="M{spots[0][0] - 1:.3f} {floor:.3f} L{spots[-1][0] + 1:.3f} {floor:.3f}" stroke="{theme.line}" stroke-opacity="{theme.line_alpha * 1.6}" stroke-width="0.08"/>'
        f'<path d="{area}" fill="url(#a)"/>'
        f'<path d="{path}" fill="none" stroke="{theme.accent}" stroke-width="0.26" stroke-linecap="round" stroke-linejoin="round"/>{dots}</svg>'
    ).encode()


def table(look: Look) -> Page:
    """A header and rows with hairlines between; columns of numbers are set to the right."""
    most = MOST_COLUMNS[look.frame.shape]
    rows = [row[:most] for row in look.slide.rows]
    width = max((len(row) for row in rows), default=0)
    rows = [(*row, *[""] * (width - len(row))) for row in rows]
    shares = [_share([row[column] for row in rows]) for column in range(width)]
    right = [all(_numeric(row[column]) for row in rows[1:]) and len(rows) > 1 for column in range(width)]

    def cell(words: str, column: int, *, head: bool) -> Node:
        css = "cell head" if head else "cell" if column == 0 else "cell soft"
        inner = text(css, words, 1.3, text_align="right" if right[column] else "left")
        return box("col", inner, flex_grow=shares[column], flex_shrink=1, flex_basis=0)

    def line(row: tuple[str, ...], place: int) -> Node:
        cells = [cell(words, column, head=place == 0) for column, words in enumerate(row)]
        reveal = None if place == 0 else Reveal(effect="fade", delay=round(FIRST + 0.09 * place, 3))
        rule = box("line" if place else "rule", height="0.07em" if place else "0.12em")
        return box("col", box("row", *cells, gap="1.6em", padding="0.75em 0.3em"), rule, reveal=reveal)

    def body(fit: Fit) -> Node:
        kept = rows[: min(MOST_ROWS, fit.keep or MOST_ROWS) + 1]
        return box("col", *(line(row, place) for place, row in enumerate(kept)), _source(look))

    return Page(header=look.header(), body=body, largest=1.3, smallest=0.5, count=len(rows) - 1, gap=2.0)


def _share(cells: list[str]) -> float:
    """How much of the width a column deserves: by its longest words, but never all of it."""
    return min(30.0, max(5.0, *(len(cell) ** 0.8 for cell in cells), 5.0))


def _numeric(cell: str) -> bool:
    bare = cell.strip().lstrip("-−+~<>≈$€£¥").rstrip("%").strip()
    return not bare or bare[0].isdigit()


def code(look: Look) -> Page:
    """Lines of a program, as they are; long ones are cut with an ellipsis rather than broken."""
    lines = look.slide.body.expandtabs(4).rstrip("\n").splitlines()
    wide_enough = max((len(line) for line in lines), default=1)

    def body(fit: Fit) -> Node:
        letters = int((look.frame.columns / fit.scale - 4.2) / (0.6 * 1.3))
        kept = [
            line if len(line) <= letters else line[: max(1, letters - 1)] + "…"
            for line in lines[: fit.keep or CODE_LINES]
        ]
        shown = [text("code", line or " ", 1.3) or box("", height="1.95em") for line in kept]
        label = text("kicker", look.slide.note, 0.95, lines=1)
        panel = box(
            "card", label, box("col", *shown), gap="1em", padding="1.9em 2.1em", reveal=Reveal(delay=FIRST, bleed=1.4)
        )
        return panel

    # Start at the scale at which the longest line is whole, if that is still legible.
    whole = look.frame.columns / (wide_enough * 0.6 * 1.3 + 4.6)
    return Page(
        header=look.header(), body=body, largest=max(0.62, min(1.25, whole)), smallest=0.55, count=min(len(lines), CODE_LINES), gap=2.0
    )  # fmt: skip
