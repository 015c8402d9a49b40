"""All commands of `auractl`, and the one place where errors become words and a status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import click

from aurad import __version__
from aurad.client.cli import codes, talk
from aurad.client.cli.commands import SECTIONS
from aurad.client.cli.group import LazyGroup

FULL = (errno.ENOSPC, errno.EDQUOT)
EXAMPLES = """\
\b
Examples:
  auractl make notes.md                 a video beside you, no daemon needed
  auractl submit *.md && auractl watch  many at once
  auractl show last                     why did it fail?
"""


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    epilog=EXAMPLES + "\n" + codes.HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="auractl", message="%(prog)s %(version)s")
def cli() -> None:
    """Make videos of documents and topics, and steer the aurad daemon.

    JOB is a job's id, the beginning or the end of one, or `last`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run auractl and exit."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run auractl; returns the exit status. A traceback is a bug and stays one."""
    try:
        status = cli.main(arguments, prog_name="auractl", standalone_mode=False, color=talk.colour())
        return int(status or codes.OK)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return codes.CANCELLED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return codes.USAGE
    except click.ClickException as error:
        where = getattr(error, "ctx", None) or click.Context(cli, info_name="auractl")
        talk.error("E100-REQUEST", error.format_message(), f"`{where.command_path} --help` tells what is allowed.")
        return codes.USAGE
    except BrokenPipeError:  # the reader of our output has seen enough
        return _unheard()
    except Exception as error:
        from aurad.client.cli import errors  # only who errs waits for it

        if isinstance(error, errors.TOLD):
            return errors.tell(error)
        if isinstance(error, OSError) and error.errno in FULL:
            talk.error(
                "E505-OUTPUT", f"cannot write the answer: {error.strerror}", "Free some space, or send it elsewhere."
            )
            return _unheard()
        raise


def _unheard() -> int:
    """What is still in the buffer goes nowhere: Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return codes.FAILED


if __name__ == "__main__":
    main()
