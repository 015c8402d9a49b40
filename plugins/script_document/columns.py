"""Columns of numbers in a table: which they are, in which unit, and how their values are shown and said."""

from __future__ import annotations

import re
from typing import NamedTuple

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
VERSION = re.compile(r"^(?:v|version )?\d+\.\d+(?:\.\d+)*$", re.IGNORECASE)
SCALES = {"m": "million", "mn": "million", "million": "million", "bn": "billion", "b": "billion", "billion": "billion",
          "k": "thousand", "thousand": "thousand", "thousands": "thousand",
          "millions": "million", "billions": "billion"}  # fmt: skip
UNITS = {"s": "seconds", "ms": "milliseconds", "m": "meters", "h": "hours", "min": "minutes", "d": "days", "g": "grams"}


class Column(NamedTuple):
    """A column of numbers: what it is, its unit, values and how they are written."""

    name: str
    note: str  # the name with what the numbers on the slide leave out
    unit: str
    values: list[float]
    shown: list[str]


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
