"""Stock clips: one job-wide plan so that no clip comes twice, clips with a sound of their own, credits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from aurad.api import (
    Clip,
    Credit,
    PlanRequest,
    Stage,
    StageContext,
    Unavailable,
    Value,
    Visual,
    VisualRequest,
    VisualsStage,
    hookimpl,
)

SHELF = {"red": 220, "lime": 330, "blue": 440, "gold": 550}  # a clip's colour and the pitch of its sound


class StockOptions(Value, frozen=True, kw_only=True):
    seconds: float = 0.5


class StockClips(VisualsStage[StockOptions]):
    """Every scene gets a clip of its own; the first keeps its sound, the others duck below the voice."""

    name = "stock-clips"
    needs = ("plan",)
    slot = "network"
    Options = StockOptions

    async def plan(self, request: PlanRequest, context: StageContext[StockOptions]) -> list[dict[str, str]]:
        await trio.lowlevel.checkpoint()
        scenes = request.script.scenes
        if len(scenes) > len(SHELF):
            raise Unavailable(f"cannot find {len(scenes)} clips: there are {len(SHELF)}")
        colours = list(SHELF)[request.seed % len(SHELF) :] + list(SHELF)[: request.seed % len(SHELF)]
        sounds = ["keep"] + ["duck"] * len(scenes)
        return [{"colour": colour, "audio": audio} for colour, audio, _ in zip(colours, sounds, scenes, strict=False)]

    async def draw(self, request: VisualRequest, context: StageContext[StockOptions]) -> Visual:
        colour, seconds, path = request.plan["colour"], context.options.seconds, context.workspace / "clip.mp4"
        size = f"{request.canvas.width}x{request.canvas.height}"
        picture = f"color=c={colour}:s={size}:r={request.canvas.fps}:d={seconds}"
        sound = f"sine=frequency={SHELF[colour]}:duration={seconds}"
        inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
        output = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-threads", "1", "-c:a", "aac", "-bitexact", str(path)]
        async with context.ffmpeg([*inputs, *output], frames=round(seconds * request.canvas.fps)):
            pass
        clip = Clip(
            video=context.keep(path, "video/mp4"),
            out_point=seconds,
            audio=request.plan["audio"],
            credit=Credit(author="Nobody", title=colour, licence="CC0-1.0"),
        )
        return Visual(shots=(clip,))


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    return [StockClips]
