"""Commands about the daemon itself: doctor, config, raw."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from aurad.client.cli import codes, daemon, files
from aurad.client.cli.jobs import as_json, call
from aurad.client.cli.table import print_json, print_table
from aurad.model.errors import AuradError
from aurad.model.folders import folders

DROP_IN = "50-auractl.toml"  # the one file of settings that we write; the user's own stay as they are
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


@config.command("show")
@click.option("--origin", is_flag=True, help="Also tell where each comes from.")
@as_json
def config_show(origin: bool, as_json: bool) -> None:
    """Print the settings in force."""
    answer = call("config.get")
    if as_json:
        print_json(answer)
        return
    origins = answer.get("origins") or {}
    values = dict(_flat(answer.get("settings") or {}))
    for key in values if not origins else [*origins, *(key for key in values if key not in origins)]:
        if key in values:
            told = click.style(f"  # {origins.get(key, 'default')}", dim=True) if origin else ""
            click.echo(f"{key} = {json.dumps(values[key], ensure_ascii=False)}{told}")


@config.command("set")
@click.argument("key")
@click.argument("value")
@click.option("--system", is_flag=True, help="In /etc/aurad instead of your own folder.")
def config_set(key: str, value: str, system: bool) -> None:
    """Set KEY (such as store.max_gib) to VALUE in a file of auractl's own beside yours."""
    from aurad.wire.toml import with_value

    path = folders(system, os.environ).drop_ins / DROP_IN
    with files.naming(path):
        old = path.read_bytes() if path.exists() else b""
        new = with_value(old, str(path), key, value)
        path.parent.mkdir(parents=True, exist_ok=True)
    files.write_whole(path, new)
    click.echo(str(path))


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


def _flat(table: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in table.items():
        pairs.extend(_flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)])
    return pairs
