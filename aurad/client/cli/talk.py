"""What auractl says to people, on stderr; stdout is left to data."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

import click

# What a tool says may hold escape sequences; on a terminal they could rewrite what was shown before.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def interactive() -> bool:
    """Whether somebody watches stderr on a terminal that can move its cursor; it may be closed."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def harmless(text: str) -> str:
    """Without anything that steers a terminal."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def note(text: str) -> None:
    _say(text)


def warning(text: str, remedy: str = "") -> None:
    _say(click.style("warning", fg="yellow", bold=True) + f": {text}")
    _remedy(remedy)


def error(code: str, detail: str, remedy: str = "", *, facts: Iterable[tuple[str, str]] = ()) -> None:
    """`error CODE: detail`, then facts and the remedy, each on its own line."""
    _say(click.style(f"error {code}", fg="red", bold=True) + f": {detail}")
    for name, value in facts:
        _say(click.style(f"{name}: ", dim=True) + value)
    _remedy(remedy)


def colour() -> bool | None:
    """Whether there may be colours: no if `NO_COLOR` is set, else as the terminal can."""
    return False if os.environ.get("NO_COLOR") else None


def _say(text: str) -> None:
    click.echo(text, err=True, color=colour())


def _remedy(remedy: str) -> None:
    if remedy:
        _say(click.style("remedy", fg="green") + f": {remedy}")
