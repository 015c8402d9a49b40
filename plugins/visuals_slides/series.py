"""The numbers of a chart of several series, and the signs by which these are told apart."""

from __future__ import annotations

import math
from typing import NamedTuple

from aurad.api import Item, Slide
from aurad_plugins.visuals_slides.numbers import number, places_of
from aurad_plugins.visuals_slides.page import Look

MOST = 3  # series; there are so many colours


class Series(NamedTuple):
    """A series: its name and entrance, and a number for each name along the chart."""

    item: Item
    values: tuple[float, ...]

    def told(self, place: int, unit: str) -> str:
        """The number at `place`, with as many places after the point as its neighbours."""
        return number(self.values[place], unit, places_of(self.values))


class Table(NamedTuple):
    names: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def values(self) -> list[float]:
        return [value for one in self.series for value in one.values]


def table_of(slide: Slide) -> Table | None:
    """What the slide's rows hold, or None if they are no numbers of two or three series."""
    header, *rows = slide.rows or ((),)
    count = len(header) - 1
    if not 2 <= count <= MOST or not rows or any(len(row) != count + 1 for row in rows):
        return None
    numbers = [[_number(cell) for cell in row[1:]] for row in rows]
    if any(math.isnan(value) for row in numbers for value in row):
        return None
    items = slide.items if len(slide.items) == count else tuple(Item(text=name) for name in header[1:])
    columns = zip(*numbers, strict=True)
    return Table(
        tuple(row[0] for row in rows), tuple(Series(*one) for one in zip(items, map(tuple, columns), strict=True))
    )


def _number(cell: str) -> float:
    try:
        value = float(cell.replace(",", "").replace("−", "-"))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def colours(look: Look) -> tuple[str, str, str]:
    """All of them can be read as text on the ground, so as bars and lines as well."""
    return look.theme.accent, look.theme.second, look.theme.soft


def sign(place: int, x: float, y: float, radius: float, colour: str) -> str:
    """A round, square or pointed mark: colours alone do not tell lines apart for everybody."""
    if place == 0:
        return f'<circle cx="{x:.3f}" cy="{y:.3f}" r="{radius:.3f}" fill="{colour}"/>'
    side = radius * 0.88
    turn = f' transform="rotate(45 {x:.3f} {y:.3f})"' if place == 2 else ""
    return (
        f'<rect x="{x - side:.3f}" y="{y - side:.3f}" width="{2 * side:.3f}" height="{2 * side:.3f}"'
        f' rx="{radius * 0.15:.3f}" fill="{colour}"{turn}/>'
    )
