"""Tables in which two things are told apart: one panel for each, and what differs said side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aurad.api import Item, Slide
from aurad_plugins.script_document.blocks import Block, Table
from aurad_plugins.script_document.columns import NUMBER, Column, spoken_unit
from aurad_plugins.script_document.grammar import FINITE
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.telling import TOTAL, has_words, is_course, is_marked
from aurad_plugins.script_document.units import Speech, Unit
from aurad_plugins.script_document.vocabulary import word_set
from aurad_plugins.script_document.wording import Wording

ASPECTS = word_set(
    """aspect aspects area attribute category characteristic criteria criterion dimension factor feature features item
    metric parameter property quality question topic trait what"""
)  # what stands over a first column that only names what is compared
COMPARES = re.compile(r"\b(?:compar\w+|differ\w*|versus|vs|or)\b", re.IGNORECASE)
FEWEST, MOST = 2, 6  # aspects that two panels can hold
MOST_SAID = 45  # words about all of them
BRIEF = 5  # words of two cells that are said against each other
CELL = 60  # characters in a panel; longer is cut at a word


class Aspect(NamedTuple):
    """What two things are compared by, and how each has it."""

    name: str
    one: str
    other: str


class Told(NamedTuple):
    """What is said of an aspect; `one` and `other` are where each side comes in."""

    head: str
    one: str
    other: str


def comparison_unit(
    header: tuple[str, ...],
    rows: list[tuple[str, ...]],
    columns: Sequence[Column],
    lead: Sentence | None,
    wording: Wording,
) -> Unit | None:
    """Nothing where a table of numbers, of ticks or of more than two things is better seen as a table."""
    if len(header) != 3 or not is_of_aspects(header):
        return None
    names, aspects = (header[1], header[2]), [Aspect(row[0], row[1], row[2]) for row in rows]
    if not all(has_words(cell) for row in rows for cell in row):
        return None
    if not FEWEST <= len(aspects) <= MOST or is_marked(rows) or len(columns) == len(header) - 1:
        return None
    speech = Speech()
    if lead:
        speech.lead(lead, ended=True)
    items: list[Item] = []
    most = len(speech.words) + MOST_SAID
    by_name = any(is_clause(cell, wording) for aspect in aspects for cell in aspect[1:])
    for number, aspect in enumerate(aspects):
        told = opposed(names, aspect, by_name, wording)
        told = against(aspect, wording) or told if number else told
        sentence = wording.sentence(" ".join(told))
        is_said = len(speech.words) + len(sentence.spoken) <= most or not number
        at = speech.say(sentence) if is_said else len(speech.words)
        places = at, at + sentence.starts[len(f"{told.head} {told.one}".split())] if is_said else at
        items += [
            Item(text=name, detail=shown(aspect.name, cell), at=place)
            for name, cell, place in zip(names, aspect[1:], places, strict=True)
        ]
    return speech.unit(Slide(kind="comparison", items=tuple(items)))


def is_of_aspects(header: Sequence[str]) -> bool:
    return header[0].strip().lower() in ASPECTS | {""}


def turned(block: Block, heading: str) -> Block:
    """A table with a row for each of two things that the heading compares, with a column for each."""
    if (
        not isinstance(block, Table)
        or not COMPARES.search(heading)
        or len(block.rows) != 2
        or is_of_aspects(block.header)
    ):
        return block
    one, other = block.rows
    aspects = list(zip(block.header, one, other, strict=True))
    is_counted = all(NUMBER.match(cell.strip()) for row in block.rows for cell in row[1:])
    if len(aspects) <= FEWEST or is_counted or is_course(block.rows) or any(TOTAL.search(row[0]) for row in block.rows):
        return block
    return Table(header=("", one[0], other[0]), rows=tuple(aspects[1:]))


def is_clause(cell: str, wording: Wording) -> bool:
    """Whether a cell says more than a name or a number: `locks the shard`, `on disk, rebuilt nightly`."""
    return ", " in cell or wording.grammar.tags(cell.split())[0] in FINITE | {"VB"}


def opposed(names: tuple[str, str], aspect: Aspect, by_name: bool, wording: Wording) -> Told:
    """`Price: 18,000 € for the heat pump, 9,000 € for the gas boiler.` Or each `by_name`, which may say more."""
    head, cells = aspect.name.rstrip(" ?:"), aspect[1:]
    if by_name:
        one, other = (f"{name}: {wording.soften(cell)}." for name, cell in zip(names, cells, strict=True))
        return Told(f"{head}.", one, other)
    one, other = (
        f"{spoken_unit(wording.soften(cell))} for {called(name, wording)}"
        for cell, name in zip(cells, names, strict=True)
    )
    return Told(f"{head}:", f"{one},", other)


def against(aspect: Aspect, wording: Wording) -> Told | None:
    """The same in few words where the names are known: `Lifetime: 20 against 15 years.` Nothing for clauses."""
    cells = [spoken_unit(wording.soften(cell)) for cell in (aspect.one, aspect.other)]
    if len(" ".join(cells).split()) > BRIEF or any(is_clause(cell, wording) for cell in cells):
        return None
    (one, _, unit), (_, _, same) = (cell.rpartition(" ") for cell in cells)
    head = f"{aspect.name.rstrip(' ?:')}:"
    return Told(head, one if one and unit == same else cells[0], f"against {cells[1]}")


def called(name: str, wording: Wording) -> str:
    """`the heat pump`; names, versions and plurals as they are."""
    soft = name if name[-1:].isdigit() else wording.soften(name)
    is_one = soft[:1].islower() and wording.grammar.tags(soft.split())[-1:] == ["NN"]
    return f"the {soft}" if is_one and not re.match(r"(?:an?|the|this|our|your)\b", soft) else soft


def shown(aspect: str, cell: str) -> str:
    return f"{aspect}: {cut(cell)}".replace(";", ",")


def cut(cell: str) -> str:
    return cell if len(cell) <= CELL else cell[:CELL].rsplit(" ", 1)[0].rstrip(",;:") + " …"
