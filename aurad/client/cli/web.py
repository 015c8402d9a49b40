"""`auractl open` and `auractl token`: the ways in over HTTP, with one's own role."""

from __future__ import annotations

import webbrowser

import click

from aurad.client.cli import daemon, talk


@click.command("open", epilog="Example: `auractl open --print`, on a machine without a browser.")
@click.option("--print", "print_only", is_flag=True, help="Print the address instead of opening a browser.")
def open_page(print_only: bool) -> None:
    """Open the daemon's page in a browser, let in by an address that works once, for a minute."""
    client, _ = daemon.connect()
    with client:
        url = str(client.call("web.open")["url"])
    if print_only or not webbrowser.open(url):
        click.echo(url)


@click.command(epilog='Example: `curl -H "Authorization: Bearer $(auractl token)" http://127.0.0.1:8765/api/jobs`.')
@click.option("--label", default="", help="What it is for; `--revoke` knows it by this.")
@click.option("--role", type=click.Choice(["read", "operate", "admin"]), help="At most your own, which is the default.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="It ages; without, it does not.")
@click.option("--revoke", is_flag=True, help="End your tokens and browser sessions: those with --label, or all.")
def token(label: str, role: str | None, days: float | None, revoke: bool) -> None:
    """Print a token for the REST interface, for the header `Authorization: Bearer ...`."""
    client, _ = daemon.connect()
    with client:
        if revoke:
            ended = client.call("web.revoke", {"label": label} if label else {})["revoked"]
            talk.note(f"{ended} ended")
            return
        asked = {"label": label, "role": role, "days": days}
        answer = client.call("web.token", {name: value for name, value in asked.items() if value})
    talk.note(f"for {answer['url']}, role {answer['role']}; it is not shown again")
    click.echo(answer["token"])
