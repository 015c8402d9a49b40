"""Commands about the settings: show, get, set, reload."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from aurad.client.blocking import CALL_SECONDS
from aurad.client.cli import daemon, talk
from aurad.client.cli.group import Group, did_you_mean
from aurad.client.cli.jobs import as_json, call
from aurad.client.cli.options import json_or_text
from aurad.client.cli.table import print_json
from aurad.model.errors import AuradError
from aurad.model.folders import folders

if TYPE_CHECKING:
    from aurad.wire.toml import Loaded

system_option = click.option("--system", is_flag=True, help="Those in /etc/aurad instead of your own.")


@click.group(cls=Group, epilog="Example: `auractl config set store.max_gib 20`.")
def config() -> None:
    """Show and change settings."""


@config.command("show", epilog="Example: `auractl config show store --origin`.")
@click.argument("key", required=False)
@click.option("--origin", is_flag=True, help="Also tell where each comes from.")
@system_option
@as_json
def show(key: str | None, origin: bool, system: bool, as_json: bool) -> None:
    """Print the settings in force, or those of KEY: defaults, files, environment."""
    loaded, values = _files(system)
    if key is not None:
        values = _found(values, key)
    if as_json:
        print_json({name: {"value": value, "origin": loaded.origins.get(name)} for name, value in values.items()})
        return
    for name, value in values.items():
        told = click.style(f"  # {loaded.origins.get(name, 'default')}", dim=True) if origin else ""
        click.echo(f"{name} = {_json(value)}{told}")


@config.command("get")
@click.argument("key")
@system_option
def get(key: str, system: bool) -> None:
    """Print one setting, such as store.max_gib, or all below a name, such as store."""
    for name, value in _found(_files(system)[1], key).items():
        click.echo(_json(value) if name == key else f"{name} = {_json(value)}")


@config.command("set", context_settings={"ignore_unknown_options": True})  # a value may be below zero
@click.argument("key")
@click.argument("value")
@system_option
def change(key: str, value: str, system: bool) -> None:
    """Set KEY (such as store.max_gib) to VALUE in a file of aurad's own; its path is printed. `null` takes it back.

    A daemon that runs goes by it at once.
    """
    client = None if system else daemon.running(CALL_SECONDS, own=True)
    if client is None:
        from aurad.configuration import set_value

        path = str(set_value(folders(system, os.environ), key, value))
        click.echo(path)
        _tell_if_overruled(key, value, path, _files(system)[0].origins.get(key, ""))
        return
    with client:
        answer = client.call("config.set", {"key": key, "value": json_or_text(value)})
    click.echo(answer["path"])
    _tell_if_overruled(key, value, answer["path"], answer["origin"])
    if answer["restart"]:
        talk.note(f"{key} is in force after a restart of the daemon")


@config.command("reload")
def reload() -> None:
    """Have the daemon read its settings again; what changed is printed."""
    print_json(call("config.reload"))


def _files(system: bool) -> tuple[Loaded, dict[str, Any]]:
    import msgspec  # here only: the way to `make` is kept short

    from aurad.configuration import load_settings

    loaded = load_settings(folders(system, os.environ), environ=os.environ)
    return loaded, dict(_flat(msgspec.to_builtins(loaded.settings)))


def _found(values: dict[str, Any], key: str) -> dict[str, Any]:
    """The setting of that name, or all below it; raises E503 if there is none."""
    found = {name: value for name, value in values.items() if name == key or name.startswith(f"{key}.")}
    if not found:
        raise AuradError("E503-CONFIG", f"cannot get {key}: there is no such setting.{did_you_mean(key, list(values))}")
    return found


def _tell_if_overruled(key: str, value: str, path: str, origin: str) -> None:
    """What was written to `path` may be of no effect: a later source wins. Of what was taken back any other may."""
    if json_or_text(value) is not None and origin not in ("", "default") and not origin.startswith(f"{path}:"):
        talk.warning(f"{key} stays what {origin} says, which wins over {path}")


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
