"""Another take of a step: the request it comes to, and whether what came of it is another one indeed.

A stage is free to do without chance; then every seed gives the same. Whoever asked for another take is told so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from aurad.engine.edit import take_key
from aurad.engine.task import seed_of, seeded
from aurad.model.job import Recipe, Step
from aurad.model.narration import Narration
from aurad.model.script import Scene
from aurad.model.stage import FinishRequest
from aurad.model.value import Value

SAME = "same-take"
REMEDY = "Change what it is made from (`auractl edit`), or choose another provider."


class Take(NamedTuple):
    """A request, and what it was for the take before if that was not good enough: `of` names what was to be remade."""

    request: Value
    before: Value | None = None
    of: str = ""


class Takes:
    """Which take a job wants of each step."""

    def __init__(self, recipe: Recipe) -> None:
        self._takes, self._remade = recipe.takes, frozenset(recipe.remade)

    def of(self, request: Value, step: Step, scene: Scene | None = None) -> Take:
        """The request with the seed of its take; of one scene, or of a step as a whole."""
        keys = [take_key(step, scene.scene_id), take_key(step)] if scene else [take_key(step)]
        take = sum(self._takes.get(key, 0) for key in keys)
        asked = next((key for key in keys if key in self._remade), "")
        return Take(seeded(request, take), seeded(request, take - 1) if asked else None, asked)

    def finishing(self, request: FinishRequest, *, music: bool) -> Take:
        """A changed sentence keeps its music; another take of the end is another music."""
        key = take_key("Postprocessing")
        take = self._takes.get(key, 0)
        before = replace(request, seed=_music_seed(request, take - 1)) if music and key in self._remade else None
        return Take(replace(request, seed=_music_seed(request, take)), before, key)


def _music_seed(request: FinishRequest, take: int) -> int:
    return seed_of(request.title, request.language, *filter(None, [take]))


def alike(made: Any, before: Any) -> bool:
    """Whether nobody would tell one from the other. In narrations of one timing it is noise that differs."""
    if isinstance(made, Narration) and isinstance(before, Narration):
        return replace(made, audio=before.audio) == before
    return bool(made == before)
