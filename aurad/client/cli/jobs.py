"""Commands that show jobs: ls, show, script; and how a job is named on the command line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from aurad.client.blocking import Client, RemoteError
from aurad.client.cli import codes, daemon, files, talk
from aurad.client.cli.complete import complete_jobs
from aurad.client.cli.table import print_json, print_table
from aurad.model.errors import AuradError

FIRST = 50  # jobs of the first page: few, so that they are there at once
PAGE = 500  # the most that the daemon lists at once
NAME_WIDTH = 48
TAIL_BYTES = 2000  # of a failed job's log
LAST = "last"
OPEN = ["Queued", "Running", "Paused"]
STATUSES = ("queued", "running", "paused", "succeeded", "failed", "cancelled")

as_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")
job_argument = click.argument("job_id", metavar="JOB", shell_complete=complete_jobs)
jobs_argument = click.argument("job_ids", metavar="JOB...", nargs=-1, required=True, shell_complete=complete_jobs)


def call(method: str, **params: Any) -> Any:
    """One call on whichever daemon is there; a job may be named as people do."""
    client, _ = daemon.connect()
    with client:
        if "jobId" in params:
            params["jobId"] = find(client, params["jobId"])
        return client.call(method, params)


def find(client: Client, word: str) -> str:
    """The id of the job that `word` names: its id, the start or the end of it, or `last`."""
    if word != LAST:
        try:
            return str(client.call("jobs.get", {"jobId": word})["jobId"])
        except RemoteError as error:
            if error.code != "E200-NO_JOB":
                raise
            unknown = error
    ids = [str(job["jobId"]) for job in listed(client, {}, 1 if word == LAST else PAGE)]
    fitting = ids if word == LAST else [each for each in ids if each.startswith(word) or each.endswith(word.upper())]
    if len(fitting) > 1:
        raise AuradError("E200-NO_JOB", f"cannot tell which job {word!r} is: {len(fitting)} fit", remedy="Write more.")
    if not fitting and word == LAST:
        raise AuradError("E200-NO_JOB", "cannot find the last job: there is none")
    if not fitting:
        raise unknown
    return fitting[0]


def labels(pairs: Sequence[str]) -> dict[str, str]:
    """`KEY=VALUE` each."""
    for pair in pairs:
        if "=" not in pair.strip("="):
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


@click.command(epilog="Examples: `auractl ls -n 5`, `auractl rm $(auractl ls -q --status failed)`.\n\n" + codes.HELP)
@click.option("-a", "--all", "everything", is_flag=True, help="Those that have ended too.")
@click.option("-n", "limit", type=click.IntRange(1, PAGE), help="The newest so many, those that have ended too.")
@click.option("--status", "status", type=click.Choice(STATUSES, case_sensitive=False), multiple=True,
              help="Only these; repeat it.")  # fmt: skip
@click.option("--label", "label", metavar="KEY=VALUE", multiple=True, help="Only those with this label; repeat it.")
@click.option("-q", "--quiet", is_flag=True, help="Ids only.")
@as_json
@click.option("--jsonl", "as_jsonl", is_flag=True, help="As JSON, one job a line.")
def ls(
    everything: bool, limit: int | None, status: tuple[str, ...], label: tuple[str, ...], quiet: bool, as_json: bool,
    as_jsonl: bool,
) -> None:  # fmt: skip
    """List jobs that wait or run, the newest first."""
    usual = not (everything or limit or status)
    which: dict[str, Any] = {"labels": labels(label)} if label else {}
    if usual or status:
        which["status"] = OPEN if usual else [each.capitalize() for each in status]
    jobs = _jobs(which, limit)
    if quiet or as_jsonl:
        for job in jobs:
            click.echo(job["jobId"] if quiet else json.dumps(job, ensure_ascii=False))
    elif as_json:
        print_json(list(jobs))
    elif not _table(jobs) and usual:
        talk.note("no job waits or runs; `auractl ls -a` lists those that have ended")


def _table(jobs: Iterable[dict[str, Any]]) -> bool:
    """Whether there were any."""
    return print_table(
        ("JOB", "STATUS", "DONE", "CREATED", "ABOUT"),
        ([job["jobId"], job["status"], f"{job['progress']:.0f} %", job["createdAt"], about(job)] for job in jobs),
    )


def listed(client: Client, which: dict[str, Any], most: int | None = None) -> Iterator[dict[str, Any]]:
    """The newest jobs, page by page as the daemon gives them: one that gets too large ends early."""
    return itertools.islice(_paged(client, which, most or FIRST), most)


def _paged(client: Client, which: dict[str, Any], first: int) -> Iterator[dict[str, Any]]:
    page = client.call("jobs.list", {"limit": first, **which})  # few, so that they are there at once
    yield from page["jobs"]
    while page.get("cursor"):
        page = client.call("jobs.list", {"limit": PAGE, **which, "cursor": page["cursor"]})
        yield from page["jobs"]


def _jobs(which: dict[str, Any], most: int | None) -> Iterator[dict[str, Any]]:
    client, _ = daemon.connect()
    with client:
        yield from listed(client, which, most)


@click.command(epilog="Example: `auractl show last --json | jq .artifacts`.")
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
    if job["status"] == "Failed":
        _tell_failure(job)
    print_table(
        ("FILE", "KIND", "BYTES"),
        (
            [one["name"], one["kind"], one["sizeBytes"]]
            for one in job.get("artifacts") or ()
            if one["kind"] != "preview"
        ),
    )


@click.command(epilog="Example: `auractl script last | jq -r '.scenes[] | .sceneId + \" \" + .text'`.")
@job_argument
@click.option("-o", "out", type=click.Path(path_type=Path), metavar="FILE", help="Write it there, not to stdout.")
def script(job_id: str, out: Path | None) -> None:
    """Print the script that a job is made from; `auractl make --script FILE` starts from a changed one."""
    text = shown_script(call("jobs.script", jobId=job_id))
    if out:
        files.write_whole(out, text.encode())
    else:
        click.echo(text, nl=False)


def shown_script(script: object) -> str:
    """As people read and change it."""
    return json.dumps(script, ensure_ascii=False, indent=2) + "\n"


def about(job: dict[str, Any]) -> str:
    """A job in a few words: the name its submitter gave it, or its topic."""
    line = str((job.get("labels") or {}).get("source") or (job.get("brief") or {}).get("topic") or "")
    return line if len(line) <= NAME_WIDTH else line[: NAME_WIDTH - 1] + "…"


def _tell_failure(job: dict[str, Any]) -> None:
    """Every attempt that failed, what ended the job and what to do, and what was said last."""
    for step in job["steps"]:
        for number, problem in enumerate(step.get("errors") or (), 1):
            click.echo(f"{step['name']}, failure {number}: {problem.get('errorCode')}: {problem.get('detail')}")
    for problem in job.get("errors") or ():
        click.echo(click.style("error", fg="red") + f" {problem.get('errorCode')}: {problem.get('detail')}")
        if problem.get("remedy"):
            click.echo(f"  remedy: {problem['remedy']}")
    tail: list[str] = []
    with suppress(RemoteError):  # a job without a log has a story all the same
        tail = call("jobs.logs", jobId=job["jobId"], offset=-TAIL_BYTES)["text"].splitlines()[1:]
    if tail:
        click.echo(click.style(f"the end of its log (`auractl logs {job['jobId']}` shows all of it):", dim=True))
        click.echo("\n".join(f"  {talk.harmless(line)}" for line in tail))


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
