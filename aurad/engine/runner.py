"""Asks for a task's result: known, under way for somebody else, or run now, with retries."""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import msgspec
import trio

from aurad.engine.attempts import ATTEMPTS, Attempts, Started, is_passing, pause_after, told
from aurad.engine.budget import Budget, Overspent
from aurad.engine.checks import check_files, check_output
from aurad.engine.cores import Cores, kind_of
from aurad.engine.estimate import Costs, first_guess, task_key
from aurad.engine.executor import Executor
from aurad.engine.figures import Work
from aurad.engine.memo import Memo
from aurad.engine.process import CRASH, GARBAGE, Emit
from aurad.engine.quarantine import Quarantine
from aurad.engine.schedule import Flight, Flights, Rank, Slots, Waiter, pool_of, pool_size, slot_of
from aurad.engine.secrets import Secrets, discreet, discreet_error
from aurad.engine.stall import Patience, run_watched
from aurad.engine.store import Store
from aurad.engine.task import Task, artifacts_in
from aurad.model.errors import AuradError
from aurad.model.job import Step
from aurad.model.stage_errors import RateLimited
from aurad.model.value import canonical
from aurad.wire.worker import METHODS, Run, RunResult, WarningNews

RATE_LIMIT_PATIENCE = 3600.0  # seconds one task waits altogether for a provider that is rate limited
MIN_LIMIT = 1.0  # seconds; a provider that says "at once" would be asked in circles
LOST = frozenset({CRASH, GARBAGE})  # a worker is gone, unless a traceback says that its code merely raised


class Asker(Protocol):
    """The job that asks: where it stands in the queue, and where news go."""

    job_id: str
    correlation_id: str
    lineage: str
    owners: tuple[str, ...]
    pins: set[str]
    budget: Budget

    def rank(self, task: Task) -> Rank: ...
    def reused(self, task: Task) -> None: ...
    def news(self, task: Task, kind: str, news: Any) -> None: ...
    def done(self, task: Task) -> None: ...


class Runner:
    """`ask` is the only way work gets done."""

    def __init__(
        self, memo: Memo, store: Store, costs: Costs, slots: Slots, flights: Flights, executor: Executor,
        secrets: Secrets, attempts: Attempts, *, patience: dict[Step, Patience], lanes: int,
    ) -> None:  # fmt: skip
        self.memo, self.store, self._costs, self._slots = memo, store, costs, slots
        self._flights, self._executor, self._attempts = flights, executor, attempts
        self.patience, self.quarantine = patience, Quarantine()
        self._lanes, self._cores, self.work, self._secrets = lanes, Cores(lanes), Work(), secrets

    @property
    def waiting(self) -> int:
        """Tasks that are ready and wait for a slot."""
        return self._slots.waiting

    async def wind_down(self) -> None:
        """Begin no task any more; returns once those that run have ended, their results on the way to the disk."""
        await self._slots.close()

    def spare(self, plugin: str) -> None:
        """A job has no more work for this plugin."""
        self._executor.spare(plugin)

    async def ask(self, task: Task, job: Asker) -> Any:
        """The task's typed result, its files pinned for the job.

        Raises what its stage raised once no attempt is left, and `Damaged` for an input whose bytes have
        changed.
        """
        if (known := self.memo.recall(task.digest, job.pins)) is None:
            value, reused = await self._within_budget(task, job)
        else:
            await trio.lowlevel.checkpoint()
            value, reused = _typed(task, known), True
        if reused:
            self.work.reused[task.method] += 1
            job.reused(task)
            return value
        job.done(task)
        if excess := job.budget.excess():
            await job.budget.wait_paid()
            raise excess
        return value

    async def known(self, task: Task, pins: set[str]) -> Any:
        """The task's result if there is one, its files pinned; else None."""
        known = await self.memo.find(task.digest, pins)
        return None if known is None else _typed(task, known)

    async def _within_budget(self, task: Task, job: Asker) -> tuple[Any, bool]:
        """The result, and whether it was known.

        Raises `Overspent` once what else this job was billed for has ended. A refusal of others is not ours.
        """
        while True:
            try:
                return await self._join(task, job)
            except Overspent:
                own = job.budget.refusal(task)
            if own:
                await job.budget.wait_paid()
                raise own

    async def _join(self, task: Task, job: Asker) -> tuple[Any, bool]:
        waiter = Waiter(
            lambda: job.rank(task), lambda kind, news: job.news(task, kind, news), lambda: job.budget.refusal(task),
            job.pins,
        )  # fmt: skip
        try:
            value, reused = await self._flights.join(task.digest, waiter, lambda flight: self._fly(task, job, flight))
            return value, reused
        finally:
            job.budget.ended(task)

    async def _fly(self, task: Task, job: Asker, flight: Flight) -> tuple[Any, bool]:
        with self.store.pinned() as flight.pins:  # its own: the job that began it may be gone before
            known = await self.known(task, flight.pins)
            value = await self._decide(task, task.digest, job, flight) if known is None else known
            for waiter, artifact in product(flight.waiters, artifacts_in(value)):
                self.store.pin(waiter.pins, artifact.sha256)
        return value, known is not None

    async def _decide(self, task: Task, digest: str, job: Asker, flight: Flight) -> Any:
        try:
            value = await self._persist(task, digest, job, flight)
        except AuradError:
            self._attempts.decided(digest)
            raise
        self._attempts.decided(digest)
        return value

    async def _persist(self, task: Task, digest: str, job: Asker, flight: Flight) -> Any:
        """Try until it works, or will not."""
        limited_until = time.monotonic() + RATE_LIMIT_PATIENCE
        while True:
            attempt = self._attempts.next(digest)
            try:
                return await self._attempt(task, digest, job, flight, attempt)
            except Overspent:  # nothing was begun that could have failed
                raise
            except RateLimited as error:
                pause = max(error.retry_after, MIN_LIMIT)
                again = time.monotonic() + pause < limited_until
                flight.emit("failed", told(error, attempt, will_retry=again))
                if not again:
                    raise
            except AuradError as error:
                pause = pause_after(attempt)
                again = attempt < ATTEMPTS and is_passing(error)
                error.details = {**error.details, "plugin": task.plugin, "stage": task.stage}  # whose fault it is
                self._count_loss(task, digest, error, flight)
                flight.emit("failed", told(error, attempt, will_retry=again))
                if not again:
                    raise
                self._attempts.failed(digest, attempt)
            await trio.sleep(pause)  # holding no slot

    def _count_loss(self, task: Task, digest: str, error: AuradError, flight: Flight) -> None:
        if error.code not in LOST or "traceback" in error.details or error.details.get("signal") == "SIGKILL":
            return  # whoever was killed from outside has not crashed
        if aside := self.quarantine.crashed(task.plugin, digest, error.detail):
            flight.emit("warning", WarningNews(task_id="", code=error.code, detail=f"{task.plugin} is {aside}"))

    async def _attempt(self, task: Task, digest: str, job: Asker, flight: Flight, attempt: int) -> Any:
        self.quarantine.check(task.plugin)
        pool = pool_of(task.plugin)
        self._slots.add(pool, pool_size(task.method, task.slot, self._lanes))
        names = [slot_of(task.method, task.slot), pool]
        async with self._slots.hold(names, job.owners, flight.rank):
            flight.check()
            flight.emit("started", Started(attempt=attempt))
            for plugin in task.leads_to:
                self._executor.warm(plugin)
            with (
                self.store.workspace() as workspace,
                self.work.running_task(task.stage, task.method),
                self._cores.used(kind_of(task.method, task.slot), first_guess(task_key(task)).cores) as had,
            ):
                call = await self._call(task, job, workspace)
                answer = await run_watched(
                    f"{task.method} of {task.stage}", lambda emit: self._run(task.plugin, call, emit), flight.emit,
                    self.patience[task.step].silence,
                )  # fmt: skip
                value = await self._take_in(task, answer, workspace, flight)
                self._costs.learn(task, had())
        await self.memo.record(digest, canonical(value), artifacts_in(value))
        return value

    async def _run(self, plugin: str, call: Run, emit: Emit) -> RunResult:
        """Nothing that a stage says of itself holds a secret that it was handed."""
        secrets = tuple(call.secrets.values())
        if not secrets:
            return await self._executor.run(plugin, call, emit)
        try:
            return await self._executor.run(plugin, call, lambda kind, news: emit(kind, discreet(news, secrets)))
        except AuradError as error:
            raise discreet_error(error, secrets) from None

    async def _call(self, task: Task, job: Asker, workspace: Path) -> Run:
        inputs = {artifact.sha256 for artifact in artifacts_in(task.request)}
        return Run(
            task_id=workspace.name,
            job_id=job.job_id,
            correlation_id=job.correlation_id,
            stage=task.stage,
            method=task.method,
            request=msgspec.to_builtins(task.request, str_keys=True),
            options=task.options,
            files={sha256: str(await self.store.check(sha256)) for sha256 in inputs},
            secrets=await self._secrets.chosen(task.secrets),
            workspace=str(workspace),
            deadline=self.patience[task.step].whole,
        )

    async def _take_in(self, task: Task, answer: RunResult, workspace: Path, flight: Flight) -> Any:
        value = check_output(task, answer.output)
        check_files(task, value, {file.sha256 for file in answer.files})
        for file in answer.files:
            path = _own_file(file.path, workspace)
            await self.store.put(path, file.media_type, flight.pins, expected=file.sha256)
        return value


def _typed(task: Task, output: bytes) -> Any:
    return msgspec.json.decode(output, type=METHODS[task.method].result)


def _own_file(name: str, workspace: Path) -> Path:
    path = Path(name)
    if not path.is_relative_to(workspace) or ".." in path.parts or path.is_symlink() or not path.is_file():
        raise AuradError("E308-RESULT", f"cannot take {name}: it is no regular file of the workspace")
    return path
