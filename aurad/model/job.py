"""A job: its settings as asked for, its states and what may follow what, and how it is shown."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

from msgspec import Meta

from aurad.model.brief import Brief
from aurad.model.event_types import Numbered
from aurad.model.pronounce import Pronounce
from aurad.model.shapes import shape
from aurad.model.stage import StageKind
from aurad.model.value import Value
from aurad.model.video import Canvas, Quality

Captions = Literal["burn", "soft", "none"]
Until = Literal["Script", "Voice", "Visuals"]
Loudness = Annotated[float, Meta(ge=-30, le=-9)]
CardLine = Annotated[str, Meta(max_length=120)]
CardSeconds = Annotated[float, Meta(ge=1, le=30)]
ShortSide = Annotated[int, Meta(ge=240, le=4320, multiple_of=2)]
FrameRate = Annotated[int, Meta(ge=1, le=120)]
Step = Literal["Initialization", "Script", "Voice", "Visuals", "Rendering", "Postprocessing"]
STEPS: tuple[Step, ...] = ("Initialization", "Script", "Voice", "Visuals", "Rendering", "Postprocessing")


class Status(enum.Enum):
    """The life of a job."""

    QUEUED, RUNNING, PAUSED = "Queued", "Running", "Paused"
    SUCCEEDED, FAILED, CANCELLED = "Succeeded", "Failed", "Cancelled"

    @property
    def terminal(self) -> bool:
        return self not in NEXT


class StepStatus(enum.Enum):
    """The life of one step of a job."""

    PENDING, RUNNING, SUCCEEDED = "Pending", "Running", "Succeeded"
    FAILED, SKIPPED, CANCELLED = "Failed", "Skipped", "Cancelled"


NEXT: dict[Status, frozenset[Status]] = {
    # Anything not listed cannot happen; Running -> Queued is a restart of the daemon.
    Status.QUEUED: frozenset({Status.RUNNING, Status.PAUSED, Status.FAILED, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.QUEUED, Status.PAUSED, Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}),
    Status.PAUSED: frozenset({Status.QUEUED, Status.CANCELLED}),
}


class Webhook(Value, frozen=True, kw_only=True):
    """An address that is told of a job's `events`, in their order, by a POST of each, signed if there is a `secret`.

    Unless types are chosen, those are the ones that end a job.
    """

    url: Annotated[
        str,
        Meta(
            max_length=2048,
            pattern=shape(r"^https?://[^\s]+(?!\n)$", "an address that begins with http:// or https://"),
        ),
    ]
    secret: Annotated[str, Meta(max_length=256)] = ""
    events: Annotated[tuple[Numbered, ...], Meta(min_length=1)] = ("job-completed", "job-failed", "job-cancelled")


class Accepted(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A job that is on the daemon's disk; `position` is its place in the queue, from 1, None once it runs."""

    job_id: str
    correlation_id: str
    position: int | None


class JobSettings(Value, frozen=True, kw_only=True):
    """What a job may choose; None takes the preset's, else the configuration's.

    `max_cost` is what its stages may bill altogether, in each currency by itself; None is no limit.
    """

    preset: str | None = None
    voice: str | None = None
    theme: str | None = None
    captions: Captions | None = None
    caption_style: str | None = None
    music: str | None = None
    quality: Quality | None = None
    loudness: Loudness | None = None
    intro_card: CardLine | None = None
    outro_card: CardLine | None = None
    card_seconds: CardSeconds | None = None
    short_side: ShortSide | None = None
    fps: FrameRate | None = None
    pronounce: Pronounce = {}
    providers: dict[StageKind, tuple[str, ...]] = {}
    options: dict[str, dict[str, Any]] = {}
    until: Until | None = None
    priority: Annotated[int, Meta(ge=1, le=10)] = 5
    labels: dict[str, str] = {}
    idempotency_key: str | None = None
    max_cost: Annotated[float, Meta(ge=0)] | None = None
    webhook: Webhook | None = None


class Recipe(Value, frozen=True, kw_only=True):
    """A brief with every choice made: what the graph of tasks is built from. Pure data, journalled.

    `takes` counts how often a step (`Voice`), or a step of one scene (`Voice s3`), is to be made anew;
    `remade` names those of them for which this very job was asked.
    """

    brief: Brief
    canvas: Canvas
    quality: Quality
    voice: str
    theme: str
    captions: Captions
    caption_style: str
    music: str
    loudness: float
    providers: dict[StageKind, tuple[str, ...]]
    intro_card: str = ""
    outro_card: str = ""
    card_seconds: float = 3.0
    pronounce: Pronounce = {}
    options: dict[str, dict[str, Any]] = {}
    until: Until | None = None
    takes: dict[str, int] = {}
    remade: tuple[str, ...] = ()
