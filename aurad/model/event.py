"""What subscribers see: one frozen struct for each type of event, and the views of a job and its steps.

`seq` rises over the daemon, `job_seq` by exactly one over the job, so that a loss is visible.
"""

from __future__ import annotations

import datetime
import inspect
from typing import Any

import msgspec

from aurad.model.event_types import EventType as EventType
from aurad.model.event_types import Terminal as Terminal
from aurad.model.job import STEPS, Status, Step, StepStatus
from aurad.model.value import Value


def timestamp(moment: datetime.datetime | None = None) -> str:
    """RFC 3339 in UTC with milliseconds."""
    moment = moment or datetime.datetime.now(datetime.UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def timestamp_at(seconds: float) -> str:
    """As `timestamp`, of a time in seconds since the epoch."""
    return timestamp(datetime.datetime.fromtimestamp(seconds, datetime.UTC))


class Items(Value, frozen=True, kw_only=True, omit_defaults=False):
    """How many pieces of a step are done; `reused` of them were known already."""

    done: int = 0
    total: int = 0
    reused: int = 0


class PluginChoice(Value, frozen=True, kw_only=True):
    """Who does a step, and why; `fallback_from` names the provider that could not."""

    name: str
    version: str = ""
    reason: str = ""
    fallback_from: str = ""


class Output(Value, frozen=True, kw_only=True):
    """The finished video of a job."""

    video_path: str
    size_bytes: int
    duration_seconds: float
    width: int = 0
    height: int = 0


class Event(Value, frozen=True, kw_only=True, omit_defaults=False, tag_field="type", tag="event"):
    """What every event carries. `eta` is in seconds, None while unknown; `progress` 0..100 never falls."""

    seq: int
    job_seq: int
    job_id: str
    timestamp: str
    correlation_id: str
    status: Status
    stage: Step
    progress: float
    message: str
    eta: float | None = None


class JobStatus(Event, frozen=True, kw_only=True, tag="job-status"):
    """The job's status changed."""


class StepChanged(Event, frozen=True, kw_only=True, tag="step-status"):
    """A step's status changed: it began, or ended in whatever way."""

    step: Step
    step_status: StepStatus
    plugin: PluginChoice | None = None
    scene_id: str = ""


class StepProgress(Event, frozen=True, kw_only=True, tag="step-progress"):
    """A step got on: `progress_pct` of the step itself. At most four a second for one step."""

    step: Step
    progress_pct: float
    items: Items
    detail: str = ""


class StepError(Event, frozen=True, kw_only=True, tag="step-error"):
    """An attempt failed; `will_retry`, or the next provider is `fallback_to`, or the job fails."""

    step: Step
    problem: dict[str, Any]
    attempt: int
    will_retry: bool
    fallback_to: str = ""
    scene_id: str = ""


class Warned(Event, frozen=True, kw_only=True, tag="warning"):
    """Worse than asked, but no failure."""

    step: Step
    code: str
    detail: str
    remedy: str = ""


class ArtifactReady(Event, frozen=True, kw_only=True, tag="artifact"):
    """Something can be watched or fetched already."""

    artifact: ArtifactView


class JobCompleted(Event, frozen=True, kw_only=True, tag="job-completed"):
    """Terminal: the video is there and was checked. `output` is None for a job that ended early by `until`."""

    output: Output | None
    artifacts: tuple[ArtifactView, ...]


class JobFailed(Event, frozen=True, kw_only=True, tag="job-failed"):
    """Terminal: the story of all attempts, the end of the log and what to do."""

    errors: tuple[dict[str, Any], ...]
    log_tail: tuple[str, ...] = ()
    suggested_actions: tuple[str, ...] = ()


class JobCancelled(Event, frozen=True, kw_only=True, tag="job-cancelled"):
    """Terminal: who cancelled, and why."""

    by: str
    reason: str = ""


AnyEvent = (
    JobStatus | StepChanged | StepProgress | StepError | Warned | ArtifactReady
    | JobCompleted | JobFailed | JobCancelled
)  # fmt: skip


class LogLines(Value, frozen=True, kw_only=True, omit_defaults=False, tag_field="type", tag="job-log"):
    """Lines of the job's log, from byte `offset` of its file on; only for those who ask for this type.

    Not journalled and not numbered: `offset` and the lines' bytes tell what was missed.
    """

    job_id: str
    timestamp: str
    correlation_id: str
    step: Step
    offset: int
    lines: tuple[str, ...]
    scene_id: str = ""


class ArtifactView(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A file of a job, as clients see it; `href` is where HTTP gives it."""

    artifact_id: str
    name: str
    kind: str
    media_type: str
    size_bytes: int
    sha256: str
    scene_id: str = ""
    href: str = ""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "href", f"/api/artifacts/{self.artifact_id}")


class StepView(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One step of a job as clients see it; `progress` is 0..100 of the step."""

    name: Step
    status: StepStatus = StepStatus.PENDING
    progress: float = 0.0
    started_at: str | None = None
    duration_seconds: float | None = None
    items: Items = Items()
    plugin: PluginChoice | None = None
    message: str = ""
    errors: tuple[dict[str, Any], ...] = ()


class Owner(Value, frozen=True, kw_only=True):
    """The Unix user a job belongs to."""

    uid: int
    name: str


class JobView(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A job as clients see it."""

    job_id: str
    correlation_id: str
    owner: Owner
    status: Status
    created_at: str
    priority: int
    brief: dict[str, Any]
    settings: dict[str, Any]
    stage: Step = "Initialization"
    progress: float = 0.0
    message: str = ""
    eta: float | None = None
    started_at: str | None = None
    ended_at: str | None = None
    position: int | None = None
    labels: dict[str, str] = {}
    retry_of: str | None = None
    steps: tuple[StepView, ...] = tuple(StepView(name=name) for name in STEPS)
    warnings: tuple[dict[str, Any], ...] = ()
    errors: tuple[dict[str, Any], ...] = ()
    artifacts: tuple[ArtifactView, ...] = ()
    output: Output | None = None
    usage: tuple[dict[str, Any], ...] = ()
    last_seq: int = 0
    last_job_seq: int = 0  # what the next event of the job follows, so that the loss of it is visible too


class TaskView(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One task of a job on its timeline; `start` and `end` in seconds since the job was created."""

    name: str
    step: Step
    plugin: str
    digest: str
    start: float
    end: float
    reused: bool
    scene_id: str = ""
    lane: str = ""
    attempts: int = 1


def schema() -> dict[str, Any]:
    """JSON Schema of every event and of a job; members may be added, so readers pass over those they do not know."""
    tops, parts = msgspec.json.schema_components([AnyEvent, LogLines, JobView], ref_template="#/$defs/{name}")
    for part in parts.values():
        part.pop("additionalProperties", None)
        if "description" in part:
            part["description"] = inspect.cleandoc(part["description"])  # Python 3.13 does so by itself
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of aurad, or a job as snapshots have it",
        "anyOf": list(tops),
        "$defs": parts,
    }
