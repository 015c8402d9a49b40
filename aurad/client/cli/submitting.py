"""Hands jobs over to the daemon, and waits for them if asked to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aurad.client.blocking import Client, RemoteError
from aurad.client.cli import codes, daemon, make, options, source, talk
from aurad.client.cli.jobs import labels
from aurad.model.errors import AuradError

FOREVER = 10 * 365 * 86400.0  # seconds for a job to end: it has its own limits


def submit_all(orders: Sequence[tuple[str, dict[str, Any]]], *, wait: bool) -> int:
    """Submit a job for each source and its options; the exit status tells whether any failed."""
    failed = False
    client, _ = daemon.connect(work=True)
    with client:
        jobs = []
        for word, given in orders:
            try:
                jobs.append((_submit(client, word, given), word))
            except (AuradError, RemoteError) as error:
                talk.error(error.code, f"{word}: {error.detail}", error.remedy)
                failed = True
            else:
                click.echo(jobs[-1][0])
        for job_id, word in jobs if wait else ():
            failed |= not _succeeded(client, job_id, word)
    return codes.FAILED if failed else codes.OK


def _submit(client: Client, word: str, given: dict[str, Any]) -> str:
    order = make.Order(source=source.read(word), **options.chosen(given))
    params = make.job(order, client, make.find_pictures(order))
    params["labels"] = {**params["labels"], **labels(given["label"])}
    if given["priority"]:
        params["priority"] = given["priority"]
    return str(client.call("jobs.submit", params)["jobId"])


def _succeeded(client: Client, job_id: str, word: str) -> bool:
    job = client.call("jobs.wait", {"jobId": job_id}, timeout=FOREVER)
    talk.note(f"{job_id} {job['status'].lower()}: {word}")
    for problem in job.get("errors") or ():
        talk.error(str(problem.get("errorCode")), str(problem.get("detail")), str(problem.get("remedy") or ""))
    return bool(job["status"] == "Succeeded")
