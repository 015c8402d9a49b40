"""The console entry point `auractl`: all commands, and the one place where errors become words and a status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from aurad import __version__
from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.cli import admin, catalogue, codes, complete, jobs, life, logs, options, submit, talk, watch, web
from aurad.model.errors import KINDS, AuradError


class Commands(click.Group):
    """Lists commands as they were added: in the order in which people need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=Commands, epilog=codes.HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="auractl", message="%(prog)s %(version)s")
def cli() -> None:
    """Make videos of documents and topics, and steer the aurad daemon."""


for command in (
    options.make, submit.submit, jobs.ls, jobs.show, watch.watch, logs.logs, jobs.script, life.cancel, life.retry,
    life.pause, life.resume, life.priority, life.rm, web.open_page, web.token, catalogue.voices, catalogue.themes,
    catalogue.presets, catalogue.plugins, admin.config, admin.doctor, complete.completion, admin.raw,
):  # fmt: skip
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run auractl and exit."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run auractl; returns the exit status. A traceback is a bug and stays one."""
    try:
        return int(cli.main(arguments, prog_name="auractl", standalone_mode=False) or codes.OK)
    except click.exceptions.Abort:
        return codes.CANCELLED
    except click.ClickException as error:
        error.show()
        return codes.USAGE
    except AuradError as error:
        talk.error(error.code, error.detail, error.remedy)
        return codes.exit_code(error.code)
    except RemoteError as error:
        facts = [("correlation id", error.correlation_id)] if error.correlation_id else []
        talk.error(error.code, error.detail, error.remedy, facts=facts)
        return codes.exit_code(error.code)
    except (ConnectionLost, TimeoutError) as error:
        talk.error("E504-NO_DAEMON", str(error) or "cannot hear the daemon", KINDS["E504-NO_DAEMON"].remedy)
        return codes.NO_DAEMON
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return codes.FAILED


if __name__ == "__main__":
    main()
