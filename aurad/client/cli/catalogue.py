"""Commands that tell what there is to choose from: plugins, voices, themes, presets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from aurad.client.cli import daemon, files
from aurad.client.cli.jobs import as_json, call
from aurad.client.cli.options import ASPECTS
from aurad.client.cli.schema import options
from aurad.client.cli.table import print_json, print_table
from aurad.model.errors import AuradError

KINDS = ("script", "voice", "visuals", "render", "finish")  # the order in which a job meets them


@click.command()
@click.argument("name", required=False)
@as_json
def plugins(name: str | None, as_json: bool) -> None:
    """List plugins, what they do, and why one is off; of the one called NAME its options."""
    found: list[dict[str, Any]] = call("plugins.list")["plugins"]
    found.sort(key=lambda one: (KINDS.index(one["kind"]) if one["kind"] in KINDS else len(KINDS), one["name"]))
    if name is not None:
        found = [one for one in found if one["name"] == name]
        if not found:
            raise AuradError("E104-PLUGIN", f"cannot show the plugin {name!r}: there is none of that name")
    if as_json:
        print_json(found)
        return
    _print(found, ("name", "kind", "version", "status", "reason"))
    if name is not None:
        for one in found:
            rows = [(f"{name}.{option}", *more) for option, *more in options(one.get("optionsSchema") or {})]
            print_table(("OPTION", "ALLOWED", "DEFAULT", "MEANING"), rows)


@click.command()
@as_json
def voices(as_json: bool) -> None:
    """List voices."""
    _list("catalog.voices", "voices", ("name", "provider", "language", "gender", "description"), as_json)


@click.command()
@click.argument("theme", required=False)
@click.option("-o", "out", type=click.Path(path_type=Path), metavar="SHEET.png",
              help="Where the sheet of THEME goes; THEME.png if not told.")  # fmt: skip
@click.option("--aspect", type=click.Choice(ASPECTS), help="Shape of the slides on the sheet.")
@as_json
def themes(theme: str | None, out: Path | None, aspect: str | None, as_json: bool) -> None:
    """List themes of the pictures; of the one called THEME draw a sheet of all its layouts."""
    if theme is None:
        if out or aspect:
            raise click.UsageError("Name the THEME whose sheet you want.")
        _list("catalog.themes", "themes", ("name", "provider", "description"), as_json)
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


@click.command()
@as_json
def presets(as_json: bool) -> None:
    """List presets."""
    _list("catalog.presets", "presets", ("name", "aspect", "shortSide", "quality", "description"), as_json)


def _list(method: str, member: str, columns: Sequence[str], as_json: bool) -> None:
    found: list[dict[str, Any]] = call(method)[member]
    if as_json:
        print_json(found)
    else:
        _print(found, columns)


def _print(found: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Only columns in which something is said."""
    used = [name for name in columns if any(one.get(name) not in (None, "") for one in found)]
    print_table([name.upper() for name in used], ([one.get(name) for name in used] for one in found))
