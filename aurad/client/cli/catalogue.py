"""Commands that tell what there is to choose from: voices, themes, presets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from aurad.client.cli import daemon, files
from aurad.client.cli.jobs import as_json, call
from aurad.client.cli.options import ASPECTS
from aurad.client.cli.table import print_columns, print_json


@click.command(epilog="Example: `auractl voices --json | jq -r '.[].name'`.")
@as_json
def voices(as_json: bool) -> None:
    """List voices."""
    _list("catalog.voices", "voices", ("name", "default", "provider", "language", "gender", "description"), as_json)


@click.command(epilog="Example: `auractl themes paper -o paper.png --aspect 9:16`.")
@click.argument("theme", required=False)
@click.option("-o", "out", type=click.Path(path_type=Path), metavar="SHEET.png",
              help="Where the sheet of THEME goes; THEME.png if not told.")  # fmt: skip
@click.option("--aspect", type=click.Choice(ASPECTS), help="Shape of the slides on the sheet.")
@as_json
def themes(theme: str | None, out: Path | None, aspect: str | None, as_json: bool) -> None:
    """List themes, or draw a sheet of one.

    On the sheet of THEME are all layouts of its slides.
    """
    if theme is None:
        if out or aspect:
            raise click.UsageError("Name the THEME whose sheet you want.")
        _list("catalog.themes", "themes", ("name", "default", "provider", "description"), as_json)
        return
    path = out or Path(f"{theme}.png")
    files.check_writable(path.absolute().parent)
    client, _ = daemon.connect(work=True)
    with client:
        opened = client.open_file("catalog.sample", {"theme": theme, **({"aspect": aspect} if aspect else {})})
    with open(opened.fd, "rb") as file:
        files.write_whole(path, file.read())
    if as_json:
        print_json({"path": str(path.absolute()), "sizeBytes": opened.size, "mediaType": opened.media_type})
    else:
        click.echo(str(path))


@click.command(epilog="Example: `auractl presets`, then `auractl make notes.md --preset draft`.")
@as_json
def presets(as_json: bool) -> None:
    """List presets."""
    _list("catalog.presets", "presets", ("name", "default", "aspect", "shortSide", "quality", "description"), as_json)


def _list(method: str, member: str, columns: Sequence[str], as_json: bool) -> None:
    found: list[dict[str, Any]] = call(method)[member]
    if as_json:
        print_json(found)
    else:
        print_columns([{**one, "default": "yes" if one.get("default") else ""} for one in found], columns)
