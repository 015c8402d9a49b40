"""Tables as people sum them up, and as the chart or table that a slide can show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from aurad.api import Item, Slide
from aurad_plugins.script_document.blocks import Table
from aurad_plugins.script_document.columns import Column, latest, name_of, numeric_columns, of_rows, spoken_unit
from aurad_plugins.script_document.comparing import comparison_unit, cut
from aurad_plugins.script_document.labels import capitalise
from aurad_plugins.script_document.sentences import Sentence, make_sentence
from aurad_plugins.script_document.series import series_unit
from aurad_plugins.script_document.telling import (
    course_text,
    extremes_text,
    is_course,
    is_marked,
    names_of,
    say_pairs,
    tell_table,
    without_total,
    written_mark,
)
from aurad_plugins.script_document.units import Speech, Unit
from aurad_plugins.script_document.vocabulary import word_set
from aurad_plugins.script_document.wording import Wording, chunks, joined

MOST_BARS = 8
MOST_POINTS = 24
MOST_ROWS = 8
MOST_TABLES = 3  # slides of one table; more rows are a list to look up, not to watch
MOST_COLUMNS = 6
SPOKEN_ROWS = 4  # bars that are said one by one
RANKS = word_set("rank # no nr pos position place")
SIGNS = re.compile(r"^“([^\w\s“”]+)”$")  # code that is only a sign is quoted for the voice


def table_units(table: Table, lead: Sentence | None, title: str, wording: Wording) -> list[Unit]:
    """The table as a chart, or in as many slides as its rows need; of an endless one the first rows, saying so."""
    table = without_ranks(table)
    rows = [row for row in table.rows if row and row[0].strip()]
    if not rows:
        return []
    columns = numeric_columns(table.header, rows)
    drawn = (
        chart_unit(table, rows, columns, lead, wording)
        or series_unit(table, rows, columns, lead, wording)
        or comparison_unit(table.header, rows, columns, lead, wording)
    )
    if drawn:
        return [drawn]
    runs = [rows[run.start : run.stop] for run in chunks(len(rows), MOST_ROWS)]
    runs = runs if len(runs) <= MOST_TABLES else [rows[:MOST_ROWS]]
    note = left_out(table, rows, sum(map(len, runs)))
    units = []
    for number, run in enumerate(runs):
        speech = Speech()
        first = tell_table(table.header, rows, run, columns, lead is not None, wording)
        told = [f"Then come {joined(names_of(run, wording))}"] if number else first
        if lead and not number:
            speech.lead(lead, ended=":" in told[0])
        for text in told:
            speech.say(wording.sentence(text))
        slide = Slide(kind="table", items=mentions(run, speech.words), rows=shown_rows(table.header, run), note=note)
        units.append(speech.unit(slide, leans=number > 0))
    return units


def mentions(rows: Sequence[tuple[str, ...]], words: Sequence[str]) -> tuple[Item, ...]:
    """An item for every row, which tells when its name is first said; none where no name is."""
    said = [bare(word) for word in words]
    items = []
    for row in rows:
        name = [bare(word) for word in make_sentence(row[0]).spoken]
        places = (at for at in range(len(said)) if name and said[at : at + len(name)] == name)
        items.append(Item(text=cut(row[0]), at=next(places, None)))
    return tuple(items) if any(item.at is not None for item in items) else ()


def bare(word: str) -> str:
    return word.strip(".,:;!?()").lower()


def without_ranks(table: Table) -> Table:
    """Without a first column that only counts."""
    cells = [row[0].strip(" .#") for row in table.rows if row]
    if len(table.header) < 3 or table.header[0].strip(" .").lower() not in RANKS or not all(map(str.isdigit, cells)):
        return table
    return Table(header=table.header[1:], rows=tuple(row[1:] for row in table.rows))


def chart_unit(
    table: Table, rows: list[tuple[str, ...]], columns: list[Column], lead: Sentence | None, wording: Wording
) -> Unit | None:
    """A chart where one column of numbers is what the table is about."""
    if not columns or (len(table.header) > 2 and len(rows) <= MOST_ROWS):
        return None
    speech = Speech()
    if lead:
        speech.lead(lead, ended=True)
    column = latest(columns)
    if len(table.header) == 2 or len(columns) == 1:
        if is_course(rows) and 3 <= len(rows) <= MOST_POINTS:
            return say_line(rows, column, speech, wording)
        kept = without_total(rows, column)
        if 2 <= len(kept) <= MOST_BARS and min(column.values) >= 0:
            return say_bars([rows[n] for n in kept], of_rows(column, kept), table.header[0], speech, wording)
    return None


def say_bars(rows: list[tuple[str, ...]], column: Column, head: str, speech: Speech, wording: Wording) -> Unit:
    labels = [row[0] for row in rows]
    if len(rows) <= SPOKEN_ROWS:
        places = say_pairs([name_of(label, head) for label in labels], column, speech, wording)
    else:
        speech.say(wording.sentence(extremes_text(labels, column, head, wording)))
        places = [None] * len(rows)
    return speech.unit(chart("bar-chart", labels, column, places))


def say_line(rows: list[tuple[str, ...]], column: Column, speech: Speech, wording: Wording) -> Unit:
    """`Sales rose from 10 in 2019 to 25 in 2024, with a peak of 30 in 2022.`"""
    labels = [row[0] for row in rows]
    first, last = column.values[0], column.values[-1]
    text = course_text(column, labels)
    high = column.values.index(max(column.values))
    if 0 < high < len(rows) - 1 and column.values[high] > max(first, last):
        text += f", with a peak of {spoken_unit(column.shown[high])} in {labels[high]}"
    speech.say(wording.sentence(text))
    return speech.unit(chart("line-chart", labels, column, [None] * len(rows)))


def chart(
    kind: Literal["bar-chart", "line-chart"], labels: list[str], column: Column, places: list[int | None]
) -> Slide:
    items = tuple(
        Item(text=capitalise(label), detail=shown, value=value, at=place)
        for label, shown, value, place in zip(labels, column.shown, column.values, places, strict=True)
    )
    return Slide(kind=kind, note=column.note, unit=column.unit, items=items)


def shown_rows(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    written = [tuple(written_mark(cell) for cell in row) for row in rows] if is_marked(rows) else rows
    return tuple(tuple(cut(SIGNS.sub(r"\1", cell)) for cell in row[:MOST_COLUMNS]) for row in [header, *written])


def left_out(table: Table, rows: list[tuple[str, ...]], shown: int) -> str:
    parts = []
    if len(rows) > shown:
        parts.append(f"{shown} of {len(rows)} rows")
    if len(table.header) > MOST_COLUMNS:
        parts.append(f"{MOST_COLUMNS} of {len(table.header)} columns")
    return ", ".join(parts)
