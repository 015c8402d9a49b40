"""`auractl watch`: any number of jobs followed to their ends, over restarts of the daemon too."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from aurad.client.blocking import Client, ConnectionLost, RemoteError
from aurad.client.cli import codes, daemon, failure, interrupts, talk
from aurad.client.cli.board import OVER, Board
from aurad.client.cli.complete import complete_jobs
from aurad.client.cli.jobs import OPEN, PAGE, about, find, listed
from aurad.client.cli.session import FINAL_TYPES, MISSED, TICK_SECONDS
from aurad.client.cli.views import open_views
from aurad.model.errors import AuradError

STOPPING = "E502-STOPPING"
PATIENCE = 120.0  # seconds for a daemon to come back
PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before the first try to reach it, doubled for each further one


@click.command(epilog=f"Example: `auractl watch $(auractl ls -q --label album=bees)`.\n\n{codes.HELP}")
@click.argument("job_ids", metavar="[JOB...]", nargs=-1, shell_complete=complete_jobs)
@click.option("--jsonl", is_flag=True, help="Print every event as a line of JSON instead.")
def watch(job_ids: tuple[str, ...], jsonl: bool) -> int:
    """Follow jobs until they have ended; without JOB all that wait or run.

    Ctrl-C only stops watching, with the exit status 130: the jobs go on, and how to come back is told.
    """
    client, socket = daemon.connect()
    with client:
        jobs = [client.call("jobs.get", {"jobId": find(client, word)}) for word in job_ids]
        if not job_ids:
            jobs = list(listed(client, {"status": OPEN}, PAGE))
    if not jobs:
        talk.note("no job waits or runs")
        return codes.OK
    boards = {str(job["jobId"]): Board(job_id=str(job["jobId"])) for job in jobs}
    titles = {str(job["jobId"]): about(job) or str(job["jobId"]) for job in jobs}
    with interrupts.raised():
        try:
            with open_views(titles, quiet=jsonl) as view:
                for event in follow(socket, boards):
                    if jsonl and event:
                        click.echo(json.dumps(event, ensure_ascii=False))
                    view.show(boards)
        except KeyboardInterrupt:
            if left := [job_id for job_id, board in boards.items() if not board.final]:
                talk.note(f"the jobs go on; to come back: auractl watch {' '.join(left)}")
                return codes.LEFT
    return _status(boards.values())


def follow(socket: Path, boards: Mapping[str, Board]) -> Iterable[Mapping[str, Any] | None]:
    """Events, each when its board has it, and None now and then, until every board has its last event.

    A daemon that goes away is waited for: what happens meanwhile comes then. Raises E504 if it stays away.
    """
    after: int | str = "earliest"
    client = Client(socket)
    while True:
        with suppress(ConnectionLost), client, _stopping_is_lost():
            subscription = client.subscribe(list(boards), after=after)
            for event in client.events(subscription, tick=TICK_SECONDS):
                if event and event["type"] in MISSED:
                    _ask(client, boards)
                elif event:
                    after = int(event["seq"])
                    boards[event["jobId"]].apply(event)
                yield event
                if all(board.final for board in boards.values()):
                    return
        client = _reconnect(socket)


@contextmanager
def _stopping_is_lost() -> Iterator[None]:
    """A daemon that stops says so before it hangs up."""
    try:
        yield
    except RemoteError as error:
        if error.code == STOPPING:
            raise ConnectionLost(error.detail) from error
        raise


def _ask(client: Client, boards: Mapping[str, Board]) -> None:
    """News were missed: the jobs themselves tell how they ended."""
    for job_id, board in boards.items():
        with suppress(RemoteError):
            job = client.call("jobs.get", {"jobId": job_id})
            if final := FINAL_TYPES.get(job["status"]):
                board.apply({**job, "type": final})


def _reconnect(socket: Path) -> Client:
    """On the same socket, where a restarted daemon listens again."""
    talk.note("the daemon went away; waiting for it")
    deadline, pause = time.monotonic() + PATIENCE, PAUSE
    while time.monotonic() < deadline:
        with suppress(OSError, RemoteError):
            return Client(socket)
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, LONGEST_PAUSE)
    raise AuradError("E504-NO_DAEMON", f"cannot go on watching: nobody answers on {socket} for {PATIENCE:g} s")


def _status(boards: Iterable[Board]) -> int:
    """The exit status; of every failed job the story is told."""
    ends = set()
    for board in boards:
        ends.add(board.status)
        if board.status == "Failed":
            failure.tell(board)
    assert ends <= OVER
    if "Failed" in ends:
        return codes.FAILED
    return codes.CANCELLED if "Cancelled" in ends else codes.OK
