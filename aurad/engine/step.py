"""One step of a running job: its items, its share of the work, its errors."""

from __future__ import annotations

from typing import Any

from aurad.model.event import Items, PluginChoice, StepView
from aurad.model.job import Step, StepStatus


class StepState:
    """A step while it runs."""

    def __init__(self, name: Step) -> None:
        self.name, self.status = name, StepStatus.PENDING
        self.total = 0
        self._done: dict[str, bool] = {}  # by task: was it reused; one that was spoken early counts once
        self.began: float | None = None
        self.started_at: str | None = None
        self.duration: float | None = None
        self.plugin: PluginChoice | None = None
        self.running: dict[str, float] = {}
        self.message, self.changed = "", False
        self.told: float | None = None  # the percent that was told last
        self.errors: list[dict[str, Any]] = []

    @property
    def done(self) -> int:
        return len(self._done)

    @property
    def reused(self) -> int:
        return sum(self._done.values())

    def count(self, name: str, *, reused: bool) -> None:
        """An item is done."""
        self._done.setdefault(name, reused)
        self.changed = True

    def restart(self) -> None:
        """All items are asked for again."""
        self._done.clear()
        self.running.clear()

    @property
    def said(self) -> str:
        """What it does, in words; how much there is to do may not be known yet."""
        counted = f"{self.name}: {self.done} of {self.total}" if self.total else self.name
        return self.message or counted

    @property
    def percent(self) -> float:
        if self.status is StepStatus.SUCCEEDED:
            return 100.0
        share = (self.done + sum(self.running.values())) / self.total if self.total else 0.0
        return round(min(share, 0.999) * 100, 1)

    @property
    def untold(self) -> bool:
        """Whether there is more to say of its progress than was said."""
        return self.changed or self.told not in (None, self.percent)

    def view(self) -> StepView:
        return StepView(
            name=self.name,
            status=self.status,
            progress=self.percent,
            started_at=self.started_at,
            duration_seconds=self.duration,
            items=self.items,
            plugin=self.plugin,
            message=self.message,
            errors=tuple(self.errors),
        )

    @property
    def items(self) -> Items:
        return Items(done=self.done, total=self.total, reused=self.reused)

    @property
    def full(self) -> bool:
        """Nothing more will come: all items that were foreseen are done."""
        return bool(self.total) and self.done >= self.total and not self.running
