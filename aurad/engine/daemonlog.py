"""What the daemon's own log says of jobs: one line for each change that an operator may want to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from aurad.model.event import JobCancelled, JobCompleted, JobFailed, JobStatus, StepChanged, StepError, Warned

Told = Callable[[object, Mapping[str, Any], Mapping[str, Any]], None]


def open_daemonlog(job_id: str, correlation_id: str) -> Told:
    """Gives what to call with the type of each event, what every event carries, and its own members.

    The ids are bound here and not by context: news of a shared task come in another job's context.
    """
    log = structlog.get_logger().bind(job_id=job_id, correlation_id=correlation_id)

    def told(kind: object, head: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        if kind is JobStatus:
            log.info(f"job {head['status'].value.lower()}")
        elif kind is StepChanged:
            log.debug(f"step {fields['step_status'].value.lower()}", step=fields["step"])
        elif kind is Warned:
            log.warning(fields["detail"], step=fields["step"], code=fields["code"])
        elif kind is StepError:
            problem = fields["problem"]
            log.warning(
                problem["detail"], step=fields["step"], code=problem["errorCode"], attempt=fields["attempt"],
                will_retry=fields["will_retry"], scene_id=fields["scene_id"],
            )  # fmt: skip
        elif kind is JobCompleted:
            log.info("job succeeded", output=fields["output"].video_path if fields["output"] else "")
        elif kind is JobFailed:
            log.error("job failed", code=fields["errors"][0]["errorCode"], detail=fields["errors"][0]["detail"])
        elif kind is JobCancelled:
            log.info("job cancelled", by=fields["by"], reason=fields["reason"])

    return told
