"""What is known of a running job: a fold over its events, without any drawing."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

SHOWN = ("Script", "Voice", "Visuals", "Rendering", "Postprocessing")
TERMINAL = {"job-completed", "job-failed", "job-cancelled"}
OVER = {"Succeeded", "Failed", "Cancelled"}
RUNNING = "Running"


TELLING = 10.0  # percent of a step from which its pace says something


@dataclass
class Step:
    """One line of the view. `percent` is of the step; times are Unix seconds of the daemon's clock."""

    name: str
    status: str = "Pending"
    percent: float = 0.0
    done: int = 0
    total: int = 0
    reused: int = 0
    detail: str = ""
    plugin: str = ""
    started: float | None = None
    ended: float | None = None

    def elapsed(self, now: float) -> float:
        if self.started is None:
            return 0.0
        return max((self.ended or now) - self.started, 0.0)

    def left(self, now: float) -> float | None:
        """Seconds that it takes still, if it goes on as it did; None as long as that says nothing."""
        if self.status != RUNNING or self.percent < TELLING:
            return None
        return self.elapsed(now) * (100.0 - self.percent) / self.percent


@dataclass
class Board:
    """A job as seen so far. `final` is its last event; `attempts` the failures on the way.

    `told` is the code of warnings that people have had already.
    """

    until: str | None = None
    told: str = ""
    clock: Callable[[], float] = time.time
    job_id: str = ""
    status: str = "Queued"
    message: str = "looking for the daemon"
    percent: float = 0.0
    eta: float | None = None
    steps: dict[str, Step] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    final: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        last = SHOWN.index(self.until) if self.until in SHOWN else len(SHOWN) - 1
        self.steps = {name: Step(name) for name in SHOWN[: last + 1]}
        self.began = self.clock()

    @property
    def elapsed(self) -> float:
        return max(self.clock() - self.began, 0.0)

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take one event in; a type that is not known yet still moves the percent."""
        self.status = str(event.get("status", self.status))
        self.message = str(event.get("message") or self.message)
        self.percent = max(self.percent, float(event.get("progress", 0.0)))  # never falls
        self.eta = event.get("eta")
        if step := self.steps.get(str(event.get("step", ""))):
            self._apply_to(step, event)
        match event.get("type"):
            case "warning" if not self.told or event.get("code") != self.told:
                self.warnings.append(dict(event))
            case "step-error":
                self.attempts.append(dict(event))
            case kind if kind in TERMINAL:
                self.final = dict(event)

    def _apply_to(self, step: Step, event: Mapping[str, Any]) -> None:
        if event.get("type") == "step-status" and not event.get("sceneId"):
            step.status = str(event["stepStatus"])
            step.plugin = str((event.get("plugin") or {}).get("name", step.plugin))
            moment = self._moment(event)
            if step.status == RUNNING and step.started is None:
                step.started = moment
            elif step.status in OVER:
                step.ended = moment
                step.percent = 100.0 if step.status == "Succeeded" else step.percent
        elif event.get("type") == "step-progress":
            items = event.get("items") or {}
            step.percent = float(event.get("progressPct", step.percent))
            step.done, step.total = int(items.get("done", 0)), int(items.get("total", 0))
            step.reused = int(items.get("reused", 0))
            step.detail = str(event.get("detail", ""))
            if step.started is None:
                step.started = self._moment(event)

    def _moment(self, event: Mapping[str, Any]) -> float:
        try:
            return datetime.datetime.fromisoformat(str(event["timestamp"])).timestamp()
        except (KeyError, ValueError):
            return self.clock()
