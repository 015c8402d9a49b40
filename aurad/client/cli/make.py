"""`auractl make`: a document or a topic becomes a video, with one command."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from aurad.client.blocking import Client
from aurad.client.cli import codes, daemon, deliver, failure, files, images, interrupts, talk, trace
from aurad.client.cli import source as sources
from aurad.client.cli.board import Board
from aurad.client.cli.dryrun import print_plan
from aurad.client.cli.session import Session
from aurad.client.cli.table import print_json
from aurad.client.cli.view import open_view
from aurad.model.errors import AuradError

LABEL = "source"  # what lists of jobs call a job: the document's text is not in them
LABEL_LENGTH = 100
STDOUT = "-"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What was asked for on the command line. `job` holds the settings of the job itself."""

    source: sources.Source
    brief: dict[str, Any]
    job: dict[str, Any]
    out: str | None = None
    images: tuple[Path, ...] = ()
    logo: Path | None = None
    font: Path | None = None
    trace: str | None = None
    json: bool = False
    quiet: bool = False
    dry_run: bool = False


def make(order: Order) -> int:
    """Carry the order out; returns the exit status. Bad input is an `AuradError` before anything is started."""
    where = deliver.place(order.out, order.source.name)
    deliver.check(where)
    if order.trace:
        _check_trace(order)
    unusable: list[str] = []
    pictures = find_pictures(order, unusable.append)
    if order.dry_run:
        return _plan(order)
    board = Board(until=order.job.get("until"), told=images.MISSING if unusable else "")
    with interrupts.raised(), contextlib.ExitStack() as stack:
        session = None
        try:
            with open_view(quiet=order.quiet, title=order.source.label) as view:
                view.show(board)
                client, socket = daemon.connect(work=True)
                session = Session(stack.enter_context(client), socket, board, view)
                session.submit(job(order, images.upload(client, pictures)))
                session.follow()
            return _finish(order, session, where)
        except KeyboardInterrupt:
            return _cancelled(order, session)
        except TimeoutError:  # of a daemon that is slow
            raise
        except OSError:  # whoever read what we say has gone, or its file is full: nobody waits for the result
            if session:
                session.cancel()
            raise


def _check_trace(order: Order) -> None:
    if order.trace != STDOUT:
        _check_file(Path(order.trace or ""))
    elif order.json:
        detail = "cannot write the trace to standard output: --json writes there"
        raise AuradError("E505-OUTPUT", detail, remedy="Name a file for the trace, or leave --json out.")


def _check_file(path: Path) -> None:
    folder = path.absolute().parent
    if not folder.is_dir():
        raise AuradError("E505-OUTPUT", f"cannot write {path}: there is no folder {folder}", remedy="Make it first.")
    if path.is_dir():
        raise AuradError("E505-OUTPUT", f"cannot write {path}: it is a folder", remedy="Name a file in it.")
    if path.is_file() or not path.exists():  # a pipe or a device is written to as it is
        files.check_writable(folder)


def find_pictures(order: Order, unusable: images.Warn = lambda _: None) -> list[images.Found]:
    """The document's, and the brand's; `unusable` hears, besides people, why one cannot be shown."""

    def warn(text: str) -> None:
        unusable(text)
        if not order.quiet:
            talk.warning(text)

    found = images.find(order.source, order.images, warn)
    return found + images.brand(logo=order.logo, font=order.font)


def _plan(order: Order) -> int:
    client, _ = daemon.connect(work=True)
    with client:
        plan = client.dry_run(**job(order))
    if order.json:
        print_json({"plan": plan})
    else:
        print_plan(plan)
    return codes.OK


def job(order: Order, assets: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """What to submit; `assets` are its pictures, uploaded."""
    brief = {**order.source.brief, **order.brief}
    if assets:
        brief["assets"] = list(assets)
    return {"brief": brief, "labels": {LABEL: order.source.label[:LABEL_LENGTH]}, **order.job}


def _finish(order: Order, session: Session, where: deliver.Place) -> int:
    final = session.board.final or {}
    delivered: list[deliver.Delivered] = []
    if final["type"] == "job-completed":
        artifacts = session.client.call("jobs.artifacts", {"jobId": session.job_id})["artifacts"]
        delivered = deliver.deliver(session.client, artifacts, where)
    if order.json or order.trace:
        _account(order, session, delivered)
    if final["type"] == "job-failed":
        failure.tell(session.board)
        return codes.FAILED
    if final["type"] == "job-cancelled":
        reason = f": {final['reason']}" if final.get("reason") else ""
        talk.note(f"job {session.job_id} was cancelled by {final.get('by') or 'somebody'}{reason}")
        return codes.CANCELLED
    if not order.json and order.trace != STDOUT:
        click.echo(str(delivered[0].path))
    return codes.OK


def _account(order: Order, session: Session, delivered: list[deliver.Delivered]) -> None:
    """`--json` and `--trace`, for failed jobs too."""
    tasks = session.client.call("jobs.tasks", {"jobId": session.job_id})["tasks"]
    if order.trace:
        _write_trace(order.trace, trace.trace(tasks, session.job_id))
    if order.json:
        document = {
            "job": session.client.call("jobs.get", {"jobId": session.job_id}),
            "deliverables": [one.shown() for one in delivered],
            "timeline": tasks,
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _write_trace(place: str, data: bytes) -> None:
    if place == STDOUT:
        click.echo(data, nl=False)
    else:
        files.write_whole(Path(place), data)


def _cancelled(order: Order, session: Session | None) -> int:
    """A second Ctrl-C does not wait for the daemon's answer."""
    try:
        ended = session is None or session.cancel()
        if ended and session and session.job_id and (order.json or order.trace):
            with Client(session.socket) as session.client:  # ours may hold half an answer
                _account(order, session, [])
    except KeyboardInterrupt:
        ended = False
    if ended:
        talk.note("cancelled")
    elif session:
        talk.warning(
            f"job {session.job_id} has not ended yet", f"`auractl show {session.job_id}` shows whether it did."
        )
    return codes.CANCELLED
