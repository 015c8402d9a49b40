"""Hands jobs over to the daemon, and waits for them if asked to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aurad.client.blocking import Client, RemoteError
from aurad.client.cli import codes, daemon, images, make, options, source, talk
from aurad.client.cli.dryrun import print_plan
from aurad.client.cli.jobs import labels
from aurad.model.errors import AuradError

FOREVER = 10 * 365 * 86400.0  # seconds for a job to end: it has its own limits


def submit_all(orders: Sequence[tuple[str, dict[str, Any]]], *, wait: bool, dry_run: bool) -> int:
    """Submit a job for each source and its options; the exit status tells whether any failed.

    With `dry_run` only tell what each would come to.
    """
    failed = False
    client, _ = daemon.connect(work=True)
    with client:
        jobs = []
        for word, given in orders:
            try:
                if dry_run:
                    _tell_plan(client, word, given)
                else:
                    jobs.append((_submit(client, word, given), word))
                    click.echo(jobs[-1][0])
            except (AuradError, RemoteError) as error:
                talk.error(error.code, f"{word}: {error.detail}", error.remedy)
                failed = True
        _tell_held(client, [job_id for job_id, _ in jobs])
        for job_id, word in jobs if wait else ():
            failed |= not _succeeded(client, job_id, word)
    return codes.FAILED if failed else codes.OK


def _submit(client: Client, word: str, given: dict[str, Any]) -> str:
    order = _order(word, given)
    assets = images.upload(client, make.find_pictures(order))
    return str(client.call("jobs.submit", _params(order, given, assets))["jobId"])


def _tell_held(client: Client, job_ids: Sequence[str]) -> None:
    """In one line, that jobs are not begun although they could be, with the reason of the first."""
    jobs = [client.call("jobs.get", {"jobId": job_id}) for job_id in job_ids]
    if held := [job for job in jobs if job["status"] == "Queued" and job.get("message")]:
        others = f" and {len(held) - 1} more" if len(held) > 1 else ""
        talk.warning(f"{held[0]['jobId']}{others}: {held[0]['message']}")


def _tell_plan(client: Client, word: str, given: dict[str, Any]) -> None:
    order = _order(word, given)
    make.find_pictures(order)  # what cannot be used is told now as well
    plan = client.dry_run(**_params(order, given))
    click.echo(click.style(word, bold=True))
    print_plan(plan)


def _order(word: str, given: dict[str, Any]) -> make.Order:
    return make.Order(source=source.read(word), **options.chosen(given))


def _params(order: make.Order, given: dict[str, Any], assets: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    params = make.job(order, assets)
    params["labels"] = {**params["labels"], **labels(given["label"])}
    if given["priority"]:
        params["priority"] = given["priority"]
    return params


def _succeeded(client: Client, job_id: str, word: str) -> bool:
    job = client.call("jobs.wait", {"jobId": job_id}, timeout=FOREVER)
    talk.note(f"{job_id} {job['status'].lower()}: {word}")
    for problem in job.get("errors") or ():
        talk.error(str(problem.get("errorCode")), str(problem.get("detail")), str(problem.get("remedy") or ""))
    return bool(job["status"] == "Succeeded")
