"""Tables as people sum them up, and as the chart or table that a slide can show."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from msgspec.structs import replace

from aurad.api import Item, Slide
from aurad_plugins.script_document.blocks import Table
from aurad_plugins.script_document.phrases import capitalise
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.units import Speech, Unit
from aurad_plugins.script_document.wording import Wording, chunks, joined

NUMBER = re.compile(
    r"^(?P<sign>[-−+~≈<>≤≥]|about )?\s*(?P<money>[$€£¥])?\s*(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"\s*(?P<unit>%|[^\W\d][\w/²³µ]*(?: [a-z]+)?|°[CF]?)?$"
)
HEAD_UNIT = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^)\]]{1,16})[)\]]$")
TIME = re.compile(
    r"^(?:(?:1[5-9]|20|21)\d\d(?:[-/]\d\d?)?|q[1-4](?:\s+\d{4})?|(?:19|20)\d0s|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"[a-z]*\.?(?:\s+\d{4})?|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:week|day|month|year|hour)\s+\d+)$",
    re.IGNORECASE,
)
SCALES = {"m": "million", "mn": "million", "million": "million", "bn": "billion", "b": "billion", "billion": "billion",
          "k": "thousand", "thousand": "thousand", "thousands": "thousand",
          "millions": "million", "billions": "billion"}  # fmt: skip
UNITS = {"s": "seconds", "ms": "milliseconds", "m": "meters", "h": "hours", "min": "minutes", "d": "days", "g": "grams"}
TOTAL = re.compile(r"^(?:sub|grand )?totals?\b|^sum\b|^overall\b|^all$|\btotal$", re.IGNORECASE)  # adds the others up
MOST_BARS = 8
MOST_POINTS = 24
MOST_ROWS = 7
MOST_TABLES = 3  # slides of one table; more rows are a list to look up, not to watch
MOST_COLUMNS = 6
SPOKEN_COLUMNS = 4
SPOKEN_ROWS = 4
CELL = 60  # characters of a cell on a slide; longer is cut at a word


class Column(NamedTuple):
    """A column of numbers: what it is, its unit, values and how they are written."""

    name: str
    note: str  # the name with what the numbers on the slide leave out
    unit: str
    values: list[float]
    shown: list[str]


def table_units(table: Table, lead: Sentence | None, title: str, wording: Wording) -> list[Unit]:
    """The table in as many slides as its rows need; of an endless one the first rows, saying so."""
    first = table_unit(table, lead, title, wording)
    rows = [row for row in table.rows if row and row[0].strip()]
    if first is None or first.slide is None or first.slide.kind != "table" or len(rows) > MOST_TABLES * MOST_ROWS:
        return [first] if first else []
    runs = [rows[run.start : run.stop] for run in chunks(len(rows), MOST_ROWS)]
    note = left_out(table, runs[0])
    units = [with_rows(first, table, runs[0], note)]
    for run in runs[1:]:
        speech = Speech()
        speech.say(wording.sentence(f"The table goes on with {joined(wording.soften_names([row[0] for row in run]))}"))
        units.append(speech.unit(Slide(kind="table", rows=shown_rows(table, run), note=note), leans=True))
    return units


def with_rows(unit: Unit, table: Table, rows: list[tuple[str, ...]], note: str) -> Unit:
    slide = replace(unit.slide or Slide(), rows=shown_rows(table, rows), note=note)
    return replace(unit, slide=slide)


def table_unit(table: Table, lead: Sentence | None, title: str, wording: Wording) -> Unit | None:
    """What is said about the table, and the table or chart."""
    rows = [row for row in table.rows if row and row[0].strip()]
    if not rows:
        return None
    columns = numeric_columns(table.header, rows)
    speech = Speech()
    if lead:
        speech.lead(lead)
    if columns and (len(table.header) == 2 or len(rows) > MOST_ROWS):
        column = latest(columns)
        if all(TIME.match(row[0]) for row in rows) and 3 <= len(rows) <= MOST_POINTS:
            return say_line(rows, column, table.header[0], speech, wording)
        kept = [number for number, row in enumerate(rows) if not TOTAL.search(row[0].strip())]
        if 2 <= len(kept) <= MOST_BARS and min(column.values) >= 0:
            return say_bars([rows[n] for n in kept], of_rows(column, kept), table.header[0], speech, wording)
    return say_table(table, rows, columns, speech, bool(lead), title, wording)


def latest(columns: list[Column]) -> Column:
    """The newest of columns that are years; else the first, which tables put first because it matters most."""
    return next((column for column in reversed(columns) if TIME.match(column.name)), columns[0])


def of_rows(column: Column, rows: list[int]) -> Column:
    return column._replace(values=[column.values[n] for n in rows], shown=[column.shown[n] for n in rows])


def numeric_columns(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[Column]:
    """The columns in which every cell is a number of one and the same unit."""
    found = []
    for place in range(1, len(header)):
        matches = [NUMBER.match(row[place].strip()) for row in rows]
        parsed = [match for match in matches if match]
        units = {(match["money"] or "", match["unit"] or "") for match in parsed}
        if len(rows) > 1 and len(parsed) == len(rows) and len(units) == 1:
            found.append(make_column(header[place], parsed))
    return found


def make_column(head: str, cells: list[re.Match[str]]) -> Column:
    named = HEAD_UNIT.match(head)
    name = named["name"] if named else head
    money, unit = cells[0]["money"] or "", cells[0]["unit"] or ""
    if named and not money and not unit:
        money = next((sign for sign in "$€£¥" if sign in named["unit"]), "")
        unit = named["unit"].replace(money, "").strip() if money else named["unit"]
    scale = SCALES.get(unit.lower(), "") if money else ""
    unit = unit.removesuffix("s") if unit.lower() in SCALES else unit
    values = [float(cell["digits"].replace(",", "")) * (-1 if cell["sign"] in ("-", "−") else 1) for cell in cells]
    shown = [show(cell, money, scale if money else unit) for cell in cells]
    note = f"{name} ({scale} {money})" if scale else name
    return Column(name, note, money or unit, values, shown)


def name_of(label: str, head: str) -> str:
    """`version 4.2` for a bare `4.2`: numbers beside numbers need a name."""
    return f"{head.lower()} {label}" if head.isalpha() and re.fullmatch(r"[\d.]+", label) else label


def spoken_unit(text: str) -> str:
    """`15 s` as `15 seconds`: a lone letter is read as a letter."""
    number, space, unit = text.rpartition(" ")
    return f"{number} {UNITS[unit]}" if space and unit in UNITS else text


def show(cell: re.Match[str], money: str, unit: str) -> str:
    space = "" if not unit or unit.startswith(("%", "°")) else " "
    return f"{cell['sign'] or ''}{money}{cell['digits']}{space}{unit}"


def say_bars(rows: list[tuple[str, ...]], column: Column, head: str, speech: Speech, wording: Wording) -> Unit:
    labels = [row[0] for row in rows]
    if len(rows) <= SPOKEN_ROWS:
        places = say_pairs([name_of(label, head) for label in labels], column, speech, wording)
    else:
        say_extremes(labels, column, speech, wording)
        places = [None] * len(rows)
    return speech.unit(chart("bar-chart", labels, column, places))


def say_pairs(labels: list[str], column: Column, speech: Speech, wording: Wording) -> list[int | None]:
    """`Flicker rate: human, 60 Hz; pigeon, 100 Hz; and honeybee, 300 Hz.`"""
    names = wording.soften_names(labels)
    pairs = [f"{name}, {spoken_unit(value)}" for name, value in zip(names, column.shown, strict=True)]
    listed = "; ".join(pairs) if len(pairs) == 2 else joined(pairs)
    sentence = wording.sentence(f"{column.name}: {listed}")
    start = speech.say(sentence)
    places: list[int | None] = []
    place = len(column.name.split())
    for pair in pairs:
        place += 1 if sentence.words[place : place + 1] == ("and",) else 0
        places.append(start + sentence.starts[place])
        place += len(pair.split())
    return places


def say_extremes(labels: list[str], column: Column, speech: Speech, wording: Wording) -> None:
    high, low = column.values.index(max(column.values)), column.values.index(min(column.values))
    about = f"In {column.name}" if TIME.match(column.name) else column.name
    text = f"{about}: the highest is {labels[high]}, at {spoken_unit(column.shown[high])}"
    if high != low:
        text += f"; the lowest is {labels[low]}, at {spoken_unit(column.shown[low])}"
    speech.say(wording.sentence(text))


def say_line(rows: list[tuple[str, ...]], column: Column, head: str, speech: Speech, wording: Wording) -> Unit:
    """`Sales rose from 10 in 2019 to 25 in 2024, with a peak of 30 in 2022.`"""
    labels = [row[0] for row in rows]
    first, last = column.values[0], column.values[-1]
    verb = "rose" if last > first else "fell" if last < first else "went"
    text = f"{column.name} {verb} from {column.shown[0]} in {labels[0]} to {column.shown[-1]} in {labels[-1]}"
    high = column.values.index(max(column.values))
    if 0 < high < len(rows) - 1 and column.values[high] > max(first, last):
        text += f", with a peak of {column.shown[high]} in {labels[high]}"
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


def say_table(
    table: Table,
    rows: list[tuple[str, ...]],
    columns: list[Column],
    speech: Speech,
    has_lead: bool,
    title: str,
    wording: Wording,
) -> Unit:
    if len(rows) <= SPOKEN_ROWS and len(table.header) <= SPOKEN_COLUMNS:
        for row in rows:
            speech.say(wording.sentence(row_text(table.header, row, wording)))
    else:
        if not has_lead:
            speech.say(wording.sentence(table_text(table, rows, wording)))
        for column in columns[:1]:
            say_extremes([row[0] for row in rows], column, speech, wording)
    if not table.header[0] and len(table.header) == 3 and not columns:
        sides = [
            Item(text=name, detail="\n".join(f"{row[0]}: {cut(row[side])}" for row in rows[:MOST_ROWS]))
            for side, name in enumerate(table.header[1:], start=1)
        ]
        return speech.unit(Slide(kind="comparison", items=tuple(sides)))
    return speech.unit(Slide(kind="table", rows=shown_rows(table, rows), note=left_out(table, rows)))


def has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def row_text(header: tuple[str, ...], row: tuple[str, ...], wording: Wording) -> str:
    if len(header) == 2:
        return f"{row[0]}: {wording.soften(row[1])}"
    if not header[0]:  # names stand on both sides
        pairs = [f"{cell} for {name}" for name, cell in zip(header[1:], row[1:], strict=True) if has_words(cell)]
        return f"{row[0]}: {joined(pairs)}" if pairs else row[0]
    cells = [
        with_head(name, cell, wording) if name else cell
        for name, cell in zip(header[1:], row[1:], strict=True)
        if has_words(cell)
    ]
    return f"{row[0]}: {', '.join(cells)}" if cells else row[0]


def with_head(head: str, cell: str, wording: Wording) -> str:
    """`hit 0.8 milliseconds` for 0.8 under `Hit (ms)`."""
    named = HEAD_UNIT.match(head)
    if not named or not NUMBER.match(cell.strip()) or not named["name"]:
        return f"{wording.soften(head)} {wording.soften(cell)}"
    unit = "" if any(sign in named["unit"] for sign in "$€£¥") else named["unit"]
    return f"{wording.soften(named['name'])} {spoken_unit(f'{cell} {unit}'.strip())}"


def table_text(table: Table, rows: list[tuple[str, ...]], wording: Wording) -> str:
    """What the table holds, from its own heads and first column."""
    heads = [wording.soften(head) for head in table.header[1 : MOST_COLUMNS + 1] if head]
    names = wording.soften_names([row[0] for row in rows])
    listed = joined(names) if len(names) <= 5 else f"{len(names)} entries, from {names[0]} to {names[-1]}"
    return f"The table gives {joined(heads)} for {listed}" if heads else f"The table lists {listed}"


def shown_rows(table: Table, rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(cut(cell) for cell in row[:MOST_COLUMNS]) for row in [table.header, *rows[:MOST_ROWS]])


def left_out(table: Table, rows: list[tuple[str, ...]]) -> str:
    parts = []
    if len(rows) > MOST_ROWS:
        parts.append(f"{MOST_ROWS} of {len(rows)} rows")
    if len(table.header) > MOST_COLUMNS:
        parts.append(f"{MOST_COLUMNS} of {len(table.header)} columns")
    return ", ".join(parts)


def cut(cell: str) -> str:
    return cell if len(cell) <= CELL else cell[:CELL].rsplit(" ", 1)[0].rstrip(",;:") + " …"
