"""One running job as the world sees it: steps, items, percent, timeline; turns news into events.

It decides nothing. Progress is coalesced before it is numbered; changes of state never are.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from typing import Any

import msgspec
import trio

from aurad.engine.attempts import Attempted, Started
from aurad.engine.budget import Budget
from aurad.engine.coming import BODY, Coming
from aurad.engine.daemonlog import open_daemonlog
from aurad.engine.events import Events
from aurad.engine.forecast import Forecast
from aurad.engine.joblog import JobLog
from aurad.engine.journal import Write
from aurad.engine.providers import ProviderFailed
from aurad.engine.remarks import Remarks
from aurad.engine.schedule import FINISHING, Rank
from aurad.engine.step import StepState
from aurad.engine.store import Store
from aurad.engine.task import Task
from aurad.model.artifact import Artifact
from aurad.model.errors import KINDS, AuradError, brief, to_problem
from aurad.model.event import (
    AnyEvent,
    ArtifactReady,
    ArtifactView,
    JobView,
    PluginChoice,
    StepChanged,
    StepError,
    StepProgress,
    TaskView,
    Warned,
    timestamp,
)
from aurad.model.job import STEPS, Status, Step, StepStatus
from aurad.model.script import Scene
from aurad.model.value import Value, canonical, digest
from aurad.model.video import Profile
from aurad.wire.worker import LogNews, PartNews, ProgressNews, ToolNews, UsageNews, WarningNews

COALESCE = 0.25  # seconds between two progress events of a job's step
SOFTWARE = frozenset({"libx264"})
ERRORS = 20  # of one step that a view tells


class Board:
    """Implements `runner.Asker` for one job."""

    remarks: Remarks  # what is known of results; given by whoever makes the job

    def __init__(
        self, view: JobView, lineage: str, events: Events, store: Store, forecast: Forecast, log: JobLog,
        budget: Budget,
    ) -> None:  # fmt: skip
        self._view, self.lineage, self._events, self._store, self._forecast = view, lineage, events, store, forecast
        self.log, self.budget, self._tell_operators = log, budget, open_daemonlog(view.job_id, view.correlation_id)
        self.job_id, self.correlation_id = view.job_id, view.correlation_id
        self.owners: tuple[str, ...] = (f"uid {view.owner.uid}", view.job_id)
        self.pins: set[str] = set()
        self.on_part: Callable[[Scene], None] = lambda scene: None
        self.avoid: list[str] = []
        self._steps: dict[Step, StepState] = {name: StepState(name) for name in STEPS}
        self._steps["Script"].total = 1
        self._stage: Step = "Initialization"
        self._status = view.status
        # A clock that is set while it runs does not bend its timeline.
        self._since = time.monotonic() - max(time.time() - created_at(view), 0.0)
        self._began: dict[str, float] = {}
        self._attempts: dict[str, int] = {}
        self._reused: set[str] = set()
        self.tasks: dict[str, TaskView] = {}
        self._artifacts: dict[str, ArtifactView] = {a.artifact_id: a for a in view.artifacts}
        self._warnings: list[dict[str, Any]] = []
        self.job_seq, self.last_seq = view.last_job_seq, view.last_seq
        self.message = ""

    # ------------------------------------------------------------ what the runner asks and tells

    def rank(self, task: Task) -> Rank:
        return (float(self._view.priority), task.order)

    def reused(self, task: Task) -> None:
        """A result was known: it counts as done and as no work."""
        step = self._enter(task)
        self._count(step, task, reused=True)
        self._reused.add(task.name)
        self._forecast.known(task.name)
        now = self._seconds()
        self._record(task, now, now, reused=True)
        self._repeat(task)

    def was_reused(self, name: str) -> bool:
        return name in self._reused

    def news(self, task: Task, kind: str, news: Any) -> None:
        match news:
            case Started():
                self._start(task, news.attempt)
            case Attempted():
                self._failed(task, news)
            case ProgressNews():
                self._progress(task, news)
            case WarningNews():
                self.warn(task.step, news.code, news.detail)
                if news.task_id:  # else it is ours, and of this attempt only
                    self.remarks.keep(task, news)
            case UsageNews():
                self.budget.bill(task, news)
            case LogNews():
                self.log.said(task, news)
            case ToolNews():
                self.log.tool(task, news)
            case PartNews() if task.method == "write":
                scene = msgspec.convert(news.value, Scene)
                self.on_part(msgspec.structs.replace(scene, scene_id=scene.scene_id or f"s{news.index + 1}"))

    def done(self, task: Task) -> None:
        """A task that ran for us has its result."""
        step = self._enter(task)
        step.running.pop(task.name, None)
        self._count(step, task, reused=False)
        self._forecast.advance(task.name, 1.0)
        now = self._seconds()
        self._record(task, self._began.get(task.name, now), now, reused=False)
        self._repeat(task)  # we may have joined those who waited for it when it was said already

    def _repeat(self, task: Task) -> None:
        for code, detail in self.remarks.of(task):
            self.warn(task.step, code, detail)

    def _seconds(self) -> float:
        """Since the job was created."""
        return time.monotonic() - self._since

    def _count(self, step: StepState, task: Task, *, reused: bool) -> None:
        if task.method in _STEP_OF:
            step.count(task.name, reused=reused)
        if step.full:
            self.leave(step.name, StepStatus.SUCCEEDED)

    def _start(self, task: Task, attempt: int) -> None:
        step = self._enter(task)
        self.budget.began(task)
        if task.method in _STEP_OF:
            step.running[task.name] = 0.0
        self._forecast.begin(task)
        self._began[task.name] = self._seconds()
        self._attempts[task.name] = attempt

    def _progress(self, task: Task, news: ProgressNews) -> None:
        step = self._steps[task.step]
        if task.name in step.running:
            step.running[task.name] = min(max(news.done, 0.0), 1.0)
        step.message, step.changed = news.message, True
        self._forecast.advance(task.name, min(news.done, 0.99))

    def _failed(self, task: Task, news: Attempted) -> None:
        self._steps[task.step].running.pop(task.name, None)
        self.budget.ended(task)
        self.log.lost(task)
        said = {} if "stderr" in news.details else {"logTail": self.log.tail_of(task)}
        error = AuradError(news.code, news.detail, remedy=news.remedy, details={**news.details, **said})
        self.step_error(task.step, error, news.attempt, will_retry=news.will_retry, scene_id=task.scene_id)

    def _record(self, task: Task, start: float, end: float, *, reused: bool) -> None:
        self.tasks[task.name] = TaskView(
            name=task.name,
            step=task.step,
            plugin=task.stage,
            digest=task.digest,
            start=round(start, 3),
            end=round(end, 3),
            reused=reused,
            scene_id=task.scene_id,
            lane=task.slot,
            attempts=self._attempts.get(task.name, 1),
        )

    # ------------------------------------------------------------ what the pipeline tells

    def forecast_scenes(self, coming: list[Coming]) -> None:
        """All tasks that will come, now that the script is known."""
        for method in BODY:
            self._forecast.drop(method)
        totals: dict[Step, int] = {}
        for one in coming:
            self._forecast.expect(one)
            step = _STEP_OF[one.method]
            totals[step] = totals.get(step, 0) + 1
        for name, total in totals.items():
            self._steps[name].total, self._steps[name].changed = total, True

    def choose(self, step: Step, choice: PluginChoice) -> None:
        self._steps[step].plugin = choice

    def publish(self, name: str, kind: str, artifact: Artifact, scene_id: str = "") -> None:
        """A file of the job can be fetched from now on."""
        self._store.pin(self.pins, artifact.sha256)
        artifact_id = digest(f"{self.job_id}/{name}".encode())[:24]
        view = ArtifactView(
            artifact_id=artifact_id,
            name=name,
            kind=kind,
            media_type=artifact.media_type,
            size_bytes=artifact.size_bytes,
            sha256=artifact.sha256,
            scene_id=scene_id,
        )
        if self._artifacts.get(artifact_id) == view:
            return
        self._artifacts[artifact_id] = view
        row = (artifact_id, self.job_id, name, kind, scene_id, view.sha256, view.size_bytes, view.media_type)
        self.emit(
            ArtifactReady,
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
            ),
            artifact=view,
        )

    async def publish_value(self, name: str, kind: str, value: Value) -> None:
        pretty = msgspec.json.format(canonical(value), indent=2)
        self.publish(name, kind, await self._store.put_bytes(pretty, "application/json", self.pins))

    def blame_encoder(self, profile: Profile, failed: ProviderFailed) -> Exception:
        """A hardware encoder that failed after its trial is avoided from now on; else the provider is out."""
        if profile.encoder in SOFTWARE or profile.encoder in self.avoid:
            return failed
        self.avoid.append(profile.encoder)
        self.warn(
            "Rendering", failed.error.code, f"{profile.name} failed, another encoder is used: {failed.error.detail}"
        )
        return EncoderFailed(profile.encoder)

    # ------------------------------------------------------------ events

    def emit(self, kind: Callable[..., AnyEvent], *also: Write, **fields: Any) -> None:
        """Number, journal and publish one event of this job."""
        self.job_seq += 1
        head = {
            "job_seq": self.job_seq,
            "job_id": self.job_id,
            "timestamp": timestamp(),
            "correlation_id": self.correlation_id,
            "status": self._status,
            "stage": self._stage,
            "progress": self.percent,
            "message": self.message,
            "eta": self._forecast.eta if self._status is Status.RUNNING else None,
        }
        self.last_seq = self._events.append(lambda seq: kind(seq=seq, **head, **fields), *also)
        self._tell_operators(kind, head, fields)

    @property
    def percent(self) -> float:
        return 100.0 if self._status is Status.SUCCEEDED else self._forecast.percent

    def set_status(self, status: Status) -> None:
        self._status = status

    def rebase(self, view: JobView) -> None:
        """The parts of the view that the job's owner changes."""
        self._view = view

    def restart(self) -> None:
        """The graph is asked again from its start; what is done will be found done."""
        for step in self._steps.values():
            step.restart()

    def warn(self, step: Step, code: str, detail: str, remedy: str = "") -> None:
        warning = {"step": step, "code": code, "detail": detail, "remedy": remedy}
        if warning in self._warnings:  # what holds for every scene is told once
            return
        self._warnings.append(warning)
        self.emit(Warned, step=step, code=code, detail=detail, remedy=remedy)

    def fall_back(self, step: Step, name: str, following: str, error: AuradError) -> None:
        """A provider is given up for another: told as an error of the step and as a warning."""
        self.step_error(step, error, self._attempts.get(name, 1), will_retry=False, fallback_to=following)
        self.warn(step, error.code, f"{name} could not do it, {following} is used: {error.detail}", error.remedy)

    def step_error(
        self, step: Step, error: AuradError, attempt: int, *,
        will_retry: bool, fallback_to: str = "", scene_id: str = "",
    ) -> None:  # fmt: skip
        problem = self.problem(error)
        told = self._steps[step].errors
        told[ERRORS - 1 :] = [brief(problem)]  # the first ones and the last
        self.log.note(step, f"attempt {attempt} failed: {error.detail}", scene_id)
        self.emit(
            StepError, step=step, problem=problem, attempt=attempt, will_retry=will_retry,
            fallback_to=fallback_to, scene_id=scene_id,
        )  # fmt: skip

    def problem(self, error: AuradError) -> dict[str, Any]:
        """An error of this job as clients see it, with the way to the job's log."""
        where = f"/api/jobs/{self.job_id}"
        problem = to_problem(error, instance=where, correlation_id=self.correlation_id)
        return problem | {"details": {**error.details, "logHref": f"{where}/logs"}}

    def log_failed(self, why: str) -> None:
        """The job's log cannot be written: told once, and as long as there is anybody to tell."""
        if not self._status.terminal:
            self.warn("Initialization", "E507-LOG", f"cannot write the job's log: {why}", KINDS["E507-LOG"].remedy)

    def enter(self, name: Step) -> None:
        """A step begins, if it has not begun."""
        step = self._steps[name]
        if step.status is StepStatus.RUNNING:
            return
        step.status, step.changed = StepStatus.RUNNING, True
        step.began, step.started_at = step.began or time.monotonic(), step.started_at or timestamp()
        if STEPS.index(name) > STEPS.index(self._stage):
            self._stage = name
        self.emit(StepChanged, step=name, step_status=step.status, plugin=step.plugin)

    def leave(self, name: Step, status: StepStatus) -> None:
        """A step ends."""
        step = self._steps[name]
        if step.status in (StepStatus.PENDING, StepStatus.RUNNING) and step.status is not status:
            ran, step.status = step.status is StepStatus.RUNNING, status
            if ran and step.untold:  # the last of it, which is 100 where the step has succeeded
                self._emit_progress(step)
            if step.began is not None:
                step.duration = round(time.monotonic() - step.began, 3)
            self.emit(StepChanged, step=name, step_status=status, plugin=step.plugin)

    def leave_all(self, status: Status) -> None:
        """The job has ended: so have its steps. Of a failed job, those with errors failed, the others were cut off."""
        self.log.lost()
        blamed = any(step.errors for step in self._steps.values())
        for step in self._steps.values():
            if step.status is StepStatus.PENDING:
                self.leave(step.name, StepStatus.SKIPPED)
            elif step.status is StepStatus.RUNNING:
                failed = status is Status.FAILED and (bool(step.errors) or not blamed)
                done = StepStatus.SUCCEEDED if status is Status.SUCCEEDED else StepStatus.CANCELLED
                self.leave(step.name, StepStatus.FAILED if failed else done)

    def _enter(self, task: Task) -> StepState:
        if task.method in _STEP_OF:
            self.enter(task.step)
        return self._steps[task.step]

    async def tell_progress_forever(self) -> None:
        """Four times a second at most, what has changed."""
        while True:
            for step in self._steps.values():
                self._tell_progress(step)
            await trio.sleep(COALESCE)

    def _tell_progress(self, step: StepState) -> None:
        if step.changed and step.status is StepStatus.RUNNING:
            self._emit_progress(step)

    def _emit_progress(self, step: StepState) -> None:
        step.changed, step.told = False, step.percent
        self.message = step.said
        self.emit(StepProgress, step=step.name, progress_pct=step.percent, items=step.items, detail=step.message)

    def view(self, **changes: Any) -> JobView:
        """The job now."""
        ended = self._status.terminal
        return msgspec.structs.replace(
            self._view, status=self._status, stage=self._stage, progress=self.percent, message=self.message,
            eta=None if ended else self._forecast.eta, steps=tuple(step.view() for step in self._steps.values()),
            warnings=tuple(self._warnings), usage=self.budget.usage, artifacts=tuple(self._artifacts.values()),
            last_seq=self.last_seq, last_job_seq=self.job_seq, **changes,
        )  # fmt: skip


def created_at(view: JobView) -> float:
    """When a job was created, in seconds since the epoch."""
    return datetime.datetime.fromisoformat(view.created_at).timestamp()


class EncoderFailed(Exception):
    """The pipeline is to be asked again, with another encoder."""


# What counts as an item of a step; plans, profiles and previews are work, but nobody counts them.
_STEP_OF: dict[str, Step] = {
    "write": "Script", "speak": "Voice", "draw": "Visuals", "render_scene": "Rendering",
    **dict.fromkeys(FINISHING, "Postprocessing"),
}  # fmt: skip
