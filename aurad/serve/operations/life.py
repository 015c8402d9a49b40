"""Operations on a job's place and life: pause, resume, reprioritize, delete."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from aurad.model.event import JobView
from aurad.serve.operations.jobs import JOB
from aurad.serve.operations.table import ByJob, Call, Result, Route, operation, visible


class Reprioritize(ByJob, frozen=True, kw_only=True):
    priority: Annotated[int, Meta(ge=1, le=10, description="1 is first, 10 is last")]


class Deleted(Result, frozen=True, kw_only=True):
    """What deleting a job has freed in the store."""

    freed_bytes: int


@operation("jobs.pause", ByJob, "operate", Route("POST", JOB + "/pause", 202))
async def pause(call: Call, params: ByJob) -> JobView:
    """Stop a job's work for now; the answer comes when nothing of it runs. Finished tasks are kept."""
    await visible(call, params.job_id)
    return await call.engine.jobs.pause(params.job_id)


@operation("jobs.resume", ByJob, "operate", Route("POST", JOB + "/resume", 202))
async def resume(call: Call, params: ByJob) -> JobView:
    """Let a paused job go on when its turn comes."""
    await visible(call, params.job_id)
    return await call.engine.jobs.resume(params.job_id)


@operation("jobs.reprioritize", Reprioritize, "operate")
async def reprioritize(call: Call, params: Reprioritize) -> JobView:
    """Change how urgent a job is: its place in the queue, and its turn at every worker."""
    await visible(call, params.job_id)
    return await call.engine.jobs.reprioritize(params.job_id, params.priority)


@operation("jobs.delete", ByJob, "operate", Route("DELETE", JOB))
async def delete(call: Call, params: ByJob) -> Deleted:
    """Forget an ended job: its record, its log, and its files that no other job or upload needs."""
    await visible(call, params.job_id)
    return Deleted(freed_bytes=await call.engine.jobs.delete(params.job_id))
