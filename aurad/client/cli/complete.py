"""Completion by shells: scripts for bash, zsh and fish, and words that a running daemon knows.

Shells ask by calling `auractl` with an environment variable set; click answers for commands and options. No daemon
is started for it, and nothing is said if none answers.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

from aurad.client.blocking import RemoteError
from aurad.client.cli import daemon

SECONDS = 0.5  # for a daemon to answer; a shell waits for us
VARIABLE = "_AURACTL_COMPLETE"


def complete_jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Ids of jobs, the newest first, with what they are about."""
    from click.shell_completion import CompletionItem

    jobs = _ask("jobs.list").get("jobs", [])
    return [
        CompletionItem(job["jobId"], help=f"{job['status']} {(job.get('labels') or {}).get('source', '')}".strip())
        for job in jobs
        if job["jobId"].startswith(incomplete)
    ]


def complete_plugins(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Names of plugins."""
    from click.shell_completion import CompletionItem

    names = dict.fromkeys(plugin["name"] for plugin in _ask("plugins.list").get("plugins", []))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _ask(method: str) -> dict[str, Any]:
    with suppress(OSError, RemoteError):
        if client := daemon.running(SECONDS):
            with client:
                return dict(client.call(method))
    return {}


@click.command(epilog='Example, in ~/.bashrc: eval "$(auractl completion bash)"')
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options, jobs and plugins."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    source = found(ctx.find_root().command, {}, "auractl", VARIABLE)
    click.echo(source.source_template % source.source_vars())
