"""Layouts that show text as it was written: tables and code."""

from __future__ import annotations

import math

from aurad_plugins.visuals_slides.highlight import Run, highlighted
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, text
from aurad_plugins.visuals_slides.numbers import is_number
from aurad_plugins.visuals_slides.page import FIRST, Fit, Look, Page, filled, source, together

MOST_ROWS = 12
STACKED, NAMING = 4, 1.6  # columns from which a tall table has its rows' names over their cells, and how large (em)
CODE_LINES = 26
CODE_SIZE = 1.3  # em
LETTER = 0.6  # em: width of every letter of the shipped monospace font
READABLE = (0.85, 0.95, 1.1)  # scale by shape below which nobody reads code: lines are folded instead
AIRY = 9  # lines; more stand closer together, so that they are larger
LEADING, DENSE, GAP = 1.5, 1.3, 0.5  # height of a line, of one of many, and how much of it a blank one takes
HANG, MOST_FOLDS = 4, 3  # letters by which the rest of a line is indented, and how often a line is folded
PADDING = (4.4, 2.8, 2.6)  # em by shape: left and right of the code in its panel, together


def table(look: Look) -> Page:
    """A header and rows with hairlines between; numbers are set to the right, unless they name the rows.

    On tall canvases many columns would be too small to read: each row's name stands over its cells then.
    """
    most = round(look.pick(7, 5, 4))
    rows = [row[:most] for row in look.slide.rows]
    count = max((len(row) for row in rows), default=0)
    rows = [(*row, *[""] * (count - len(row))) for row in rows]
    columns = list(zip(*rows, strict=True))
    apart = look.pick(2.2, 1.5, 1.2)
    right = [bool(place) and len(rows) > 1 and all(map(is_number, one[1:])) for place, one in enumerate(columns)]
    stacked = look.tall and count >= STACKED
    right = [numbers and not (stacked and place == 1) for place, numbers in enumerate(right)]
    shares = [_share(column, whole=numbers) for column, numbers in zip(columns, right, strict=True)]

    def cell(words: str, column: int, *, head: bool) -> Node:
        css = "cell head" if head else "cell" if column == 0 else "cell soft"
        inner = text(
            css,
            together(words) if right[column] and not head else words,
            1.4,
            text_align="right" if right[column] else "left",
        )
        return box("col", inner, flex_grow=shares[column], flex_shrink=1, flex_basis=0)

    def line(row: tuple[str, ...], place: int) -> Node:
        cells = [cell(words, column, head=place == 0) for column, words in enumerate(row)]
        reveal = Reveal(effect="fade", delay=round(FIRST + 0.09 * place, 3)) if place else None
        rule = box("line" if place else "rule", height="0.07em" if place else "0.12em")
        if stacked:
            name = text("cell head" if place == 0 else "cell", row[0], NAMING)
            cells = [box("col", name, box("row", *cells[1:], gap=f"{apart}em"), gap="0.3em", flex_grow=1)]
        shown = box(
            "row", *cells, gap=f"{apart}em", padding="0.6em 0.3em", flex_grow=1, align_items="center", reveal=reveal
        )
        return box("col", _told(look, place), shown, rule, flex_grow=1, position="relative")

    def body(fit: Fit) -> Node:
        kept = rows[: min(MOST_ROWS, fit.keep or MOST_ROWS) + 1]
        height = filled(fit, 0.82 if look.slide.note.strip() else 0.94, len(kept) * look.pick(5.2, 5.5, 6.5))
        lines = box("col", *(line(row, place) for place, row in enumerate(kept)), min_height=height)
        return box("col", lines, source(look.slide.note))

    cut = len(rows) > MOST_ROWS + 1 or any(len(row) > most for row in look.slide.rows)
    return Page(header=look.header(), body=body, largest=1.9, smallest=0.5, count=len(rows), cut=cut, gap=2.0)


def _told(look: Look, place: int) -> Node | None:
    """What lights a row up when its word is said; the items of a table tell when."""
    item = look.slide.items[place - 1] if 0 < place <= len(look.slide.items) else None
    if item is None or item.at is None:
        return None
    reveal = Reveal(at=item.at, effect="wipe", seconds=0.5)
    sides = dict.fromkeys(("left", "right", "top", "bottom"), "0px")
    return box("lit", position="absolute", reveal=reveal, **sides)


def _share(column: tuple[str, ...], *, whole: bool) -> float:
    """How much of the width a column deserves: by its longest cell and word, but never nearly all of it.

    `whole`: its cells are numbers, which stay with their units.
    """
    parts = (*column[0].split(), *column[1:]) if whole else (word for cell in column for word in cell.split())
    words = map(len, parts)
    return min(30.0, max(5.0, *words, *(math.pow(len(cell), 0.8) for cell in column)))


def code(look: Look) -> Page:
    """Lines of a program, as they are; long ones are folded, with the rest indented."""
    lines = _without_gaps(look.slide.body.expandtabs(4).strip("\n").splitlines())
    dense = len(lines) > AIRY
    longest, sides = max(map(len, lines), default=1), look.pick(*PADDING)

    def body(fit: Fit) -> Node:
        letters = max(4, int((look.frame.columns / fit.scale - sides - 0.3) / (LETTER * CODE_SIZE)))
        kept = lines[: min(CODE_LINES, fit.keep or CODE_LINES)]
        drawn = (part for runs in highlighted(kept) for part in _folded(runs, letters))
        shown = box("col", *(_line(part, DENSE if dense else LEADING) for part in drawn))
        label = text("kicker", look.slide.note, 0.95, lines=1)
        padding = f"1.1em {sides / 2}em 1.3em {sides / 2}em"
        lit = box("col", shown, reveal=Reveal(delay=FIRST, effect="fade"))
        bar = box("row", _buttons(look), label, gap="1em", align_items="center")
        return box("card", bar, lit, gap="0.9em", padding=padding)

    # Start at the scale at which the longest line is whole, if that can still be read; else it is folded.
    whole = look.frame.columns / (longest * LETTER * CODE_SIZE + sides + 0.4)
    return Page(
        header=look.header(brief=dense and look.wide), body=body, smallest=0.5,
        largest=max(look.pick(*READABLE), min(2.0, whole)),
        count=min(len(lines), CODE_LINES), cut=len(lines) > CODE_LINES, gap=1.4 if dense else 2.0,
    )  # fmt: skip


def _buttons(look: Look) -> Node:
    """The three dots that say: this is a window of a computer."""
    tones = (look.theme.accent, look.theme.second, look.theme.soft)
    dots = (box("", width="0.6em", height="0.6em", border_radius="1em", background_color=tone) for tone in tones)
    return box("row", *dots, gap="0.45em")


def _folded(runs: list[Run], letters: int) -> list[list[Run]]:
    """The line in pieces of at most `letters`, broken at spaces where there are some; its very end may be missing."""
    text = "".join(words for _, words in runs)
    hang = min(len(text) - len(text.lstrip()) + HANG, letters // 3)
    pieces: list[list[Run]] = []
    start, room = 0, letters
    while len(text) - start > room and len(pieces) < MOST_FOLDS:
        end = text.rfind(" ", start + room // 2, start + room) + 1 or start + room
        pieces.append(_part(runs, start, end))
        start, room = end, letters - hang
    if len(text) - start > room:
        pieces.append([*_part(runs, start, start + room - 1), ("", "…")])
    else:
        pieces.append(_part(runs, start, len(text)))
    return [pieces[0], *([("", " " * hang), *piece] for piece in pieces[1:])]


def _part(runs: list[Run], start: int, end: int) -> list[Run]:
    """The runs of the letters from `start` to `end`."""
    found: list[Run] = []
    place = 0
    for css, words in runs:
        part = words[max(start - place, 0) : max(end - place, 0)]
        place += len(words)
        if part:
            found.append((css, part))
    return found


def _without_gaps(lines: list[str]) -> list[str]:
    """Of blank lines in a row only one."""
    return [line for line, before in zip(lines, ["", *lines], strict=False) if line.strip() or before.strip()]


def _line(runs: list[Run], leading: float) -> Node:
    shown = [
        Node(
            kind="text", css=f"code {css}", text=words, size=CODE_SIZE, style={"flex-shrink": 0, "line-height": leading}
        )
        for css, words in runs
    ]
    return box("row", *shown, height=f"{leading * (1 if runs else GAP) * CODE_SIZE:.3f}em")
