"""What auractl says to people, on stderr; stdout is left to data."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

import click

# What a tool says may hold escape sequences; on a terminal they could rewrite what was shown before.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def interactive() -> bool:
    """Whether somebody watches stderr on a terminal that can move its cursor."""
    import os

    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def harmless(text: str) -> str:
    """Without anything that steers a terminal."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def note(text: str) -> None:
    click.echo(text, err=True)


def warning(text: str, remedy: str = "") -> None:
    click.echo(click.style("warning", fg="yellow", bold=True) + f": {text}", err=True)
    _remedy(remedy)


def error(code: str, detail: str, remedy: str = "", *, facts: Iterable[tuple[str, str]] = ()) -> None:
    """`error CODE: detail`, then facts and the remedy, each on its own line."""
    click.echo(click.style(f"error {code}", fg="red", bold=True) + f": {detail}", err=True)
    for name, value in facts:
        click.echo(click.style(f"{name}: ", dim=True) + value, err=True)
    _remedy(remedy)


def _remedy(remedy: str) -> None:
    if remedy:
        click.echo(click.style("remedy", fg="green") + f": {remedy}", err=True)
