"""Previews are made in idle moments, and never hold up the video."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import trio

from aurad.model.assembly import Preview, PreviewRequest
from aurad.model.job import Status
from aurad.model.stage import SegmentRequest
from aurad.model.value import Value
from aurad.model.video import Segment
from tests.engine import toys
from tests.engine.house import open_house


class Pausing(toys.Counter):
    """Encodes its first scene once one of the other two can be watched."""

    watched: ClassVar[trio.Semaphore]

    async def render_scene(self, request: SegmentRequest, context: toys.Context) -> Segment:
        if not request.tail:  # nothing came before it
            await Pausing.watched.acquire()
            await Pausing.watched.acquire()
        return await super().render_scene(request, context)


class Telling(toys.Core):
    async def preview(self, request: PreviewRequest, context: toys.Context) -> Preview:
        Pausing.watched.release()
        return await super().preview(request, context)


class Dawdler(toys.Core):
    """Makes no preview before the daemon loses its patience."""

    async def preview(self, request: PreviewRequest, context: toys.Context) -> Preview:
        await trio.sleep_forever()
        raise AssertionError


def instead(*others: type[toys.Stage[Value]]) -> list[type[toys.Stage[Value]]]:
    """The toys, some of them replaced by others of the same name."""
    return [*{stage.name: stage for stage in (*toys.STAGES, *others)}.values()]


async def test_scenes_can_be_watched_before_the_video_is_done(tmp_path: Path) -> None:
    Pausing.watched = trio.Semaphore(0)
    async with open_house(tmp_path, stages=instead(Pausing, Telling), private=False) as house:
        job = await house.make()
    assert job.status is Status.SUCCEEDED
    assert {"s2.mp4", "s3.mp4"} & {one.name for one in job.artifacts if one.kind == "preview"}


async def test_a_preview_under_way_does_not_hold_up_the_video(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=instead(Dawdler), private=False) as house:
        job = await house.make()
    assert job.status is Status.SUCCEEDED
    assert "preview" not in {one.kind for one in job.artifacts}
