"""Tables of two or three columns of numbers that can be measured on one scale, as a chart of several series.

The slide's `items` are the series, its `rows` the numbers: header first, plain digits in one unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aurad.api import Item, Slide
from aurad_plugins.script_document.blocks import Table
from aurad_plugins.script_document.columns import HEAD_UNIT, TIME, VERSION, Column, of_rows
from aurad_plugins.script_document.labels import capitalise
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.telling import (
    course_text,
    growth_text,
    is_course,
    range_text,
    weightiest,
    without_total,
)
from aurad_plugins.script_document.units import Speech, Unit
from aurad_plugins.script_document.wording import Wording

Rows = list[tuple[str, ...]]
FEWEST_SERIES, MOST_SERIES = 2, 3  # of more nobody tells the colours apart
MOST_BARS, FEWEST_POINTS, MOST_POINTS = 12, 3, 24
ALIKE = 12.0  # how many times the largest value of one series may be that of another: smaller bars would vanish
LONGEST_NAME = 32  # characters of a series or row; with longer ones a table says more


def series_unit(
    table: Table, rows: Rows, columns: list[Column], lead: Sentence | None, wording: Wording
) -> Unit | None:
    """Lines over a time, bars in groups for anything else; None where a table tells it better."""
    rows, columns = years_across(*with_unit_of_rows(rows, columns))
    if len(columns) != len(rows[0]) - 1 or not is_comparable(columns):
        return None
    if max(len(name) for name in [*(row[0] for row in rows), *(column.name for column in columns)]) > LONGEST_NAME:
        return None
    speech = Speech()
    if lead:
        speech.lead(lead, ended=True)
    head = table.header[0]
    if is_course(rows) and FEWEST_POINTS <= len(rows) <= MOST_POINTS:
        return say_courses(head, rows, columns, speech, wording)
    kept = without_total(rows, columns[0])
    if len(kept) > 1 and len(kept) * len(columns) <= MOST_BARS and min(min(column.values) for column in columns) >= 0:
        places = say_groups([row[0] for row in rows], columns, speech, wording)
        drawn = [of_rows(column, kept) for column in columns]
        return speech.unit(chart_slide("bar-chart", head, [rows[n] for n in kept], drawn, places))
    return None


def with_unit_of_rows(rows: Rows, columns: list[Column]) -> tuple[Rows, list[Column]]:
    """Where each row names one and the same unit, as in `Restore (min)`, it is that of the numbers."""
    named = [HEAD_UNIT.match(row[0]) for row in rows]
    units = {match["unit"] if match else "" for match in named}
    unit = units.pop() if len(units) == 1 else ""
    if not unit or any(column.unit for column in columns):
        return rows, columns
    bare = [(match["name"] if match else "", *row[1:]) for match, row in zip(named, rows, strict=True)]
    return bare, [column._replace(unit=unit, shown=[f"{value} {unit}" for value in column.shown]) for column in columns]


def years_across(rows: Rows, columns: list[Column]) -> tuple[Rows, list[Column]]:
    """A table whose columns are years, turned so that its rows are; any other as it is."""
    is_turned = FEWEST_POINTS <= len(columns) == len(rows[0]) - 1 and is_of_years(columns)
    if not is_turned or not FEWEST_SERIES <= len(rows) <= MOST_SERIES or is_course(rows):
        return rows, columns
    turned = [
        Column(
            row[0], row[0], columns[0].unit, [each.values[n] for each in columns], [each.shown[n] for each in columns]
        )
        for n, row in enumerate(rows)
    ]
    return [(each.name, *(other.shown[n] for other in turned)) for n, each in enumerate(columns)], turned


def is_comparable(columns: Sequence[Column]) -> bool:
    """Whether one scale serves them all: one unit and like sizes."""
    if not FEWEST_SERIES <= len(columns) <= MOST_SERIES or len({(each.unit, scale_of(each)) for each in columns}) > 1:
        return False
    tops = [max(map(abs, column.values)) for column in columns]
    is_alike = min(tops) * ALIKE >= max(tops) > 0 and len({column.name for column in columns}) == len(columns)
    return is_alike and (bool(columns[0].unit) or is_of_years(columns) or overlaps(columns))


def is_of_years(columns: Sequence[Column]) -> bool:
    return all(TIME.match(column.name) for column in columns)


def overlaps(columns: Sequence[Column]) -> bool:
    """Bare numbers may be of anything, such as ages beside scores: those lie apart."""
    return max(min(column.values) for column in columns) <= min(max(column.values) for column in columns)


def scale_of(column: Column) -> str:
    """What the numbers leave out: `million $`."""
    return column.note.removeprefix(column.name).strip(" ()")


def say_courses(head: str, rows: Rows, columns: list[Column], speech: Speech, wording: Wording) -> Unit:
    """`Solar rose from 10 in 2019 to 25 in 2024. Wind rose ...`: each line comes with its sentence."""
    labels = [row[0] for row in rows]
    places = [speech.say(wording.sentence(course_text(column, labels))) for column in columns]
    return speech.unit(chart_slide("line-chart", head, rows, columns, places))


def say_groups(labels: list[str], columns: list[Column], speech: Speech, wording: Wording) -> list[int | None]:
    """Where the series are years, the growth of what weighs most, a total too; else how far each series reaches."""
    if not is_of_years(columns) and not all(VERSION.match(column.name) for column in columns):
        return [speech.say(wording.sentence(range_text(labels, column))) for column in columns]
    for number in weightiest(labels, columns[-1]):
        speech.say(wording.sentence(growth_text(number, labels, columns)))
    return [None] * len(columns)


def chart_slide(
    kind: Literal["bar-chart", "line-chart"],
    head: str,
    rows: Rows,
    columns: list[Column],
    places: Sequence[int | None],
) -> Slide:
    items = tuple(Item(text=capitalise(each.name), at=at) for each, at in zip(columns, places, strict=True))
    numbers = [(capitalise(row[0]), *(f"{column.values[n]:.12g}" for column in columns)) for n, row in enumerate(rows)]
    header = (head, *(item.text for item in items))
    return Slide(
        kind=kind, note=capitalise(scale_of(columns[0])), unit=columns[0].unit, items=items, rows=(header, *numbers)
    )
