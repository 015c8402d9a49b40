"""Previews: each scene with its own sound, to be watched before the video is done. Nothing waits for them."""

from __future__ import annotations

from typing import NamedTuple

import trio

from aurad.engine import timeline
from aurad.engine.asking import Asking
from aurad.engine.board import Board
from aurad.engine.later import Later, gather
from aurad.engine.timeline import Timed
from aurad.model import assembly
from aurad.model.script import Script
from aurad.model.video import Segment
from aurad.model.visual import Visual

LAST = 1e6  # order of previews: only in slots that nothing else wants
PREVIEW = "preview"  # optional, so in no manifest


class Previews(NamedTuple):
    """The previews of one job's scenes, and what they are made of."""

    ask: Asking
    job: Board
    fps: int
    script: Script
    timed: Later[list[Timed]]
    visuals: list[Later[Visual]]
    segments: list[Later[Segment]]

    async def make(self) -> None:
        """Until the last segment is there: from then on they would only hold up the video itself."""
        async with trio.open_nursery() as nursery:
            for i in range(len(self.segments)):
                nursery.start_soon(self._make_one, i)
            await gather(self.segments)
            nursery.cancel_scope.cancel()

    async def _make_one(self, i: int) -> None:
        """Only of a segment that is really being made."""
        scene, rendered = self.script.scenes[i].scene_id, await self.segments[i]()
        if self.job.was_reused(f"segment {scene}"):
            return
        sound = timeline.scene_sound((await self.timed())[i], await self.visuals[i](), self.fps)
        request = assembly.PreviewRequest(segment=rendered, sound=sound, fps=self.fps)
        name = f"{PREVIEW} {scene}"
        made: assembly.Preview | None = await self.ask.core_or_none(
            "preview", request, "Rendering", name=name, order=LAST + i
        )
        if made:
            self.job.publish(f"{scene}.mp4", "preview", made.video, scene)
