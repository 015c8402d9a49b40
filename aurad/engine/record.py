"""A job as a row of the journal, and in memory until it has ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import msgspec
import trio

from aurad.engine.admission import Submitted
from aurad.engine.board import Board
from aurad.engine.budget import Budget
from aurad.engine.ids import new_id
from aurad.engine.journal import Journal, Write
from aurad.engine.room import disk_needed
from aurad.engine.store import Store
from aurad.engine.webhooks import shown_settings
from aurad.model.errors import AuradError
from aurad.model.event import JobView, Owner, TaskView, timestamp, timestamp_at
from aurad.model.job import Recipe, Status, StepStatus
from aurad.model.script import Script
from aurad.model.value import canonical

KEY_SECONDS = 86400.0  # an idempotency key is remembered
SCRIPT = "script.json"  # the artifact that holds the script a job is made from
STOP = 30.0  # seconds for a job's work to stop: workers are killed after one, but a disk may hang
FORGET = 20  # jobs in one commit: thousands of events, some 10 ms that other commits wait


DRAINED = "waiting: the daemon is drained, it starts no job"
INTERRUPTED = "goes on after a restart of the daemon; what was finished is kept"


class Job:
    """A job that has not ended, in memory."""

    def __init__(self, view: JobView, submitted: Submitted, recipe: Recipe, lineage: str) -> None:
        self.view, self.submitted, self.recipe, self.lineage = view, submitted, recipe, lineage
        self.status, self.floor = view.status, view.progress
        self.board: Board | None = None
        self.scope = trio.CancelScope()
        self.cancelled: tuple[str, str] | None = None
        self.pausing = False
        self.held: AuradError | None = None
        self.interrupted = False  # by the end of the last daemon
        self.ended, self.stopped = trio.Event(), trio.Event()

    async def stop(self, verb: str) -> None:
        """Stop its work; nothing of it runs when this returns. Raises E208 if that takes too long: it goes on then."""
        self.scope.cancel()
        with trio.move_on_after(STOP):
            return await self.stopped.wait()
        tasks = ", ".join(self.board.budget.under_way) if self.board else ""
        what = f"after {STOP:g} s there is still {tasks or 'something'} under way; the {verb} goes on"
        remedy = f"`auractl show {self.view.job_id}` tells when it is done."
        raise AuradError("E208-TIMEOUT", f"cannot {verb} {self.view.job_id} in time: {what}", remedy=remedy)

    def log_failed(self, why: str) -> None:
        """Its log cannot be written."""
        if self.board:
            self.board.log_failed(why)

    def budget(self, journal: Journal) -> Budget:
        """What it may cost still; bills are on disk as soon as they come, a restart does not forgive them."""
        return Budget(
            self.submitted.settings.max_cost,
            self.view.usage,
            lambda usage: journal.commit_soon(save_usage(self.view.job_id, usage)),
        )

    def warn(self, of: AuradError) -> None:
        """Tell of what may become an error, if it runs."""
        if self.board:
            self.board.warn("Initialization", of.code, of.detail, of.remedy)

    @property
    def message(self) -> str:
        """Why it waits, if it is not for its turn; or that it goes on."""
        if self.status is not Status.QUEUED:
            return ""
        return f"waiting: {self.held.detail}" if self.held else INTERRUPTED if self.interrupted else ""

    @property
    def disk_left(self) -> float:
        """Bytes that it may still write."""
        percent = self.board.percent if self.board else self.floor
        return self._disk_needed * (1 - percent / 100)

    @cached_property
    def _disk_needed(self) -> int:
        return disk_needed(self.recipe)

    @property
    def rank(self) -> tuple[int, str]:
        return (self.view.priority, self.view.job_id)


def new_view(job_id: str, submitted: Submitted, owner: Owner, correlation_id: str, retry_of: str | None) -> JobView:
    """A job that has just been taken."""
    return JobView(
        job_id=job_id, correlation_id=correlation_id or new_id(""), owner=owner, status=Status.QUEUED,
        created_at=timestamp(), priority=submitted.settings.priority, brief=summary(submitted.brief),
        settings=shown_settings(submitted.settings), labels=submitted.settings.labels, retry_of=retry_of,
    )  # fmt: skip


def shown(job: Job, waiting: Sequence[Job], *, drained: bool) -> JobView:
    """The job now, with its place among those that wait; `drained` says that nobody will be started."""
    position = waiting.index(job) + 1 if job in waiting else None
    if job.board and not job.status.terminal:  # its last view has more: when it ended, and with what
        return job.board.view(position=position)
    message = (DRAINED if drained and position else job.message) or job.view.message
    return msgspec.structs.replace(job.view, position=position, message=message)


def parked(view: JobView) -> JobView:
    """Without anything under way."""
    steps = tuple(
        msgspec.structs.replace(step, status=StepStatus.PENDING) if step.status is StepStatus.RUNNING else step
        for step in view.steps
    )
    return msgspec.structs.replace(view, steps=steps, eta=None)


def summary(brief: dict[str, Any]) -> dict[str, Any]:
    """A brief as it is shown: a long text or script by its size only."""
    shown = {key: value for key, value in brief.items() if key not in ("source", "script")}
    if brief.get("source"):
        shown["sourceCharacters"] = len(brief["source"])
    if brief.get("script"):
        shown["scriptScenes"] = len(brief["script"].get("scenes", ()))
    return shown


async def load_job(journal: Journal, job_id: str) -> Job:
    """A job of whatever age; raises E200."""
    rows = await journal.read(
        "SELECT view, submitted, recipe, lineage, status, e.job_seq, e.seq, json_extract(e.data, '$.progress')"
        " FROM jobs j LEFT JOIN events e USING (job_id) WHERE job_id = ? ORDER BY e.job_seq DESC LIMIT 1",
        job_id,
    )
    if not rows:
        raise unknown_job(job_id)
    view, submitted, recipe, lineage, status, job_seq, last_seq, progress = rows[0]
    shown = msgspec.json.decode(bytes(view), type=JobView)
    shown = msgspec.structs.replace(
        shown, last_seq=last_seq or 0, last_job_seq=job_seq or 0, status=Status(status), progress=progress or 0.0
    )
    return Job(
        shown,
        msgspec.json.decode(bytes(submitted), type=Submitted),
        msgspec.json.decode(bytes(recipe), type=Recipe),
        lineage,
    )


async def load_ended(journal: Journal, owner: int | None, limit: int) -> list[JobView]:
    """The newest jobs that have ended, of one uid or of everybody; those that nobody can read are left out."""
    rows = await journal.read(
        "SELECT view, status, (SELECT seq FROM events e WHERE e.job_id = j.job_id ORDER BY job_seq DESC LIMIT 1),"
        " (SELECT max(job_seq) FROM events e WHERE e.job_id = j.job_id)"
        " FROM jobs j WHERE status IN ('Succeeded', 'Failed', 'Cancelled') AND (?1 IS NULL OR owner_uid = ?1)"
        " ORDER BY job_id DESC LIMIT ?2",
        owner, limit,
    )  # fmt: skip
    views = []
    for view, status, last_seq, job_seq in rows:
        with suppress(msgspec.ValidationError):
            shown = msgspec.json.decode(bytes(view), type=JobView)
            numbers = {"last_seq": last_seq or 0, "last_job_seq": job_seq or 0}
            views.append(msgspec.structs.replace(shown, status=Status(status), **numbers))
    return views


async def same_key(journal: Journal, submitted: Submitted, owner: Owner) -> Job | None:
    """The job that this owner has asked for with the same key; raises E203 if it asked for something else."""
    key = submitted.settings.idempotency_key
    if key is None:
        return None
    rows = await journal.read(
        "SELECT job_id, submitted FROM jobs WHERE owner_uid = ? AND idempotency_key = ? AND created_at > ?",
        owner.uid, key, timestamp_at(journal.ages.now() - KEY_SECONDS),
    )  # fmt: skip
    if not rows:
        return None
    if bytes(rows[0][1]) != canonical(submitted):
        raise AuradError(
            "E203-IDEMPOTENCY",
            f"cannot use the key {key!r}: it belongs to job {rows[0][0]}, which asked for something else",
        )
    return await load_job(journal, rows[0][0])


async def load_script(view: JobView, store: Store) -> Script | None:
    """The script that a job is made from, once it is written."""
    artifact = next((artifact for artifact in view.artifacts if artifact.name == SCRIPT), None)
    if artifact is None:
        return None
    path = await store.check(artifact.sha256)
    return msgspec.json.decode(await trio.Path(path).read_bytes(), type=Script)


async def load_tasks(journal: Journal, job_id: str) -> list[TaskView]:
    """The timeline of a job as it is on disk; raises E200."""
    rows = await journal.read("SELECT tasks FROM jobs WHERE job_id = ?", job_id)
    if not rows:
        raise unknown_job(job_id)
    return msgspec.json.decode(rows[0][0], type=list[TaskView])


def unknown_job(job_id: str) -> AuradError:
    return AuradError("E200-NO_JOB", f"cannot find job {job_id!r}")


def insert_job(job: Job, now: float) -> Write:
    """A new job. `now` is what it grows old by; its view has the time of the wall clock, for people."""
    view = job.view
    row = (
        view.job_id, view.correlation_id, view.owner.uid, view.owner.name, view.status.value, view.priority,
        timestamp_at(now), job.lineage, view.retry_of, job.submitted.settings.idempotency_key,
        canonical(job.submitted), canonical(job.recipe), msgspec.json.encode(view),
    )  # fmt: skip

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO jobs (job_id, correlation_id, owner_uid, owner_name, status, priority, created_at, lineage,"
            " retry_of, idempotency_key, submitted, recipe, view) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )

    return write


def update_job(view: JobView, tasks: Sequence[TaskView] | None = None) -> Write:
    """The row of a job as it is now; its timeline stays as it is unless `tasks` are given."""
    done = None if tasks is None else msgspec.json.encode(list(tasks))
    row = (view.status.value, msgspec.json.encode(view), view.progress, done, view.priority, view.job_id)
    return lambda connection: connection.execute(
        "UPDATE jobs SET status = ?, view = ?, progress = ?, tasks = coalesce(?, tasks), priority = ? WHERE job_id = ?",
        row,
    )


def save_usage(job_id: str, usage: Sequence[dict[str, Any]]) -> Write:
    """What a job has used so far, beside whatever else its view tells."""
    row = (msgspec.json.encode(usage).decode(), job_id)
    return lambda connection: connection.execute(
        "UPDATE jobs SET view = CAST(json_set(CAST(view AS TEXT), '$.usage', json(?)) AS BLOB) WHERE job_id = ?", row
    )


async def forget_job(journal: Journal, job_id: str) -> list[str]:
    """Forget an ended job whole; gives the digests of its tasks that no other job on record has had.

    Raises as `Journal.settle`; then what only it needed waits for the next collection.
    """
    digests = (
        "SELECT json_extract(value, '$.digest') FROM jobs, json_each(CAST(tasks AS TEXT)) WHERE job_id {} ?".format
    )
    rows = await journal.read(f"{digests('=')} EXCEPT {digests('!=')}", job_id, job_id)
    journal.commit_soon(lambda connection: connection.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,)))
    await journal.settle(f"that {job_id} is deleted")
    return [row[0] for row in rows]


async def forget_jobs(journal: Journal, before: str, keep: int) -> None:
    """Forget ended jobs from before a time, and all but the newest `keep`: whole, and a few in one commit."""

    def forget(connection: sqlite3.Connection) -> int:
        return connection.execute(
            "DELETE FROM jobs WHERE job_id IN (WITH ended AS"
            " (SELECT job_id, created_at FROM jobs WHERE status IN ('Succeeded', 'Failed', 'Cancelled'))"
            " SELECT job_id FROM ended WHERE created_at < ?1"
            " OR job_id <= (SELECT job_id FROM ended ORDER BY job_id DESC LIMIT 1 OFFSET ?2) LIMIT ?3)",
            (before, keep, FORGET),
        ).rowcount

    while (await journal.commit(forget))[0] == FORGET:
        continue


def give_up(job_id: str) -> Write:
    """Mark a job as failed whose row nobody can read."""
    return lambda connection: connection.execute("UPDATE jobs SET status = 'Failed' WHERE job_id = ?", (job_id,))
