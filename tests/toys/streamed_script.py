"""Scripts that are written scene by scene, as a language model would; the last word may come at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import trio

from aurad.api import Scene, Script, ScriptRequest, ScriptStage, Slide, Stage, StageContext, Value, hookimpl


class StreamOptions(Value, frozen=True, kw_only=True):
    scenes: int = 3
    gate: str = ""  # a file that must exist before the second scene: lets a test look in between


def scenes_of(request: ScriptRequest, count: int) -> list[Scene]:
    topic = request.brief.topic or "nothing"
    return [
        Scene(text=f"Part {n} is about {topic}.", slide=Slide(heading=f"Part {n} of {topic}"))
        for n in range(1, count + 1)
    ]


class Streamed(ScriptStage[StreamOptions]):
    """Scenes early, then a script whose last scene was rewritten meanwhile."""

    name = "streamed"
    slot = "network"
    fresh_per_job = True
    Options = StreamOptions

    async def write(
        self, request: ScriptRequest, context: StageContext[StreamOptions]
    ) -> AsyncIterator[Scene | Script]:
        *first, last = scenes_of(request, context.options.scenes)
        for number, scene in enumerate([*first, last]):
            yield scene
            if number == 0 and context.options.gate:
                await _wait_for(trio.Path(context.options.gate))
        better = Scene(text=last.text + " Goodbye.", slide=last.slide)
        yield Script(title=f"All about {request.brief.topic}", scenes=(*first, better))


async def _wait_for(gate: trio.Path) -> None:
    while not await gate.exists():  # noqa: ASYNC110 another process makes it
        await trio.sleep(0.01)


class Untitled(ScriptStage[StreamOptions]):
    """Only scenes, under asyncio."""

    name = "untitled"
    loop = "asyncio"
    Options = StreamOptions

    async def write(self, request: ScriptRequest, context: StageContext[StreamOptions]) -> AsyncIterator[Scene]:
        for scene in scenes_of(request, context.options.scenes):
            await asyncio.sleep(0)
            yield scene


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    return [Streamed, Untitled]
