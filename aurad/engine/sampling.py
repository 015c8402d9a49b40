"""What a theme looks like: a picture that its visuals stage draws, asked for like any task, but for no job."""

from __future__ import annotations

from typing import Any

from aurad.engine.budget import Budget
from aurad.engine.catalog import Catalog, Stage
from aurad.engine.runner import Runner
from aurad.engine.schedule import Rank
from aurad.engine.task import Task
from aurad.model.artifact import Artifact
from aurad.model.errors import AuradError
from aurad.model.settings import Settings
from aurad.model.stage import SampleRequest

SOON = (1.0, 0.0)  # rank: somebody sits and waits for one picture


class Visitor:
    """Implements `runner.Asker` for somebody without a job."""

    job_id = correlation_id = lineage = ""
    owners: tuple[str, ...] = ("visitors",)

    def __init__(self, pins: set[str]) -> None:
        self.pins, self.budget = pins, Budget()

    def rank(self, task: Task) -> Rank:
        return SOON

    def reused(self, task: Task) -> None:
        """Nobody counts."""

    def news(self, task: Task, kind: str, news: Any) -> None:
        """Nobody watches."""

    def done(self, task: Task) -> None:
        """Nobody counts."""


async def sample(
    request: SampleRequest, catalog: Catalog, settings: Settings, runner: Runner, pins: set[str]
) -> Artifact:
    """The picture, pinned in `pins`. Raises E100 for a theme that no stage has, or whose stage draws no sample."""
    await catalog.load()
    stage = _stage_of(request.theme, catalog, settings)
    task = Task(
        plugin=stage.plugin, stage=stage.info.name, method="sample", request=request, fingerprint=stage.fingerprint,
        slot=stage.info.slot,  # type: ignore[arg-type]  # checked when the stage was described
        options={**settings.plugins.get(stage.plugin, {}), **settings.plugins.get(stage.info.name, {})},
        step="Visuals", name=f"sample of {request.theme}", secrets=stage.info.secrets,
    )  # fmt: skip
    made = await runner.ask(task, Visitor(pins))
    return made.image  # type: ignore[no-any-return]


def _stage_of(theme: str, catalog: Catalog, settings: Settings) -> Stage:
    """The stage that has the theme: of those configured the first, else any."""
    found = {name: stage for (kind, name), stage in catalog.stages.items() if kind == "visuals"}
    order = [found[name] for name in settings.visuals.providers if name in found]
    stages = [*order, *(stage for stage in found.values() if stage not in order)]
    having = [stage for stage in stages if theme in catalog.described([stage], "themes")]
    if not having:
        known = ", ".join(dict.fromkeys(catalog.described(stages, "themes"))) or "none"
        raise AuradError("E100-REQUEST", f"cannot show the theme {theme!r}: there are {known}")
    able = next((stage for stage in having if "sample" in stage.info.methods), None)
    if able is None:
        raise AuradError("E100-REQUEST", f"cannot show the theme {theme!r}: {having[0].info.name} draws no samples")
    return able
