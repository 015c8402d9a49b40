"""What a job would come to, before there is one: its stages with reasons, and what it will take."""

from __future__ import annotations

from typing import Any

from aurad.engine.admission import Admission
from aurad.engine.catalog import Catalog
from aurad.engine.coming import Foresight
from aurad.engine.estimate import Costs
from aurad.engine.providers import Providers
from aurad.engine.room import disk_needed, foreseen, video_seconds
from aurad.model.event import Owner, PluginChoice
from aurad.model.job import Recipe
from aurad.model.script import Script
from aurad.model.stage import StageKind
from aurad.model.value import Value


class Plan(Value, frozen=True, kw_only=True, omit_defaults=False, forbid_unknown_fields=False):
    """`seconds` is how long this machine will work if it does nothing else; `cost` what providers charge for sure."""

    providers: dict[StageKind, tuple[PluginChoice, ...]]
    scenes: int
    video_seconds: float
    seconds: float
    disk_bytes: int
    cost: float


class Planner:
    """Looks ahead with what the daemon has learnt; keeps nothing."""

    def __init__(self, admission: Admission, catalog: Catalog, costs: Costs, *, lanes: int) -> None:
        self._admission, self._catalog, self._costs, self._lanes = admission, catalog, costs, lanes

    async def plan(self, params: dict[str, Any], owner: Owner) -> Plan:
        """`params` as for a submission; raises what it and the first moments of the job would raise."""
        _, recipe = await self._admission.admit(params, owner)
        await self._catalog.load()
        if self._catalog.ffmpeg_error:
            raise self._catalog.ffmpeg_error
        self._catalog.check_options(recipe.options)
        providers = Providers(self._catalog, recipe.providers, recipe.brief.language, recipe.voice)
        kinds: tuple[StageKind, ...] = ("script", "voice", "visuals", "render")
        chosen = {kind: (providers.choice(providers.first(kind)),) for kind in kinds}
        finishers = tuple(providers.choice(stage) for stage in providers.all("finish"))
        script = foreseen(recipe.brief)
        return Plan(
            providers={**chosen, "finish": finishers},
            scenes=len(script.scenes),
            video_seconds=round(video_seconds(recipe, script), 1),
            seconds=round(self._seconds(recipe, providers, script), 1),
            disk_bytes=disk_needed(recipe),
            cost=0.0,  # no provider of ours charges; what others did is in a job's `usage`
        )

    def _seconds(self, recipe: Recipe, providers: Providers, script: Script) -> float:
        """As if every lane were always full, which it nearly is."""
        coming = Foresight(recipe, providers, self._catalog.core).tasks(script)
        starts = {one.plugin: self._costs.start(one.key) for one in coming}
        work = sum(one.size * self._costs.of(one.key, typical=one.size) for one in coming)
        return (work + sum(starts.values())) / self._lanes
