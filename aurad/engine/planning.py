"""What a job would come to, before there is one: its stages with reasons, and what it will take."""

from __future__ import annotations

from typing import Any

import trio

from aurad.engine import timeline
from aurad.engine.admission import Admission
from aurad.engine.cards import with_cards
from aurad.engine.catalog import Catalog
from aurad.engine.coming import Foresight
from aurad.engine.estimate import Costs
from aurad.engine.forecast import Forecast
from aurad.engine.providers import Providers
from aurad.engine.room import disk_needed, foreseen, video_seconds
from aurad.model.event import Owner, PluginChoice
from aurad.model.job import Recipe
from aurad.model.plan import Plan
from aurad.model.script import Script
from aurad.model.stage import StageKind

ALL: tuple[StageKind, ...] = ("script", "voice", "visuals", "render", "finish")
NEEDED = {"Script": ALL[:1], "Voice": ALL[:2], "Visuals": ALL[:3]}  # by a job that ends there


class Planner:
    """Looks ahead with what the daemon has learnt; keeps nothing."""

    def __init__(self, admission: Admission, catalog: Catalog, costs: Costs, *, lanes: int) -> None:
        self._admission, self._catalog, self._costs, self._lanes = admission, catalog, costs, lanes

    async def plan(self, params: dict[str, Any], owner: Owner) -> Plan:
        """`params` as for a submission; raises what it and the first moments of the job would raise."""
        _, recipe = await self._admission.admit(params, owner, keep=False)
        await self._catalog.load()
        if self._catalog.ffmpeg_error:
            raise self._catalog.ffmpeg_error
        providers = Providers(self._catalog, recipe.providers, recipe.brief.language, recipe.voice)
        script = timeline.with_ids(with_cards(foreseen(recipe.brief), recipe))
        return Plan(
            providers=_chosen(recipe, providers),
            scenes=len(script.scenes),
            video_seconds=round(video_seconds(recipe, script), 1),
            seconds=round(await trio.to_thread.run_sync(self._seconds, recipe, providers, script), 1),
            disk_bytes=disk_needed(recipe),
            cost=0.0,  # no provider of ours charges; what others did is in a job's `usage`
        )

    def _seconds(self, recipe: Recipe, providers: Providers, script: Script) -> float:
        """As a job that runs alone would tell it; a book's thousands of tasks take a moment to look through."""
        forecast = Forecast(self._costs, self._lanes)
        for one in Foresight(recipe, providers, self._catalog.core).whole(script):
            forecast.expect(one)
        return forecast.seconds_ahead()


def _chosen(recipe: Recipe, providers: Providers) -> dict[StageKind, tuple[PluginChoice, ...]]:
    """Who would do it, of every kind of stage that is needed: nobody writes a script that is given."""
    kinds = NEEDED.get(recipe.until or "", ALL)[recipe.brief.script is not None :]
    return {
        kind: tuple(map(providers.choice, providers.all(kind) if kind == "finish" else [providers.first(kind)]))
        for kind in kinds
    }
