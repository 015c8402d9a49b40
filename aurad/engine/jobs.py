"""The life of jobs: admission, queue, run, cancel, retry, recovery. One owner of every change of status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
import trio
from msgspec.structs import replace
from structlog.contextvars import bind_contextvars

from aurad.engine.admission import Admission, Submitted
from aurad.engine.board import Board
from aurad.engine.catalog import Catalog
from aurad.engine.coming import unwritten
from aurad.engine.edit import Changes, edited, remade
from aurad.engine.estimate import Costs
from aurad.engine.events import Events
from aurad.engine.forecast import Forecast
from aurad.engine.holds import Holds
from aurad.engine.ids import new_id
from aurad.engine.joblog import JobLog
from aurad.engine.journal import Journal
from aurad.engine.listing import Listed, fill, list_ids
from aurad.engine.logfiles import LogFiles
from aurad.engine.making import Maker
from aurad.engine.outcome import check_move, for_people, unwrap
from aurad.engine.pipeline import Made
from aurad.engine.record import (
    Job,
    forget_job,
    give_up,
    insert_job,
    load_ended,
    load_job,
    load_script,
    load_tasks,
    new_view,
    parked,
    same_key,
    shown,
    update_job,
)
from aurad.engine.runner import Runner
from aurad.engine.store import Store
from aurad.engine.turns import in_turn
from aurad.engine.webhooks import Webhooks
from aurad.model.errors import AuradError, brief
from aurad.model.event import (
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobStatus,
    JobView,
    Output,
    Owner,
    TaskView,
    timestamp,
)
from aurad.model.job import Recipe, Status

log = structlog.get_logger()
ENDED = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
CONCLUDE = 30.0  # seconds for the end of a job to be written; a disk that takes longer has failed


class Jobs:
    """All jobs of the daemon."""

    def __init__(
        self, nursery: trio.Nursery, journal: Journal, events: Events, store: Store, catalog: Catalog, runner: Runner,
        costs: Costs, admission: Admission, logs: LogFiles, webhooks: Webhooks, holds: Holds, *,
        max_running: int, max_queued: int, lanes: int, previews: bool,
    ) -> None:  # fmt: skip
        self._nursery, self._journal, self.events, self.store = nursery, journal, events, store
        self.catalog, self._runner, self._costs, self._admission = catalog, runner, costs, admission
        self._max_running, self._max_queued, self._lanes = max_running, max_queued, lanes
        self._maker = Maker(catalog, runner, store, previews=previews)
        self._submitting, self._logs, self.webhooks, self._holds = trio.Lock(), logs, webhooks, holds
        self._live, self._running, self.draining = dict[str, Job](), set[str](), False
        self._last_end: Status | None = None
        webhooks.of = lambda job_id: job.submitted.settings.webhook if (job := self._live.get(job_id)) else None

    @property
    def given_up(self) -> bool:
        """Whether the last job to end was cancelled: nobody is about to ask for more of it."""
        return self._last_end is Status.CANCELLED

    @property
    def busy(self) -> bool:
        """Whether any job waits or runs."""
        return any(job.status is not Status.PAUSED for job in self._live.values())

    # ------------------------------------------------------------ in

    async def submit(
        self, params: dict[str, Any], owner: Owner, correlation_id: str, *, lineage: str = "",
        retry_of: str | None = None,
    ) -> Job:  # fmt: skip
        """Admit a job; it is on disk when this returns. Raises E1xx for what cannot be used, E202 when full."""
        submitted, recipe = await self._admission.admit(params, owner)
        async with self._submitting:  # two with one key that come together are one job
            return await same_key(self._journal, submitted, owner) or await self._take(
                submitted, recipe, owner, correlation_id, lineage, retry_of
            )

    async def _take(
        self, submitted: Submitted, recipe: Recipe, owner: Owner, correlation_id: str, lineage: str,
        retry_of: str | None,
    ) -> Job:  # fmt: skip
        if len(self._live) >= self._max_queued + self._max_running:
            raise AuradError("E202-BUSY", f"cannot take another job: {len(self._live)} are waiting")
        self._journal.check_room()
        view = new_view(new_id(at=self._journal.ages.now()), submitted, owner, correlation_id, retry_of)
        job = Job(view, submitted, recipe, lineage or view.job_id)
        with trio.CancelScope(shield=True):  # whoever asked may leave meanwhile: a job is taken whole or not at all
            await self._journal.commit(insert_job(job, self._journal.ages.now()))
            self._live[view.job_id] = job  # not before: it could have started, even ended, when it is told as queued
            self._tell(job)
            await self.events.flush()
        self.dispatch()
        return job

    async def edit(self, job_id: str, changes: Changes, correlation_id: str) -> Job:
        """A new job, of the same owner, that asks for something a little different; what stays is reused.

        Raises E201 if scenes are to be changed and there is no script yet, E102 for what cannot be changed.
        """
        old = self._live.get(job_id) or await load_job(self._journal, job_id)
        view = await self.get(job_id)
        script = await load_script(view, self.store)
        brief, settings = edited(old.submitted, changes, script)
        submitted, recipe = await self._admission.admit({"brief": brief, "settings": settings}, view.owner)
        recipe = remade(recipe, old.recipe, changes, script)
        return await self._take(submitted, recipe, view.owner, correlation_id, old.lineage, job_id)

    async def retry(self, job_id: str, owner: Owner, correlation_id: str) -> Job:
        """A new job that asks for the same; whatever has a result is not run again."""
        job = await self._in_state(job_id, "retry", *ENDED)
        settings = replace(job.submitted.settings, idempotency_key=None)  # the key is the old job's
        submitted = replace(job.submitted, settings=settings)
        return await self._take(submitted, job.recipe, owner, correlation_id, job.lineage, job_id)

    async def recover(self) -> None:
        """Queue again whatever had not ended when the last daemon stopped."""
        for row in await self._journal.read("SELECT job_id FROM jobs WHERE status IN ('Queued', 'Running', 'Paused')"):
            try:
                job = await load_job(self._journal, row[0])
            except msgspec.ValidationError as error:
                log.error("cannot go on with a job: another version wrote it", job_id=row[0], error=str(error))
                self._journal.commit_soon(give_up(row[0]))
                continue
            self._live[job.view.job_id] = job
            if job.status is Status.RUNNING:
                job.interrupted = True
                self._set(job, Status.QUEUED)
        self.dispatch()

    # ------------------------------------------------------------ out

    async def get(self, job_id: str) -> JobView:
        """The job now; raises E200."""
        if job := self._live.get(job_id):
            return shown(job, self._waiting(), drained=self.draining)
        return (await load_job(self._journal, job_id)).view

    def live(self) -> list[JobView]:
        """Those that have not ended, all as of this moment."""
        waiting = self._waiting()
        return [shown(job, waiting, drained=self.draining) for job in self._live.values()]

    async def ended(self, owner: int | None, limit: int) -> list[JobView]:
        """The newest that have ended; of one uid, or of everybody."""
        return await load_ended(self._journal, owner, limit)

    def _waiting(self) -> list[Job]:
        return in_turn(self._live.values(), self._at_work())

    def _at_work(self) -> list[Job]:
        return [self._live[job_id] for job_id in self._running]

    async def newest(self, owner: int | None, limit: int = 50, **which: Any) -> Listed:
        """The newest jobs first; of one uid, or of everybody. See `list_ids` for `which`."""
        return await fill(await list_ids(self._journal, owner, limit + 1, **which), limit, self.get)

    async def tasks(self, job_id: str) -> list[TaskView]:
        """The timeline of the job's tasks so far."""
        job = self._live.get(job_id)
        if job and job.board:
            return list(job.board.tasks.values())
        return await load_tasks(self._journal, job_id)

    async def wait(self, job_id: str) -> JobView:
        """The job once it has ended."""
        if job := self._live.get(job_id):
            await job.ended.wait()
            return job.view
        return await self.get(job_id)

    async def cancel(self, job_id: str, by: str, reason: str) -> JobView:
        """End a job; returns once it has ended and nothing of it runs. Raises as `Job.stop` and `Journal.settle`."""
        job = await self._in_state(job_id, "cancel", Status.QUEUED, Status.RUNNING, Status.PAUSED)
        job.cancelled = (by, reason)
        if job.status is Status.RUNNING:
            await job.stop("cancel")
        else:
            self._end(job, Status.CANCELLED, JobCancelled, by=by, reason=reason)
        await self._journal.settle(f"that {job_id} is {job.status.value.lower()}")
        return await self.get(job_id)

    async def pause(self, job_id: str) -> JobView:
        """Stop a job's work until `resume`; nothing of it runs when this returns. What is finished is kept."""
        job = await self._in_state(job_id, "pause", Status.QUEUED, Status.RUNNING)
        if job.status is Status.RUNNING:
            job.pausing = True
            await job.stop("pause")
            await self._in_state(job_id, "pause", Status.PAUSED)  # it may have ended meanwhile
        else:
            self._set(job, Status.PAUSED)
        await self._journal.settle(f"that {job_id} is paused")
        return await self.get(job_id)

    async def resume(self, job_id: str) -> JobView:
        """Let a paused job wait for its turn again."""
        self._set(await self._in_state(job_id, "resume", Status.PAUSED), Status.QUEUED)
        self.dispatch()
        await self._journal.settle(f"that {job_id} goes on")
        return await self.get(job_id)

    async def reprioritize(self, job_id: str, priority: int) -> JobView:
        """Change how urgent a job is (1 is first, 10 last): its place in the queue, and its turn at every slot."""
        job = await self._in_state(job_id, "reprioritize", Status.QUEUED, Status.RUNNING, Status.PAUSED)
        job.view = replace(job.view, priority=priority)
        if job.board:
            job.board.rebase(job.view)
        self._journal.commit_soon(update_job(job.board.view() if job.board else job.view))
        await self._journal.settle(f"the priority of {job_id}")
        return await self.get(job_id)

    async def delete(self, job_id: str) -> int:
        """Forget an ended job with its log and the files that nobody else uses; returns the bytes freed."""
        await self._in_state(job_id, "delete", *ENDED)
        digests = await forget_job(self._journal, job_id)
        await self._logs.remove({job_id})
        return sum([await self._runner.memo.drop(digest) for digest in digests])

    async def _in_state(self, job_id: str, verb: str, *states: Status) -> Job:
        job = self._live.get(job_id) or await load_job(self._journal, job_id)
        if job.status not in states:
            remedy = "Cancel it first, or wait." if states == ENDED else ""
            raise AuradError("E201-STATE", f"cannot {verb} {job_id}: it is {job.status.value}", remedy=remedy)
        return job

    def drain(self, on: bool) -> None:
        """Start no further job, or go on doing so; those that run are not touched."""
        self.draining = on
        self.dispatch()

    # ------------------------------------------------------------ running

    def tend(self) -> None:
        """Now and then: warn jobs that run of a disk that fills up, and start what may go on."""
        if self._running and (low := self._holds.room.low):
            for job in self._at_work():
                job.warn(low)
        self.dispatch()

    def dispatch(self) -> None:
        """Start whatever may be started; of what is held say why."""
        free = 0 if self.draining or not self._holds.looked else max(0, self._max_running - len(self._running))
        for job in self._waiting():
            job.held, told = self._holds.why(job, self._at_work()) if free else None, job.held
            if job.held:
                self._tell_held(job, job.held, told)
            elif free:
                free -= 1
                self._start(job)

    def _start(self, job: Job) -> None:
        self._running.add(job.view.job_id)
        job.board, job.stopped = self._board(job), trio.Event()
        self._set(job, Status.RUNNING, started_at=job.view.started_at or timestamp())
        self._nursery.start_soon(self._run, job)

    def _tell_held(self, job: Job, why: AuradError, told: AuradError | None) -> None:
        """A warning for each reason once, however often its numbers change."""
        if told is None or told.code != why.code:
            board = self._rebased(job)
            board.warn("Initialization", why.code, f"no job is started: {why.detail}", why.remedy)
            self._keep_seq(job, board)

    def _board(self, job: Job) -> Board:
        forecast = Forecast(self._costs, self._lanes, floor=job.floor, jobs=lambda: len(self._running))
        for one in unwritten(job.recipe.canvas.fps):
            forecast.expect(one)
        ids = (job.view.job_id, job.view.correlation_id)
        log = JobLog(*ids, self._logs.sink(*ids, job.log_failed))
        return Board(job.view, job.lineage, self.events, self.store, forecast, log, job.budget(self._journal))

    async def _run(self, job: Job) -> None:
        """Catch outside the cancel scope, once: inside it a failing clean-up arrives mixed with `Cancelled`."""
        assert job.board is not None
        board, made, failure = job.board, None, None
        bind_contextvars(job_id=board.job_id, correlation_id=board.correlation_id)
        with self.store.pinned() as pins:
            board.pins = pins
            try:
                with job.scope:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(board.tell_progress_forever)
                        made = await self._maker.make(job, board)
                        nursery.cancel_scope.cancel()
            except Exception as error:
                failure = unwrap(error)
            self._conclude(job, made, failure)
            self._running.discard(job.view.job_id)
            job.stopped.set()
            self.dispatch()
            if job.status.terminal:  # its files stay until that is on disk
                with trio.move_on_after(CONCLUDE, shield=True):
                    await self.events.flush()

    def _conclude(self, job: Job, made: tuple[Made, Output | None] | None, failure: Exception | None) -> None:
        assert job.board is not None
        if self._holds.covers(failure) and not (job.cancelled or job.pausing):
            self._park(job, job.board, Status.QUEUED)
        elif failure is not None and not job.scope.cancelled_caught:
            problem = job.board.problem(for_people(failure))
            self._end(
                job, Status.FAILED, JobFailed, {"errors": (brief(problem),)}, errors=(problem,),
                log_tail=job.board.log.tail, suggested_actions=tuple(problem["suggestedActions"]),
            )  # fmt: skip
        elif made is None:
            by, reason = job.cancelled or ("aurad", "the daemon stopped")
            if job.cancelled:
                self._end(job, Status.CANCELLED, JobCancelled, by=by, reason=reason)
            elif job.pausing:
                self._park(job, job.board, Status.PAUSED)
        else:
            job.board.message = "done"
            self._end(
                job, Status.SUCCEEDED, JobCompleted, {"output": made[1]}, output=made[1],
                artifacts=tuple(job.board.view().artifacts),
            )  # fmt: skip

    def _park(self, job: Job, board: Board, status: Status) -> None:
        """A job without work under way, which can go on from where its tasks left it."""
        board.log.lost()
        job.floor, job.view = board.percent, parked(board.view())
        job.board, job.scope, job.pausing = None, trio.CancelScope(), False
        self._set(job, status, tasks=list(board.tasks.values()))

    # ------------------------------------------------------------ status

    def _set(self, job: Job, status: Status, *, tasks: Sequence[TaskView] | None = None, **changes: Any) -> None:
        """A change of status that is not the end: row and event in one transaction."""
        check_move(job.status, status)
        job.status = status
        job.view = replace(job.view, status=status, **changes)
        self._tell(job, update_job(job.view, tasks))

    def _tell(self, job: Job, *writes: Any) -> None:
        board = self._rebased(job)
        board.emit(JobStatus, *writes)
        self._keep_seq(job, board)

    def _rebased(self, job: Job) -> Board:
        board = job.board or self._board(job)
        board.set_status(job.status)
        board.rebase(job.view)
        board.message = job.message or board.message
        return board

    def _keep_seq(self, job: Job, board: Board) -> None:
        job.view = replace(job.view, last_seq=board.last_seq, last_job_seq=board.job_seq)

    def _end(self, job: Job, status: Status, event: Any, changes: dict[str, Any] | None = None, **fields: Any) -> None:
        """The end: row, timeline and terminal event in one transaction, then nothing more of this job."""
        check_move(job.status, status)
        board = job.board or self._board(job)
        board.leave_all(status)
        board.set_status(status)
        job.status = status
        job.view = board.view(ended_at=timestamp(), **(changes or {}))
        write = update_job(job.view, list(board.tasks.values()))
        board.emit(event, write, **fields)
        job.view = replace(job.view, last_seq=board.last_seq, last_job_seq=board.job_seq)
        self._journal.commit_soon(then=lambda _: self._ended(job))

    def _ended(self, job: Job) -> None:
        """It is on disk, perhaps long after whoever asked for it has left."""
        self._live.pop(job.view.job_id, None)
        self._last_end = job.status
        job.ended.set()
        self._logs.finish(job.view.job_id)
