"""Operations on jobs: submit, watch, end, ask again."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from aurad.engine.planning import Plan
from aurad.engine.record import Job, load_script
from aurad.model.errors import AuradError
from aurad.model.event import ArtifactView, JobView, TaskView
from aurad.model.job import JobSettings, Status
from aurad.model.script import Script
from aurad.model.value import Value
from aurad.serve.operations.table import PAGE, ByJob, Call, CorrelationId, JobId, Result, Route, operation, visible
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


class Submit(JobSettings, frozen=True, kw_only=True):
    """A brief and the job's settings."""

    brief: BriefObject
    correlation_id: CorrelationId = ""


class Validate(JobSettings, frozen=True, kw_only=True):
    """As for a submission."""

    brief: BriefObject


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


class Accepted(Result, frozen=True, kw_only=True):
    """A job that is on disk; `position` is its place in the queue, None once it runs."""

    job_id: str
    correlation_id: str
    position: int | None


class JobPage(Result, frozen=True, kw_only=True):
    """Jobs, the newest first; `cursor` asks for the next ones, None at the end."""

    jobs: list[JobView]
    cursor: str | None


class Tasks(Result, frozen=True, kw_only=True):
    tasks: list[TaskView]


class Artifacts(Result, frozen=True, kw_only=True):
    artifacts: tuple[ArtifactView, ...]


@operation("jobs.submit", Submit, "operate", Route("POST", "/api/jobs", 202, location=JOB))
async def submit(call: Call, params: Submit) -> Accepted:
    """Take a job; it is on disk before the answer."""
    await refresh(call.engine)
    settings = msgspec.to_builtins(params)
    brief, correlation_id = settings.pop("brief"), settings.pop("correlationId", "")
    job = await call.engine.jobs.submit({"brief": brief, "settings": settings}, call.caller.owner, correlation_id)
    return await accepted(call, job)


@operation("jobs.validate", Validate, "read")
async def validate(call: Call, params: Validate) -> Plan:
    """What a job would come to: who would do what and why, its time, disk and cost. Nothing is begun."""
    await refresh(call.engine)
    settings = msgspec.to_builtins(params)
    brief = settings.pop("brief")
    return await call.engine.planner.plan({"brief": brief, "settings": settings}, call.caller.owner)


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
