"""`--dry-run`: what a job would come to. Nothing is uploaded, stored, made or written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from aurad.client.cli.table import print_table
from aurad.client.cli.view import short_time

MEGABYTE = 1_000_000


def print_plan(plan: dict[str, Any]) -> None:
    """For people."""
    for name, value in _facts(plan):
        click.echo(click.style(f"{name}: ", dim=True) + value)
    print_table(
        ("STAGE", "PLUGIN", "WHY"),
        ((kind, one["name"], one.get("reason")) for kind, chosen in plan["providers"].items() for one in chosen),
    )


def _facts(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    number = plan["scenes"]
    yield "video", f"about {short_time(plan['videoSeconds'])}, {number} scene{'s' * (number != 1)}"
    yield "takes", f"about {short_time(plan['seconds'])} if the machine does nothing else"
    yield "disk", f"up to {plan['diskBytes'] / MEGABYTE:.0f} MB"
    if plan["cost"]:
        yield "cost", f"{plan['cost']:g}"
