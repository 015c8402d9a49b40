"""Real worker processes with well-behaved plugins: results, news, errors by name, cancels."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurad.model.artifact import Artifact
from aurad.model.brief import Brief
from aurad.model.narration import Narration
from aurad.model.script import Scene, Script
from aurad.model.stage import (
    Placed,
    PlanRequest,
    ProfileRequest,
    ScriptRequest,
    SegmentRequest,
    VisualRequest,
    VoiceRequest,
)
from aurad.model.video import Canvas, Profile
from aurad.model.visual import Clip, Still, Visual
from aurad.testing import find_ffmpeg
from aurad.wire.worker import LogNews, PartNews, ProgressNews, StageProblem, ToolNews, UsageNews
from tests.worker.rig import alive, open_rig

pytestmark = pytest.mark.slow
VOICES, SCRIPT, CLIPS = "module:tests.toys.voices", "module:tests.toys.streamed_script", "module:tests.toys.stock_clips"
HELLO = VoiceRequest(text="Hello small world", language="en")


async def test_initialize_describes_every_stage(tmp_path: Path) -> None:
    async with open_rig(CLIPS, tmp_path) as rig:
        (stage,) = rig.info["stages"]
        assert stage["methods"] == ["plan", "draw"]
        assert stage["needs"] == ["plan"]
        assert "seconds" in str(stage["optionsSchema"])


async def test_a_daemon_of_another_version_is_told(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        problem = await rig.ask("initialize", {"api": 99, "whatever": {"comes": "then"}})
        assert (problem.code, VOICES in problem.detail) == ("E600-PLUGIN_BROKEN", True)
        assert "speaks version 1 of the protocol, the daemon version 99" in problem.detail
        assert "Restart the daemon" in problem.remedy


@pytest.mark.parametrize("stage", ["blocking", "asyncio", "slow-open", "curious"])
async def test_every_form_of_a_stage_answers(tmp_path: Path, stage: str) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        answer = await rig.run(stage, HELLO)
        narration = msgspec.convert(answer["output"], Narration)
        assert [word.text for word in narration.words] == HELLO.text.split()
        (file,) = answer["files"]
        assert file["sha256"] == narration.audio.sha256
        assert (await trio.Path(file["path"]).stat()).st_size == file["sizeBytes"]


async def test_a_stage_is_opened_once_and_only_when_it_is_needed(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        await rig.run("blocking", HELLO)
        assert not (tmp_path / "cache" / "opened").exists()
        for _ in range(3):
            await rig.run("slow-open", HELLO)
        assert (tmp_path / "cache" / "opened").read_text() == "x"


async def test_encoding_steps_back_for_everything_else(tmp_path: Path) -> None:
    canvas, profile = Canvas(width=128, height=72, fps=10), Profile(encoder="libx264", name="x264", arguments=())
    still = Still(image=Artifact(sha256="0" * 64, size_bytes=1, media_type="image/png"))
    segment = SegmentRequest(placed=Placed(shots=(still,), marks={}, frames=9), canvas=canvas, profile=profile)
    async with open_rig("module:tests.toys.modest", tmp_path) as rig:
        await rig.run("modest", ProfileRequest(canvas=canvas, quality="draft"), method="profile")
        for _ in range(2):
            await rig.run("modest", segment, method="render_scene")
        before, *told = [each.line for each in rig.told(LogNews)]
        assert before == str(os.nice(0))
        assert told in (["10 10"] * 2, ["10 10 10"] * 2)  # a process in no autogroup reads nothing about one: sched(7)


async def test_neighbours_are_handed_over(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        request = VoiceRequest(text="two", language="en", previous=Scene(text="one"))
        await rig.run("curious", request)
        assert [each.line for each in rig.told(LogNews)] == ["one | -"]


async def test_a_rate_limit_says_when_to_come_back(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        problem = await rig.run("limited", HELLO)
        assert (problem.name, problem.code, problem.retry_after) == ("RateLimited", "E313-RATE_LIMITED", 0.2)
        assert "output" in await rig.run("limited", HELLO)
        (usage,) = rig.told(UsageNews)
        assert (usage.unit, usage.cost, usage.currency) == ("characters", 0.01, "EUR")


async def test_progress_is_thinned_out_and_its_last_value_arrives(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        await rig.run("blocking", HELLO, options={"seconds": 0.3})
        done = [each.done for each in rig.told(ProgressNews)]
        assert done == sorted(done)
        assert done[-1] == 0.9
        assert len(done) <= 8


async def test_scenes_arrive_before_the_script_is_done(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    request = ScriptRequest(brief=Brief(topic="bees"), seed=1)
    async with open_rig(SCRIPT, tmp_path) as rig:
        number = await rig.start("streamed", request, method="write", options={"gate": str(gate)})
        await rig.until(lambda: bool(rig.told(PartNews)))
        assert number not in rig.answers
        gate.touch()
        script = msgspec.convert((await rig.answer(number))["output"], Script)
        parts = rig.told(PartNews)
        assert [part.index for part in parts] == [0, 1, 2]
        assert [msgspec.convert(part.value, Scene) for part in parts[:2]] == list(script.scenes[:2])
        assert script.scenes[2].text == "Part 3 is about bees. Goodbye."


async def test_scenes_alone_become_a_script(tmp_path: Path) -> None:
    async with open_rig(SCRIPT, tmp_path) as rig:
        answer = await rig.run("untitled", ScriptRequest(brief=Brief(topic="bees"), seed=1), method="write")
        script = msgspec.convert(answer["output"], Script)
        assert (script.title, len(script.scenes)) == ("bees", 3)


async def test_clips_follow_one_plan_for_the_whole_job(tmp_path: Path) -> None:
    scenes, canvas = tuple(Scene(text=f"scene {n}") for n in range(3)), Canvas(width=128, height=72, fps=10)
    async with open_rig(CLIPS, tmp_path, ffmpeg=find_ffmpeg()) as rig:
        request = PlanRequest(script=Script(title="t", scenes=scenes), canvas=canvas, theme="", seed=2)
        plan = (await rig.run("stock-clips", request, method="plan"))["output"]
        clips = [
            await _clip(rig, VisualRequest(scene=s, language="en", canvas=canvas, theme="", plan=p))
            for s, p in zip(scenes, plan, strict=True)
        ]
        assert [clip.audio for clip in clips] == ["keep", "duck", "duck"]
        assert len({clip.video.sha256 for clip in clips}) == 3
        assert clips[0].credit is not None
        assert clips[0].credit.licence == "CC0-1.0"
        started, *_, ended = rig.told(ToolNews)
        assert (started.resolution, started.path, ended.exit_code) == ("128x72", find_ffmpeg(), 0)
        assert any(each.run_id == "1" and "libx264" in each.line for each in rig.told(LogNews))
        assert rig.told(ProgressNews)[-1].done == 1


async def _clip(rig: Any, request: VisualRequest) -> Clip:
    (shot,) = msgspec.convert((await rig.run("stock-clips", request, method="draw"))["output"], Visual).shots
    assert isinstance(shot, Clip)
    return shot


@pytest.mark.parametrize("stage", ["asyncio", "slow-open"])
async def test_a_cancelled_task_leaves_a_warm_worker(tmp_path: Path, stage: str) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        number = await rig.start(stage, VoiceRequest(text="wait", language="en"))
        await trio.sleep(0.1)
        began = time.monotonic()
        await rig.cancel(stage)
        problem = await rig.answer(number)
        assert (problem.name, problem.code) == ("Cancelled", "E204-CANCELLED")
        assert time.monotonic() - began < 1
        assert "output" in await rig.run(stage, HELLO)


async def test_a_cancel_right_behind_its_request_is_not_lost(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        number = await rig.start("asyncio", VoiceRequest(text="wait", language="en"))
        await rig.cancel("asyncio")
        assert (await rig.answer(number)).name == "Cancelled"


async def test_a_late_cancel_does_not_hit_the_next_task(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        await rig.run("asyncio", HELLO)
        await rig.cancel("asyncio")
        assert "output" in await rig.run("blocking", HELLO)


async def test_one_request_at_a_time(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        await rig.start("asyncio", VoiceRequest(text="wait", language="en"))
        assert (await rig.run("blocking", HELLO)).code == "E202-BUSY"


@pytest.mark.parametrize(
    ("params", "code", "named"),
    [
        ({"stage": "nobody"}, "E104-PLUGIN", "nobody"),
        ({"method": "draw"}, "E108-METHOD", "draw"),
        ({"request": {"text": "a", "language": "en", "job": 1}}, "E100-REQUEST", "job"),
        ({"options": {"volume": 11}}, "E102-OPTION", "volume"),
        ({"taskid": "x"}, "E100-REQUEST", "taskid"),
    ],
)
async def test_wrong_requests_are_named(tmp_path: Path, params: dict[str, Any], code: str, named: str) -> None:
    request = {"text": "a", "language": "en"}
    good = {"taskId": "t", "stage": "blocking", "method": "speak", "request": request, "workspace": str(tmp_path)}
    async with open_rig(VOICES, tmp_path) as rig:
        problem = await rig.ask("run", good | params)
        assert problem.code == code
        assert named in problem.detail
        assert "output" in await rig.ask("run", good)


async def test_supports_gives_a_reason_or_none(tmp_path: Path) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        assert await rig.ask("supports", {"stage": "blocking", "request": HELLO}) == {}


@pytest.mark.parametrize("plugin", ["nowhere", "module:tests.toys.nowhere", "module:tests.worker.rig"])
async def test_a_broken_plugin_says_why(tmp_path: Path, plugin: str) -> None:
    async with open_rig(plugin, tmp_path) as rig:
        assert isinstance(rig.info, StageProblem)
        assert rig.info.code == "E600-PLUGIN_BROKEN"
        assert plugin in rig.info.detail


@pytest.mark.parametrize("how", ["shutdown", "hang up"])
async def test_an_end_leaves_nothing(tmp_path: Path, how: str) -> None:
    async with open_rig(VOICES, tmp_path) as rig:
        processes = rig.below()
        if how == "shutdown":
            assert await rig.ask("shutdown", {}) is None
        else:
            await rig.hang_up()
        assert await rig.wait_ended() == 0
        assert alive(processes) == set()
