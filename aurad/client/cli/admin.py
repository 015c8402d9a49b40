"""Commands about the daemon itself: doctor, raw."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from aurad.client.cli import codes, daemon
from aurad.client.cli.jobs import as_json
from aurad.client.cli.table import print_json, print_table
from aurad.model.errors import AuradError

SIGNS = {True: click.style("✓", fg="green"), False: click.style("✗", fg="red")}


@click.command(epilog="Example: `auractl doctor --json`. Exit status: 0 all is well; 1 something is not.")
@as_json
def doctor(as_json: bool) -> int:
    """Check FFmpeg, fonts, voices, disk and plugins."""
    client, _ = daemon.connect(work=True)  # the one that `make` would use, and whether it goes by our variables
    with client:
        checks: list[dict[str, Any]] = client.call("system.doctor")["checks"]
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


@click.command(epilog="Example: `auractl raw jobs.list '{\"limit\": 3}' | jq '.jobs[].status'`.")
@click.argument("method")
@click.argument("params", required=False, metavar="[JSON]")
def raw(method: str, params: str | None) -> None:
    """Call any method of the control socket.

    Its params are a JSON object; - reads them from stdin. The result is printed.
    """
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
