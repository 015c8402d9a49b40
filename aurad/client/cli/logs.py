"""The command logs: a job's log on standard output, as it is or as it grows."""

from __future__ import annotations

import sys

import click

from aurad.client.cli import daemon, talk
from aurad.client.cli.jobs import find, job_argument


@click.command(epilog="Example: `auractl logs -f last`.")
@job_argument
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows, until the job has ended.")
@click.option("--offset", type=int, default=0, metavar="BYTES", help="Begin there; counted from the end if negative.")
def logs(job_id: str, follow: bool, offset: int) -> None:
    """Show a job's log: what its stages and tools said, every run of FFmpeg with its command and exit code."""
    client, _ = daemon.connect()
    with client:
        job_id = find(client, job_id)
        while True:
            part = client.call("jobs.logs", {"jobId": job_id, "offset": offset, "follow": follow})
            _show(part["text"])
            offset = part["nextOffset"]
            if part["ended"] or not (follow or part["text"]):
                return


def _show(text: str) -> None:
    if sys.stdout.isatty():
        text = talk.harmless(text)
    sys.stdout.write(text)
    sys.stdout.flush()
