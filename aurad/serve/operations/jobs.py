"""Operations on jobs: submit, watch, end, ask again."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from aurad.engine.ids import is_id, new_id
from aurad.engine.record import Job, load_script
from aurad.model.errors import AuradError
from aurad.model.event import ArtifactView, JobView, TaskView
from aurad.model.job import Accepted, JobSettings, Status
from aurad.model.plan import Plan
from aurad.model.script import Script
from aurad.model.value import Value
from aurad.serve.operations.table import PAGE, ByJob, Call, CorrelationId, JobId, Result, Route, operation, visible
from aurad.serve.origins import naming_origin
from aurad.serve.reload import refresh

JOB = "/api/jobs/{jobId}"


BriefObject = Annotated[
    dict[str, Any],
    Meta(
        description="A `topic`, a `source` (text, or `asset:` and the hash of an uploaded file) or a `script`, and how"
        " the video should be: audience, tone, language, aspect, durationSeconds, pacing, density, assets.",
        examples=[{"source": "Bees see colours that we do not."}, {"topic": "How bees see", "aspect": "9:16"}],
    ),
]


class Validate(JobSettings, frozen=True, kw_only=True):
    """As for a submission."""

    brief: BriefObject


class Submit(Validate, frozen=True, kw_only=True):
    """A brief and the job's settings. With `dry_run` nothing is stored: the answer tells what would come of it."""

    correlation_id: CorrelationId = ""
    dry_run: bool = False


class Cancel(ByJob, frozen=True, kw_only=True):
    reason: str = ""


class Retry(ByJob, frozen=True, kw_only=True):
    correlation_id: CorrelationId = ""


class Page(Value, frozen=True, kw_only=True):
    """A part of the list. `cursor` is the one of the answer before; the others say which jobs are meant."""

    limit: Annotated[int, Meta(ge=1, le=PAGE)] = 50
    cursor: JobId | None = None
    status: tuple[Status, ...] | None = None
    labels: dict[str, str] = {}


class Planned(Result, frozen=True, kw_only=True):
    """A dry run: there is no job, and the plan is as from `jobs.validate`."""

    job_id: None
    correlation_id: str
    position: None
    plan: Plan


class JobPage(Result, frozen=True, kw_only=True):
    """Jobs, the newest first; `cursor` asks for the next ones, None at the end."""

    jobs: list[JobView]
    cursor: str | None


class Tasks(Result, frozen=True, kw_only=True):
    tasks: list[TaskView]


class Artifacts(Result, frozen=True, kw_only=True):
    artifacts: tuple[ArtifactView, ...]


@operation("jobs.submit", Submit, "operate", Route("POST", "/api/jobs", 202, location=JOB, also=((200, Planned),)))
async def submit(call: Call, params: Submit) -> Accepted | Planned:
    """Take a job; it is on disk before the answer. With `dryRun` only tell what it would come to."""
    if params.dry_run:
        known = params.correlation_id or new_id("")
        return Planned(job_id=None, correlation_id=known, position=None, plan=await _plan(call, params))
    await refresh(call.engine)
    async with naming_origin(call.engine):
        job = await call.engine.jobs.submit(_submission(params), call.caller.owner, params.correlation_id)
    return await accepted(call, job)


@operation("jobs.validate", Validate, "read")
async def validate(call: Call, params: Validate) -> Plan:
    """What a job would come to: who would do what and why, its time, disk and cost. Nothing is begun."""
    return await _plan(call, params)


@operation("jobs.retry", Retry, "operate", Route("POST", JOB + "/retry", 202, location=JOB))
async def retry(call: Call, params: Retry) -> Accepted:
    """A new job that asks for the same; finished tasks are reused."""
    await visible(call, params.job_id)
    job = await call.engine.jobs.retry(params.job_id, call.caller.owner, params.correlation_id)
    return await accepted(call, job)


@operation("jobs.cancel", Cancel, "operate", Route("POST", JOB + "/cancel", 202, location=JOB))
async def cancel(call: Call, params: Cancel) -> JobView:
    """End a job; the answer comes when nothing of it runs any more."""
    await visible(call, params.job_id)
    return await call.engine.jobs.cancel(params.job_id, call.caller.owner.name, params.reason)


@operation("jobs.get", ByJob, "read", Route("GET", JOB))
async def get(call: Call, params: ByJob) -> JobView:
    """A job as it is now."""
    return await visible(call, params.job_id)


@operation("jobs.wait", ByJob, "read")
async def wait(call: Call, params: ByJob) -> JobView:
    """A job once it has ended."""
    await visible(call, params.job_id)
    return await call.engine.jobs.wait(params.job_id)


@operation("jobs.list", Page, "read", Route("GET", "/api/jobs"))
async def newest(call: Call, params: Page) -> JobPage:
    """The newest jobs first; a page that gets too large ends before its limit, with a cursor."""
    if params.cursor is not None and not is_id(params.cursor):  # any text would have a place between ids
        raise AuradError("E116-CURSOR", f"cannot go on from {params.cursor!r}: that is no cursor of this list")
    jobs, cursor = await call.engine.jobs.newest(
        call.caller.filter, params.limit, before=params.cursor, status=params.status, labels=params.labels
    )
    return JobPage(jobs=jobs, cursor=cursor)


@operation("jobs.script", ByJob, "read", Route("GET", JOB + "/script"))
async def script(call: Call, params: ByJob) -> Script:
    """The script that a job is made from, once it is written."""
    found = await load_script(await visible(call, params.job_id), call.engine.store)
    if found is None:
        raise AuradError("E200-NO_JOB", f"cannot find the script of {params.job_id}: it is not written yet")
    return found


@operation("jobs.tasks", ByJob, "read", Route("GET", JOB + "/tasks"))
async def tasks(call: Call, params: ByJob) -> Tasks:
    """The timeline of a job's tasks."""
    await visible(call, params.job_id)
    return Tasks(tasks=await call.engine.jobs.tasks(params.job_id))


@operation("jobs.artifacts", ByJob, "read", Route("GET", JOB + "/artifacts"))
async def artifacts(call: Call, params: ByJob) -> Artifacts:
    """The files of a job."""
    return Artifacts(artifacts=(await visible(call, params.job_id)).artifacts)


async def accepted(call: Call, job: Job) -> Accepted:
    """What whoever asked for a job is told."""
    view = await call.engine.jobs.get(job.view.job_id)
    return Accepted(job_id=view.job_id, correlation_id=view.correlation_id, position=view.position)


async def _plan(call: Call, params: Validate) -> Plan:
    await refresh(call.engine)
    async with naming_origin(call.engine):
        return await call.engine.planner.plan(_submission(params), call.caller.owner)


def _submission(params: Validate) -> dict[str, Any]:
    """As the engine takes it, without what is about this call rather than the job."""
    settings = msgspec.to_builtins(params)
    brief = settings.pop("brief")
    for name in ("correlationId", "dryRun"):
        settings.pop(name, None)
    return {"brief": brief, "settings": settings}
