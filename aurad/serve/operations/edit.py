"""The operation that changes a job into a new one."""

from __future__ import annotations

from aurad.engine.edit import Changes
from aurad.model.errors import AuradError
from aurad.model.job import Accepted
from aurad.serve.operations.jobs import JOB, accepted
from aurad.serve.operations.table import Call, CorrelationId, JobId, Route, operation, visible

ENDS_ANYHOW = ("E201-STATE", "E208-TIMEOUT", "E501-DISK")  # it has ended by itself, or ends later


class Edit(Changes, frozen=True, kw_only=True):
    """`brief` and `settings` are merged into the old ones (RFC 7396). `cancelOld` ends the old job."""

    job_id: JobId
    cancel_old: bool = False
    correlation_id: CorrelationId = ""


@operation("jobs.edit", Edit, "operate", Route("POST", JOB + "/edit", 202, location=JOB))
async def edit(call: Call, params: Edit) -> Accepted:
    """A new job with changed scenes, brief or settings, or with other takes; all that stays is reused."""
    view = await visible(call, params.job_id)
    fields = {name: getattr(params, name) for name in Changes.__struct_fields__}
    job = await call.engine.jobs.edit(params.job_id, Changes(**fields), params.correlation_id)
    if params.cancel_old and not view.status.terminal:
        await _cancel(call, params.job_id, job.view.job_id)
    return await accepted(call, job)


async def _cancel(call: Call, old: str, new: str) -> None:
    try:
        await call.engine.jobs.cancel(old, call.caller.owner.name, f"replaced by {new}")
    except AuradError as error:
        if error.code not in ENDS_ANYHOW:  # else nobody would hear of the new one
            raise
