"""Commands that steer jobs: cancel, retry, pause, resume, priority, rm. One that fails does not keep the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from aurad.client.blocking import Client, RemoteError
from aurad.client.cli import codes, daemon, talk
from aurad.client.cli.jobs import find, job_argument, jobs_argument


def each(job_ids: Sequence[str], do: Callable[[Client, str], object]) -> int:
    """`do` for each job; one that fails does not keep the others. The exit status is the first failure's."""
    status = codes.OK
    client, _ = daemon.connect()
    with client:
        for word in job_ids:
            try:
                do(client, find(client, word))
            except RemoteError as error:
                talk.error(error.code, error.detail, error.remedy)
                status = status or codes.exit_code(error.code)
    return status


@click.command(epilog="Example: `auractl cancel $(auractl ls -q --status queued)`.")
@jobs_argument
@click.option("--reason", metavar="TEXT", help="Told to whoever watches the job.")
def cancel(job_ids: tuple[str, ...], reason: str | None) -> int:
    """Cancel jobs; returns when nothing of them runs."""
    said = {"reason": reason} if reason else {}
    return each(job_ids, lambda client, job: client.call("jobs.cancel", {"jobId": job, **said}))


@click.command(epilog="Example: `auractl watch last`, after `auractl retry last`.")
@jobs_argument
def retry(job_ids: tuple[str, ...]) -> int:
    """Run jobs again as new ones, whose ids are printed; what was done already is reused."""
    return each(job_ids, lambda client, job: click.echo(client.call("jobs.retry", {"jobId": job})["jobId"]))


@click.command(epilog="Example: `auractl pause $(auractl ls -q --status running)`.")
@jobs_argument
def pause(job_ids: tuple[str, ...]) -> int:
    """Stop the work of jobs for now; `auractl resume` lets them go on where they were."""
    return each(job_ids, lambda client, job: client.call("jobs.pause", {"jobId": job}))


@click.command(epilog="Example: `auractl resume $(auractl ls -q --status paused)`.")
@jobs_argument
def resume(job_ids: tuple[str, ...]) -> int:
    """Let paused jobs go on when their turn comes."""
    return each(job_ids, lambda client, job: client.call("jobs.resume", {"jobId": job}))


@click.command(epilog="Example: `auractl priority last 1` is next.")
@job_argument
@click.argument("priority", type=click.IntRange(1, 10))
def priority(job_id: str, priority: int) -> int:
    """Change how urgent a job is: 1 is first, 10 last, 5 the usual. Its place in the queue is printed."""

    def change(client: Client, job: str) -> None:
        position = client.call("jobs.reprioritize", {"jobId": job, "priority": priority})["position"]
        click.echo(f"number {position} in the queue" if position else "not in the queue")

    return each([job_id], change)


@click.command(epilog="Example: `auractl rm $(auractl ls -q --status failed)`.")
@jobs_argument
@click.option("-f", "--force", is_flag=True, help="Cancel those first that have not ended.")
def rm(job_ids: tuple[str, ...], force: bool) -> int:
    """Forget ended jobs: their records, their logs, and their files that no other job needs."""

    def remove(client: Client, job: str) -> None:
        if force and client.call("jobs.get", {"jobId": job})["endedAt"] is None:
            client.call("jobs.cancel", {"jobId": job, "reason": "removed"})
        client.call("jobs.delete", {"jobId": job})

    return each(job_ids, remove)
