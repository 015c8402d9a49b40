"""Commands about plugins: which there are, what they can do, and what an administrator does with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aurad.client.cli import codes, daemon, talk
from aurad.client.cli.complete import complete_plugins
from aurad.client.cli.group import Group
from aurad.client.cli.jobs import as_json, call
from aurad.client.cli.options import plugin_options
from aurad.client.cli.schema import options
from aurad.client.cli.table import print_columns, print_json, print_table
from aurad.model.errors import AuradError

KINDS = ("script", "voice", "visuals", "render", "finish")  # the order in which a job meets them
COLUMNS = ("name", "kind", "version", "status", "reason")
PATIENCE_SECONDS = 660.0  # pip has ten minutes, a trial two

name_argument = click.argument("name", shell_complete=complete_plugins)


@click.group(cls=Group, invoke_without_command=True, epilog="Example: `auractl plugins show slides`.")
@click.pass_context
def plugins(ctx: click.Context) -> None:
    """List and manage plugins.

    Without a command they are listed.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_plugins, as_json=False)


@plugins.command("list")
@as_json
def list_plugins(as_json: bool) -> None:
    """List plugins, what they do, and why one is off."""
    _print(_ordered(call("plugins.list")["plugins"]), as_json)


@plugins.command("show")
@name_argument
@as_json
def show(name: str, as_json: bool) -> None:
    """Show a plugin and its options."""
    found = _named(name)
    _print(found, as_json)
    for one in () if as_json else found:
        rows = [(f"{one['name']}.{option}", *more) for option, *more in options(one.get("optionsSchema") or {})]
        print_table(("OPTION", "ALLOWED", "DEFAULT", "MEANING"), rows)


@plugins.command("schema")
@name_argument
def schema(name: str) -> None:
    """Print the JSON Schema of a plugin's options."""
    schemas = call("plugins.schema", name=name)["schemas"]
    print_json(
        {one["name"]: one["optionsSchema"] for one in schemas} if len(schemas) > 1 else schemas[0]["optionsSchema"]
    )


@plugins.command("test", epilog="Example: `auractl plugins test hibari --text 'Good morning.'`.")
@name_argument
@click.option("--text", help="What it says, draws or writes.")
@click.option("--language", metavar="TAG", help="Such as pt-BR.")
@click.option("--voice", metavar="NAME", help="See `auractl voices`.")
@click.option("--set", "settings", metavar="OPTION=VALUE", multiple=True, help="An option of the plugin; repeat it.")
@as_json
def test(name: str, settings: tuple[str, ...], as_json: bool, **given: str | None) -> int:
    """Have a plugin do something small for real."""
    options = plugin_options(f"{name}.{one}" for one in settings).get(name)
    params = {key: value for key, value in {**given, "options": options}.items() if value}
    answer = _patient("plugins.test", name=name, **params)
    if as_json:
        print_json(answer)
    elif answer["ok"]:
        facts = ", ".join(f"{key} {value}" for key, value in answer["facts"].items())
        click.echo(
            f"{answer['stage']} {answer['method']}: ok in {answer['seconds']:.1f} s" + (f"; {facts}" if facts else "")
        )
    else:
        problem = answer["problem"]
        log = (("log", str(line)) for line in answer["log"])
        talk.error(problem["errorCode"], problem["detail"], problem.get("remedy", ""), facts=log)
    return codes.OK if answer["ok"] else codes.FAILED


@plugins.command("install", epilog="Example: `auractl plugins install ./aurad_voice_x-1.2-py3-none-any.whl --offline`.")
@click.argument("requirement")
@click.option("--offline", is_flag=True, help="Look nowhere else than at that path.")
def install(requirement: str, offline: bool) -> None:
    """Install a package with plugins: a name with versions, or the path of a wheel, an archive or a folder."""
    if Path(requirement).exists():
        requirement = str(Path(requirement).absolute())
    _tell_changes(_patient("plugins.install", requirement=requirement, offline=offline))


@plugins.command("uninstall")
@name_argument
def uninstall(name: str) -> None:
    """Remove the package of a plugin, and all plugins that came with it."""
    _tell_changes(_patient("plugins.uninstall", name=name))


@plugins.command("enable")
@name_argument
def enable(name: str) -> None:
    """Use a plugin again that was disabled."""
    click.echo(call("plugins.enable", name=name)["status"])


@plugins.command("disable")
@name_argument
def disable(name: str) -> None:
    """Use a plugin no more; jobs that run keep it."""
    click.echo(call("plugins.disable", name=name)["status"])


@plugins.command("reload")
@as_json
def reload(as_json: bool) -> None:
    """Look at what is installed now, and ask broken plugins again."""
    _print(_ordered(_patient("plugins.reload")["plugins"]), as_json)


def _patient(method: str, **params: Any) -> Any:
    client, _ = daemon.connect()
    with client:
        return client.call(method, params, timeout=PATIENCE_SECONDS)


def _ordered(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda one: ([*KINDS, one["kind"]].index(one["kind"]), one["name"]))


def _named(name: str) -> list[dict[str, Any]]:
    found = [one for one in _ordered(call("plugins.list")["plugins"]) if name in (one["name"], one.get("plugin"))]
    if not found:
        raise AuradError("E104-PLUGIN", f"cannot show the plugin {name!r}: there is none of that name")
    return found


def _print(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_columns(found, COLUMNS)


def _tell_changes(answer: dict[str, Any]) -> None:
    told = [f"{sign}{name}" for sign, member in (("+", "added"), ("~", "changed"), ("-", "removed"))
            for name in answer[member]]  # fmt: skip
    click.echo("\n".join(told) or "no plugin came or went")
