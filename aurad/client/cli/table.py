"""Columns of text for stdout."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import click

GAP = "  "
MEASURED = 50  # rows that say how wide columns are


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bool:
    """Columns aligned by the first rows, which need not wait for the others; the header is dim on a terminal.

    No rows: nothing at all, and False.
    """
    lines = ([_text(cell) for cell in row] for row in rows)
    first = list(islice(lines, MEASURED))
    if not first:
        return False
    widths = [max(map(_width, column)) for column in zip(header, *first, strict=True)]
    click.echo(click.style(_line(header, widths), dim=True))
    for line in chain(first, lines):
        click.echo(_line(line, widths))
    return True


def print_columns(found: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Objects as a table; only columns in which something is said."""
    used = [name for name in columns if any(one.get(name) not in (None, "") for one in found)]
    print_table([name.upper() for name in used], ([one.get(name) for name in used] for one in found))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return GAP.join(padded).rstrip()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, list | tuple):
        return ", ".join(map(_text, cell))
    return " ".join(str(cell).split())


def _width(text: str) -> int:
    """Columns on a terminal, without colour codes: East Asian letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in click.unstyle(text))
