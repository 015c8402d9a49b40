"""Commands that tell what there is to choose from: plugins, voices, themes, presets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aurad.client.cli.jobs import as_json, call
from aurad.client.cli.table import print_json, print_table


@click.command()
@as_json
def plugins(as_json: bool) -> None:
    """List plugins, what they do, and why one is off."""
    _list("plugins.list", "plugins", ("name", "kind", "version", "status", "reason"), as_json)


@click.command()
@as_json
def voices(as_json: bool) -> None:
    """List voices."""
    _list("catalog.voices", "voices", ("name", "provider", "language", "gender", "description"), as_json)


@click.command()
@as_json
def themes(as_json: bool) -> None:
    """List themes of the pictures."""
    _list("catalog.themes", "themes", ("name", "provider", "description"), as_json)


@click.command()
@as_json
def presets(as_json: bool) -> None:
    """List presets."""
    _list("catalog.presets", "presets", ("name", "aspect", "shortSide", "quality", "description"), as_json)


def _list(method: str, member: str, columns: Sequence[str], as_json: bool) -> None:
    found: list[dict[str, Any]] = call(method)[member]
    if as_json:
        print_json(found)
        return
    used = [name for name in columns if any(one.get(name) not in (None, "") for one in found)]
    print_table([name.upper() for name in used], ([one.get(name) for name in used] for one in found))
