"""How the pipeline asks: a stage's call becomes a task with options, fingerprint and salt, for one job."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from aurad.engine.board import Board
from aurad.engine.catalog import Stage
from aurad.engine.coming import SOON
from aurad.engine.providers import HOPELESS, ProviderFailed, Providers
from aurad.engine.runner import Runner
from aurad.engine.takes import REMEDY, SAME, Take, alike
from aurad.engine.task import Task
from aurad.model.errors import AuradError
from aurad.model.job import Recipe, Step
from aurad.model.script import Scene
from aurad.model.stage import StageKind
from aurad.model.value import Value

STEP: dict[StageKind, Step] = {
    "script": "Script", "voice": "Voice", "visuals": "Visuals", "render": "Rendering", "finish": "Postprocessing",
}  # fmt: skip


class Asking:
    """One job's way to ask stages."""

    def __init__(self, recipe: Recipe, runner: Runner, job: Board, providers: Providers, core: Stage) -> None:
        self._recipe, self._runner, self._job, self._providers, self._core = recipe, runner, job, providers, core

    async def provider(
        self, kind: StageKind, method: str, request: Value | Take, *, name: str, scene: Scene | None = None,
        size: float = 1.0, order: float = SOON, leads_to: tuple[str, ...] = (),
    ) -> Any:  # fmt: skip
        """Ask the provider of a kind; if it fails for good, `ProviderFailed` says who is out."""
        stage = self._providers.first(kind)
        try:
            return await self.stage(
                stage, method, request, name=name, scene=scene, size=size, order=order, leads_to=leads_to
            )
        except AuradError as error:
            if error.code in HOPELESS:
                raise
            raise ProviderFailed(kind, error) from error

    async def stage(
        self, stage: Stage, method: str, request: Value | Take, *, name: str, scene: Scene | None = None,
        size: float = 1.0, order: float = SOON, leads_to: tuple[str, ...] = (),
    ) -> Any:  # fmt: skip
        step = STEP[stage.info.kind]  # type: ignore[index]
        self._job.choose(step, self._providers.choice(stage))
        take = request if isinstance(request, Take) else Take(request)
        task = self._task(
            stage, method, take.request, step, name=name, scene=scene, size=size, order=order, leads_to=leads_to
        )
        made = await self._runner.ask(task, self._job)
        if take.before is not None:
            await self._compare(made, replace(task, request=take.before), take.of)
        return made

    async def _compare(self, made: Any, before: Task, remade: str) -> None:
        """Another take that changes nothing is told, if it is known what the one before it came to."""
        if (known := await self._runner.known(before, self._job.pins)) is not None and alike(made, known):
            why = f"{before.stage} made the same again for {remade}: it has no other take"
            self._job.warn(before.step, SAME, why, REMEDY)

    def done_with(self, kind: StageKind) -> None:
        """This job asks for no more of a kind."""
        for stage in self._providers.all(kind):
            self._runner.spare(stage.plugin)

    async def core(
        self, method: str, request: Value, step: Step, *, name: str, size: float = 1.0, order: float = SOON,
        leads_to: tuple[str, ...] = (),
    ) -> Any:  # fmt: skip
        task = self._task(self._core, method, request, step, name=name, size=size, order=order, leads_to=leads_to)
        return await self._runner.ask(task, self._job)

    async def core_or_none(self, *arguments: Any, **how: Any) -> Any:
        """As `core`, of what no job depends on: None if it failed, unless everything else would as well."""
        try:
            return await self.core(*arguments, **how)
        except AuradError as error:
            if error.code in HOPELESS:
                raise
            return None

    def _task(
        self, stage: Stage, method: str, request: Value, step: Step, *, name: str, scene: Scene | None = None,
        size: float, order: float, leads_to: tuple[str, ...] = (),
    ) -> Task:  # fmt: skip
        options = self._recipe.options
        return Task(
            plugin=stage.plugin,
            stage=stage.info.name,
            method=method,
            request=request,
            fingerprint=stage.fingerprint,
            slot=stage.info.slot,  # type: ignore[arg-type]
            options={**options.get(stage.plugin, {}), **options.get(stage.info.name, {})},
            salt=self._job.lineage if stage.info.fresh_per_job else "",
            step=step,
            name=name,
            scene_id=scene.scene_id if scene else "",
            size=size,
            order=order,
            leads_to=leads_to,
            secrets=stage.info.secrets,
        )
