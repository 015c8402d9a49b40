"""Another take is another one, or it is told that there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurad.api import Narration, StageContext, Value, VoiceRequest, VoiceStage
from aurad.engine.edit import Changes
from aurad.engine.takes import SAME, alike
from aurad.model.artifact import Artifact
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import Status
from aurad.model.narration import Word
from tests.engine.house import House, open_house
from tests.engine.toys import STAGES, Tone, ToneOptions


class Moody(VoiceStage[ToneOptions]):
    """A voice that never takes as long as the last time."""

    name = "moody"
    Options = ToneOptions

    async def speak(self, request: VoiceRequest, context: StageContext[ToneOptions]) -> Narration:
        narration = await Tone().speak(request, context)
        return msgspec.structs.replace(narration, samples=narration.samples + request.seed % 97)


async def edit(house: House, job: JobView, **given: Any) -> JobView:
    made = await house.engine.jobs.edit(job.job_id, msgspec.convert(given, Changes), "c")
    with trio.fail_after(20):
        view = await house.engine.jobs.wait(made.view.job_id)
    assert view.status is Status.SUCCEEDED, view.errors
    return view


def told(view: JobView) -> list[str]:
    return [warning["detail"] for warning in view.warnings if warning["code"] == SAME]


@pytest.mark.parametrize(
    ("remake", "stage"),
    [
        ({"stage": "Script"}, "sentences"),
        ({"stage": "Voice", "sceneId": "s1"}, "tone"),
        ({"stage": "Visuals", "sceneId": "s2"}, "pixel"),
        ({"stage": "Visuals"}, "pixel"),
        ({"stage": "Rendering", "sceneId": "s3"}, "counter"),
    ],
)
async def test_a_stage_that_knows_no_other_take_is_told_once(tmp_path: Path, remake: Any, stage: str) -> None:
    of = f"{remake['stage']} {remake.get('sceneId', '')}".strip()
    async with open_house(tmp_path) as house:
        first = await house.make()
        second = await edit(house, first, remake=[remake])
        assert told(second) == [f"{stage} made the same again for {of}: it has no other take"]
        events = [event for event in await house.events(second.job_id) if event["type"] == "warning"]
        assert [(event["step"], event["detail"]) for event in events] == [(remake["stage"], *told(second))]
        assert told(await edit(house, first, remake=[remake])) == told(second)  # nothing runs, it is told all the same
        assert told(first) == []


async def test_another_take_that_is_one_is_no_warning(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=(*STAGES, Moody), voice=("moody",)) as house:
        second = await edit(house, await house.make(), remake=[{"stage": "Voice", "sceneId": "s1"}])
        assert told(second) == []


async def test_who_did_not_ask_again_is_not_told_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        second = await edit(house, await house.make(), remake=[{"stage": "Visuals", "sceneId": "s1"}])
        third = await edit(house, second, scenes=[{"sceneId": "s2", "text": "They miss blue."}])
        assert told(third) == []
        assert {task.digest for task in await house.tasks(third.job_id)} >= {
            task.digest for task in await house.tasks(second.job_id) if task.name == "visuals s1"
        }


async def test_a_scene_with_other_words_is_compared_with_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        change = [{"sceneId": "s1", "text": "Bees see."}]
        both = await edit(house, await house.make(), scenes=change, remake=[{"stage": "Voice", "sceneId": "s1"}])
        assert told(both) == []


@pytest.mark.parametrize("stage", ["Visuals", "Rendering", "Postprocessing"])
async def test_what_comes_after_the_end_of_a_job_is_not_remade(tmp_path: Path, stage: str) -> None:
    async with open_house(tmp_path) as house:
        first = await house.make(until="Voice")
        with pytest.raises(AuradError, match=f"cannot remake {stage}: this job ends after Voice"):
            await edit(house, first, remake=[{"stage": stage}])
        assert (await edit(house, first, remake=[{"stage": stage}], settings={"until": None})).output is not None
        assert told(await edit(house, first, remake=[{"stage": "Voice", "sceneId": "s1"}]))


async def test_what_says_nothing_has_no_other_voice(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first = await house.make(introCard="Bees")
        with pytest.raises(AuradError, match="cannot remake Voice of scene 'intro': nothing is said in it"):
            await edit(house, first, remake=[{"stage": "Voice", "sceneId": "intro"}])


def test_narrations_differ_in_more_than_noise() -> None:
    files = [Artifact(sha256=letter * 64, size_bytes=1, media_type="audio/wav") for letter in "ab"]
    words = (Word(text="Rain.", start=0.0, end=0.5),)
    one, other = (Narration(audio=file, sample_rate=100, samples=60, words=words) for file in files)
    assert alike(one, other)
    assert not alike(one, msgspec.structs.replace(other, samples=61))
    assert not alike(*files)


def test_values_are_compared_whole() -> None:
    class Some(Value, frozen=True):
        number: int

    assert alike(Some(number=1), Some(number=1))
    assert not alike(Some(number=1), Some(number=2))
