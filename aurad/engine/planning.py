"""What a job would come to, before there is one: its stages with reasons, and what it will take."""

from __future__ import annotations

import math
from typing import Any

from aurad.engine import timeline
from aurad.engine.admission import Admission
from aurad.engine.catalog import Catalog
from aurad.engine.coming import Foresight
from aurad.engine.estimate import Costs
from aurad.engine.providers import Providers
from aurad.model.brief import WORDS_PER_MINUTE, Brief
from aurad.model.event import Owner
from aurad.model.job import Recipe
from aurad.model.plan import Plan
from aurad.model.script import Scene, Script
from aurad.model.stage import StageKind

SCENE_WORDS = 30  # of a usual scene, where there is no script yet
OUTLINE_WORDS = 120  # of the outline that a bare topic gives
BITS = 0.06  # of an encoded pixel: slides, the worst of our presets
COPIES = 3  # of the picture on the way: segments, joined, finished
SOUND = 4 * 48_000 * 2  # bytes a second: voices, the mix, the master


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
        script = timeline.with_ids(recipe.brief.script or _foreseen(recipe.brief))
        length = sum(timeline.guess_seconds(scene, recipe.brief.pacing) for scene in script.scenes)
        return Plan(
            providers={**chosen, "finish": finishers},
            scenes=len(script.scenes),
            video_seconds=round(length, 1),
            seconds=round(self._seconds(recipe, providers, script), 1),
            disk_bytes=_disk(recipe, length),
            cost=0.0,  # no provider of ours charges; what others did is in a job's `usage`
        )

    def _seconds(self, recipe: Recipe, providers: Providers, script: Script) -> float:
        """As if every lane were always full, which it nearly is."""
        coming = Foresight(recipe, providers, self._catalog.core).tasks(script)
        starts = {one.plugin: self._costs.start(one.key) for one in coming}
        work = sum(one.size * self._costs.of(one.key, typical=one.size) for one in coming)
        return (work + sum(starts.values())) / self._lanes


def _foreseen(brief: Brief) -> Script:
    """A script of the length that the brief's will about have."""
    words = len(brief.source.split()) if brief.source else OUTLINE_WORDS
    if brief.duration_seconds:
        words = min(words, int(brief.duration_seconds / 60 * WORDS_PER_MINUTE[brief.pacing]))
    number = max(1, math.ceil(words / SCENE_WORDS))
    text = " ".join(["words"] * max(1, words // number))
    return Script(title="", scenes=tuple(Scene(text=text) for _ in range(number)))


def _disk(recipe: Recipe, seconds: float) -> int:
    canvas = recipe.canvas
    return int(seconds * (canvas.width * canvas.height * canvas.fps * BITS / 8 * COPIES + SOUND))
