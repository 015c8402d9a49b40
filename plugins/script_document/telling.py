"""What is said about a table: pairs, the highest and lowest, the course of a column, who has what."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aurad_plugins.script_document.columns import HEAD_UNIT, NUMBER, TIME, Column, name_of, spoken_unit
from aurad_plugins.script_document.units import Speech
from aurad_plugins.script_document.wording import Wording, joined

Rows = Sequence[tuple[str, ...]]
SPOKEN_ROWS, SPOKEN_COLUMNS, SPOKEN_WORDS = 4, 4, 50  # of a table that is said as a whole
TOLD_COLUMNS = 3  # of numbers; of more nobody remembers the first
FOLLOWERS = 3  # values that are said from the top
MOST_MARKED = 5
TOTAL = re.compile(r"^(?:sub|grand )?totals?\b|^sum\b|^overall\b|^all$|\btotal$", re.IGNORECASE)  # adds the others up
REST = re.compile(r"^(?:others?|rest|misc\w*|remainder|unknown)\b", re.IGNORECASE)
FLAG = re.compile(r"^(?:-\w(?:[ ,/]+|\s+or\s+))?--?(?P<name>[A-Za-z][\w-]*)(?:[= ].*)?$")
DESCRIBING = frozenset(("description", "meaning", "purpose", "note", "notes", "details", "comment", "explanation"))
CLAUSE = re.compile(r"(?:what|how|why|when|where|who|use) .*[^?]$", re.IGNORECASE)  # `What it does`
ANSWERS = {"yes": "", "no": "not "}
FILE = re.compile(r"^(?=\S{8,}$)[\w.+~/-]+\.[A-Za-z][A-Za-z0-9]{1,8}$")  # to be read, not to be heard
CHANGES = frozenset((("old", "new"), ("before", "after"), ("from", "to"), ("was", "is now")))
VERSIONED = frozenset(("version", "release"))
YES = frozenset(("✅", "✔", "✓", "☑", "yes", "✔️"))
NO = frozenset(("❌", "✗", "✘", "✖", "no", "-", "–", "—", "", "☐"))


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


def extremes_text(labels: list[str], column: Column, head: str, wording: Wording) -> str:
    """`Share: the highest is schools, at 46%, followed by pools, at 19%; the lowest is lighting, at 7%.`"""
    if all(NUMBER.match(label) for label in labels) and is_monotone(column.values):
        return range_text(labels, column, head)
    names = wording.soften_names(labels)
    order = sorted(range(len(labels)), key=lambda number: -column.values[number])
    told = [f"{names[number]}, at {spoken_unit(column.shown[number])}" for number in order]
    about = f"In {column.name}" if TIME.match(column.name) else column.name
    text = f"{about}: the highest is {told[0]}, followed by {', and '.join(told[1:FOLLOWERS])}"
    others = [number for number in order[FOLLOWERS:] if not REST.match(labels[number])]
    return text + (f"; the lowest is {told[order.index(others[-1])]}" if others else "")


def range_text(labels: list[str], column: Column, head: str = "") -> str:
    """`Memory: from 5 MB for this one to 90 MB for that one.`"""
    low, high = column.values.index(min(column.values)), column.values.index(max(column.values))
    counted = f" {head.lower()}" if head.isalpha() else ""
    return (
        f"{column.name}: from {spoken_unit(column.shown[low])} for {labels[low]}{counted}"
        f" to {spoken_unit(column.shown[high])} for {labels[high]}"
    )


def course_text(column: Column, labels: list[str]) -> str:
    """`Sales rose from 10 in 2019 to 25 in 2024.`"""
    first, last = column.values[0], column.values[-1]
    verb = "rose" if last > first else "fell" if last < first else "went"
    start, end = spoken_unit(column.shown[0]), spoken_unit(column.shown[-1])
    return f"{column.name} {verb} from {start} in {labels[0]} to {end} in {labels[-1]}"


def growth_text(number: int, labels: list[str], columns: Sequence[Column]) -> str:
    """A row whose columns are years: `Costs rose from 10 in 2024 to 12 in 2025.`"""
    first, last = columns[0], columns[-1]
    values = [column.values[number] for column in (first, last)]
    column = Column(labels[number], "", "", values, [first.shown[number], last.shown[number]])
    return course_text(column, [first.name, last.name])


def weightiest(labels: list[str], column: Column) -> list[int]:
    """The total and the largest other row, or the two largest."""
    order = sorted(range(len(labels)), key=lambda number: (not TOTAL.search(labels[number]), -column.values[number]))
    return order[:2]


def without_total(rows: Rows, column: Column) -> list[int]:
    """The rows that do not add the others up."""
    kept = [number for number, row in enumerate(rows) if not TOTAL.search(row[0].strip())]
    if len(kept) > 3 and column.values[kept[-1]] >= sum(column.values[number] for number in kept[:-1]):
        kept.pop()
    return kept


def is_course(rows: Rows) -> bool:
    return all(TIME.match(row[0]) for row in rows)


def is_ascending(rows: Rows) -> bool:
    """Whether versions stand in the order in which they came."""
    parts = [re.findall(r"\d+", row[0]) for row in rows]
    numbers = [tuple(map(int, part)) for part in parts]
    return all(numbers) and numbers == sorted(numbers) and len(set(numbers)) == len(numbers)


def is_dates(column: Column) -> bool:
    """Whether the numbers are years: those are no measure of anything."""
    return not column.unit and all(TIME.match(shown) for shown in column.shown)


def is_monotone(values: Sequence[float]) -> bool:
    return list(values) in (sorted(values), sorted(values, reverse=True))


def tell_table(
    header: tuple[str, ...], rows: Rows, shown: Rows, columns: Sequence[Column], announced: bool, wording: Wording
) -> list[str]:
    """What is said while the table's first rows are seen; never cell by cell if it is wide or long."""
    if is_marked(rows):
        return [marks_text(header, row) for row in shown[:MOST_MARKED]]
    if len(columns) > 1 and len(rows) > 1:
        labels = [name_of(row[0], header[0]) for row in rows]
        years = [column for column in columns if TIME.match(column.name)]
        if len(years) > 1:
            return [growth_text(number, labels, years) for number in weightiest(labels, years[-1])]
        if is_course(rows) or (header[0].strip().lower() in VERSIONED and is_ascending(rows)):
            return [course_text(column, labels) for column in columns[:TOLD_COLUMNS]]
        measures = [column for column in columns if not is_dates(column)]
        if len(measures) == 1:
            return [extremes_text(labels, measures[0], header[0], wording)]
        return [range_text(labels, column) for column in (measures or columns)[: TOLD_COLUMNS - 1]]
    told = [row_text(header, row, wording, known=number > 0) for number, row in enumerate(rows)]
    if len(rows) <= SPOKEN_ROWS and len(header) <= SPOKEN_COLUMNS and len(" ".join(told).split()) <= SPOKEN_WORDS:
        return told
    if columns and len(rows) > 1:
        return [extremes_text([row[0] for row in rows], columns[0], header[0], wording)]
    return [table_text(header, shown, announced, wording)]


def is_marked(rows: Rows) -> bool:
    """Whether the cells are ticks and crosses."""
    cells = [cell.strip().lower() for row in rows for cell in row[1:]]
    return any(cell in YES for cell in cells) and all(cell in YES | NO for cell in cells)


def written_mark(cell: str) -> str:
    """A tick or cross as a sign that every font has; other cells as they are."""
    mark = cell.strip().lower()
    return "✓" if mark in YES else "–" if mark in NO else cell


def marks_text(header: tuple[str, ...], row: tuple[str, ...]) -> str:
    """`Undo: only this one.`"""
    names = header[1:]
    having = [name for name, cell in zip(names, row[1:], strict=True) if cell.strip().lower() in YES]
    if len(having) == len(names):
        return f"{row[0]}: {'both' if len(names) == 2 else 'all of them' if len(names) > 2 else 'yes'}"
    return f"{row[0]}: {joined(having) if len(having) > 1 else f'only {having[0]}' if having else 'none of them'}"


def names_of(rows: Rows, wording: Wording) -> list[str]:
    """The first cells as they are called: `-e, --ext` is `ext`."""
    return wording.soften_names([FLAG.sub(r"\g<name>", row[0]) for row in rows])


def has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def row_text(header: tuple[str, ...], row: tuple[str, ...], wording: Wording, *, known: bool = False) -> str:
    """`1812: depth 237 meters, method hemp line.` What the columns are is `known` from the second row on."""
    row = (FLAG.sub(r"\g<name>", row[0]), *row[1:])
    if len(header) == 2 and tuple(head.strip().lower() for head in header) in CHANGES:
        return f"{row[0]} becomes {row[1]}"
    if len(header) == 2:
        return f"{row[0]}: {wording.soften(row[1])}"
    if not header[0]:  # names stand on both sides
        pairs = [f"{cell} for {name}" for name, cell in zip(header[1:], row[1:], strict=True) if has_words(cell)]
        return f"{row[0]}: {joined(pairs)}" if pairs else row[0]
    cells = [
        with_head(name, cell, wording, known=known) if name else cell
        for name, cell in zip(header[1:], row[1:], strict=True)
        if has_words(cell) and not FILE.match(cell.strip())
    ]
    return f"{row[0]}: {', '.join(cells)}" if cells else row[0]


def with_head(head: str, cell: str, wording: Wording, *, known: bool = False) -> str:
    """`hit 0.8 milliseconds` for 0.8 under `Hit (ms)`; where that is `known`, only bare numbers need their name."""
    if head.strip().lower() in DESCRIBING or CLAUSE.match(head):  # it says so itself
        return wording.soften(cell)
    if head.endswith("?") and (answer := cell.strip().lower()) in ANSWERS:
        return f"{ANSWERS[answer]}{wording.soften(head[:-1])}"
    head = head.rstrip("?")
    named, number = HEAD_UNIT.match(head), NUMBER.match(cell.strip())
    if not named or not number or not named["name"]:
        is_bare = number is not None and not number["unit"] and not number["money"]
        return wording.soften(cell) if known and not is_bare else f"{wording.soften(head)} {wording.soften(cell)}"
    unit = "" if number["unit"] or any(sign in named["unit"] for sign in "$€£¥") else named["unit"]
    value = spoken_unit(f"{cell} {unit}".strip())
    return value if known and (unit or number["unit"]) else f"{wording.soften(named['name'])} {value}"


def table_text(header: tuple[str, ...], rows: Rows, announced: bool, wording: Wording) -> str:
    """What the table holds, from its own heads and first column."""
    names = joined(names_of(rows, wording))
    heads = [f"the {wording.soften(head)}" for head in header[1:] if head]
    if announced:
        return names[:1].upper() + names[1:]
    listed = joined(heads) if len(heads) <= TOLD_COLUMNS else f"{len(heads)} columns"
    return f"The table shows {listed} for {names}" if heads else f"The table lists {names}"
