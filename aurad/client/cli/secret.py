"""Commands about secrets: keys and passwords of services. A value never is an argument: others could see it."""

from __future__ import annotations

import sys

import click

from aurad.client.cli import talk
from aurad.client.cli.group import Group
from aurad.client.cli.jobs import as_json, call
from aurad.client.cli.table import print_json, print_table
from aurad.model.errors import AuradError


@click.group(cls=Group, epilog="Example: `pass show speech | auractl secrets set SPEECH_KEY`.")
def secrets() -> None:
    """Keep keys of services for plugins."""


@secrets.command("list")
@as_json
def names(as_json: bool) -> None:
    """List names of secrets, and those that a plugin misses."""
    answer = call("secrets.list")
    if as_json:
        print_json(answer)
        return
    rows = [(name, "set") for name in answer["names"]] + [(name, "missing") for name in answer["missing"]]
    if not print_table(("NAME", "STATUS"), rows):
        talk.note("no secret is set, and no plugin misses one")


@secrets.command("set")
@click.argument("name")
def put(name: str) -> None:
    """Keep a secret; its value is asked for, or read from standard input."""
    typed = sys.stdin.isatty()
    value = click.prompt(name, hide_input=True, err=True) if typed else sys.stdin.read().removesuffix("\n")
    if not value:
        raise AuradError("E100-REQUEST", f"cannot keep {name}: standard input has no value for it")
    call("secrets.set", name=name, value=value)


@secrets.command("rm")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def remove(names: tuple[str, ...]) -> None:
    """Forget secrets."""
    for name in names:
        call("secrets.delete", name=name)
