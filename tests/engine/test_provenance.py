"""Where a video comes from, told to finishers and in the manifest; and caption styles, checked at submit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurad.engine.provenance import licence_of
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import Status
from aurad.model.stage import FinishRequest
from aurad.model.video import Deliverable, Deliverables
from tests.engine.house import ME, TALE, House, open_house
from tests.engine.toys import STAGES, Box, Context, Counter, keep

INTER = {"title": "Inter", "author": "The Inter Authors", "licence": "OFL-1.1"}


class Styled(Counter):
    name = "styled"

    def describe(self) -> Mapping[str, Any]:
        return {"captionStyles": [{"name": "box"}, {"name": "pop"}], "credits": [INTER, {"nonsense": 1}]}


class Telling(Box):
    name = "telling"
    gives = ("video.mp4", "told.json")
    needs = ("provenance",)

    async def finish(self, request: FinishRequest, context: Context) -> Deliverables:
        video = (await super().finish(request, context)).files[0]
        told = msgspec.json.encode(request.provenance)
        kept = keep(context, "told.json", told, "application/json")
        return Deliverables(files=(video, Deliverable(name="told.json", artifact=kept)))


ALL = (*STAGES, Styled, Telling)


async def read(house: House, view: JobView, name: str) -> Any:
    found = next(a for a in view.artifacts if a.name == name)
    return msgspec.json.decode((await house.engine.store.check(found.sha256)).read_bytes())


async def test_finisher_and_manifest_tell_the_same_story_every_time(tmp_path: Path) -> None:
    stories = []
    for folder in ("one", "two"):
        async with open_house(tmp_path / folder, stages=ALL, render=("styled",), finish=("telling",)) as house:
            view = await house.make(options={"tone": {"pitch": 2}})
            assert view.status is Status.SUCCEEDED
            stories.append(await read(house, view, "told.json"))
            manifest = await read(house, view, "manifest.json")
            assert manifest["provenance"]["digests"] == stories[-1]["digests"]
            assert manifest["provenance"]["sourceType"] == stories[-1]["sourceType"]
    first, again = stories
    assert first == again
    assert [(maker["kind"], maker["name"]) for maker in first["makers"]] == [
        ("script", "sentences"), ("voice", "tone"), ("visuals", "pixel"), ("render", "styled"), ("finish", "telling"),
    ]  # fmt: skip
    assert first["options"] == {"tone": {"pitch": 2}}
    assert [credit["title"] for credit in first["credits"]] == ["Inter"]
    assert first["sourceType"].endswith("/compositeSynthetic")


async def test_an_unknown_caption_style_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=ALL, render=("styled",)) as house:
        asked = {"brief": {"source": TALE}, "settings": {"captionStyle": "neon"}}
        with pytest.raises(AuradError, match="cannot use the caption style 'neon': there are box, pop") as caught:
            await house.engine.jobs.submit(asked, ME, "")
        assert caught.value.code == "E100-REQUEST"
        assert (await house.make(captionStyle="pop")).status is Status.SUCCEEDED


def test_licences_are_read_from_what_is_installed() -> None:
    assert licence_of("aurad") == "Apache-2.0"
    assert licence_of("no-such-distribution") == ""
