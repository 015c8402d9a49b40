"""Silent cards before and after a video, as the brand wants them: scenes like any other, only that nobody speaks."""

from __future__ import annotations

import msgspec

from aurad.model.job import Recipe
from aurad.model.script import Scene, Script, Slide, SlideKind


def with_cards(script: Script, recipe: Recipe) -> Script:
    """The script between its cards. One that begins or ends with a card already, as an edited one may, keeps it."""
    first, last = script.scenes[0], script.scenes[-1]
    before = _card("intro", "title", recipe.intro_card, recipe.card_seconds) if first.words else ()
    after = _card("outro", "closing", recipe.outro_card, recipe.card_seconds) if last.words else ()
    return msgspec.structs.replace(script, scenes=(*before, *script.scenes, *after))


def _card(name: str, kind: SlideKind, line: str, seconds: float) -> tuple[Scene, ...]:
    if not line.strip():
        return ()
    return (Scene(scene_id=name, text="", seconds=seconds, slide=Slide(kind=kind, heading=line.strip())),)
