"""Commands about jobs that are there: ls, show, cancel, retry."""

from __future__ import annotations

from typing import Any

import click

from aurad.client.cli import daemon
from aurad.client.cli.table import print_json, print_table

LIST_LIMIT = 50
NAME_WIDTH = 48

as_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")
job_argument = click.argument("job_id", metavar="JOB")


def call(method: str, **params: Any) -> Any:
    """One call on whichever daemon is there."""
    client, _ = daemon.connect()
    with client:
        return client.call(method, params)


@click.command()
@click.option(
    "-n", "limit", type=click.IntRange(1, 500), default=LIST_LIMIT, show_default=True, help="At most so many."
)
@as_json
def ls(limit: int, as_json: bool) -> None:
    """List jobs, the newest first."""
    jobs = call("jobs.list", limit=limit)["jobs"]
    if as_json:
        print_json(jobs)
        return
    header = ("JOB", "STATUS", "DONE", "CREATED", "ABOUT")
    print_table(
        header,
        ([job["jobId"], job["status"], f"{job['progress']:.0f} %", job["createdAt"], about(job)] for job in jobs),
    )


@click.command()
@job_argument
@as_json
def show(job_id: str, as_json: bool) -> None:
    """Show everything about a job."""
    job = call("jobs.get", jobId=job_id)
    if as_json:
        print_json(job)
        return
    _show_facts(job)
    header = ("STEP", "STATUS", "DONE", "ITEMS", "SECONDS", "PLUGIN")
    print_table(header, (_step_row(step) for step in job["steps"]))
    for problem in job.get("errors") or ():
        click.echo(click.style("error", fg="red") + f" {problem.get('errorCode')}: {problem.get('detail')}")
        if problem.get("remedy"):
            click.echo(f"  remedy: {problem['remedy']}")
    print_table(
        ("FILE", "KIND", "BYTES"),
        (
            [one["name"], one["kind"], one["sizeBytes"]]
            for one in job.get("artifacts") or ()
            if one["kind"] != "preview"
        ),
    )


@click.command()
@job_argument
@click.option("--reason", metavar="TEXT", help="Told to whoever watches the job.")
def cancel(job_id: str, reason: str | None) -> None:
    """Cancel a job."""
    call("jobs.cancel", jobId=job_id, **({"reason": reason} if reason else {}))


@click.command()
@job_argument
def retry(job_id: str) -> None:
    """Run a job again as a new one, whose id is printed; what was done already is reused."""
    click.echo(call("jobs.retry", jobId=job_id)["jobId"])


def about(job: dict[str, Any]) -> str:
    """A job in a few words: the name its submitter gave it, or its topic."""
    line = str((job.get("labels") or {}).get("source") or (job.get("brief") or {}).get("topic") or "")
    return line if len(line) <= NAME_WIDTH else line[: NAME_WIDTH - 1] + "…"


def _show_facts(job: dict[str, Any]) -> None:
    facts = {
        "job": job["jobId"],
        "status": f"{job['status']}, {job['progress']:.1f} %",
        "about": about(job),
        "message": job.get("message"),
        "created": job.get("createdAt"),
        "ended": job.get("endedAt"),
        "retry of": job.get("retryOf"),
        "correlation id": job.get("correlationId"),
    }
    for name, value in facts.items():
        if value:
            click.echo(click.style(f"{name}: ", dim=True) + str(value))


def _step_row(step: dict[str, Any]) -> list[object]:
    items, seconds = step.get("items") or {}, step.get("durationSeconds")
    return [
        step["name"],
        step["status"],
        f"{step.get('progress', 0):.0f} %",
        f"{items.get('done', 0)}/{items['total']}" if items.get("total") else "",
        "" if seconds is None else f"{seconds:.1f}",
        (step.get("plugin") or {}).get("name", ""),
    ]
