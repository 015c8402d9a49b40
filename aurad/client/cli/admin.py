"""Commands about the daemon itself: doctor, config, raw."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from aurad.client.cli import codes, daemon
from aurad.client.cli.jobs import as_json, call
from aurad.client.cli.table import print_json, print_table
from aurad.model.errors import AuradError
from aurad.model.folders import folders

SIGNS = {True: click.style("✓", fg="green"), False: click.style("✗", fg="red")}


@click.command(epilog="Exit status: 0 all is well; 1 something is not.")
@as_json
def doctor(as_json: bool) -> int:
    """Check FFmpeg, fonts, voices, disk and plugins."""
    checks: list[dict[str, Any]] = call("system.doctor")["checks"]
    if as_json:
        print_json(checks)
    else:
        print_table(
            ("", "CHECK", "FOUND"), ([SIGNS[bool(one["ok"])], one["name"], one.get("detail")] for one in checks)
        )
        for one in checks:
            if not one["ok"] and one.get("remedy"):
                click.echo(click.style("remedy", fg="green") + f" for {one['name']}: {one['remedy']}")
    return codes.OK if all(one["ok"] for one in checks) else codes.FAILED


@click.group()
def config() -> None:
    """Show and change settings."""


system_option = click.option("--system", is_flag=True, help="Those in /etc/aurad instead of your own.")


@config.command("show")
@click.option("--origin", is_flag=True, help="Also tell where each comes from.")
@system_option
@as_json
def config_show(origin: bool, system: bool, as_json: bool) -> None:
    """Print the settings in force: defaults, files, environment."""
    import msgspec  # here only: the way to `make` is kept short

    from aurad.configuration import load_settings

    loaded = load_settings(folders(system, os.environ), environ=os.environ)
    values = dict(_flat(msgspec.to_builtins(loaded.settings)))
    if as_json:
        print_json({key: {"value": value, "origin": loaded.origins.get(key)} for key, value in values.items()})
        return
    for key, value in values.items():
        told = click.style(f"  # {loaded.origins.get(key, 'default')}", dim=True) if origin else ""
        click.echo(f"{key} = {json.dumps(value, ensure_ascii=False)}{told}")


@config.command("set")
@click.argument("key")
@click.argument("value")
@system_option
def config_set(key: str, value: str, system: bool) -> None:
    """Set KEY (such as store.max_gib) to VALUE in a file of auractl's own; its path is printed."""
    from aurad.configuration import set_value

    click.echo(str(set_value(folders(system, os.environ), key, value)))


@click.command()
@click.argument("method")
@click.argument("params", required=False, metavar="[JSON]")
def raw(method: str, params: str | None) -> None:
    """Call any METHOD of the control socket with JSON params (- reads them from stdin)."""
    text = sys.stdin.read() if params == "-" else params or "{}"
    try:
        given = json.loads(text)
    except ValueError as error:
        raise AuradError(
            "E106-PARSE", f"cannot use the params: {error}", remedy="Give a JSON object: '{\"a\": 1}'."
        ) from error
    if not isinstance(given, dict):
        raise AuradError("E106-PARSE", "cannot use the params: they are no JSON object", remedy="Write {...}.")
    client, _ = daemon.connect()
    with client:
        print_json(client.call(method, given))


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
