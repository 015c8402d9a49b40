"""What authors test their stages with: it passes good stages and finds broken promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from aurad.api import (
    Brief,
    Canvas,
    Clip,
    Narration,
    Placed,
    PlanRequest,
    Profile,
    RenderStage,
    Scene,
    Script,
    ScriptRequest,
    Segment,
    SegmentRequest,
    StageContext,
    Still,
    Unavailable,
    Value,
    Visual,
    VisualRequest,
    VisualsStage,
    VoiceRequest,
    VoiceStage,
    Word,
)
from aurad.testing import conform_stage, find_ffmpeg, put, run_stage, write_tone
from tests.toys import streamed_script, voices
from tests.toys.stock_clips import StockClips
from tests.toys.voices import beep

SPEAK = VoiceRequest(text="Three little words", language="en")
SMALL = Canvas(width=128, height=72, fps=10)


@pytest.mark.parametrize("stage", [voices.Blocking, voices.Asyncio, voices.Curious])
async def test_good_voices_conform(tmp_path: Path, stage: type[VoiceStage[Any]]) -> None:
    ran = await conform_stage(stage, "speak", SPEAK, workspace=tmp_path)
    assert len(ran.files) == 1


@pytest.mark.parametrize("stage", streamed_script.aurad_stages())
async def test_good_scripts_conform(tmp_path: Path, stage: type[Any]) -> None:
    ran = await conform_stage(stage, "write", ScriptRequest(brief=Brief(topic="bees"), seed=1), workspace=tmp_path)
    assert len(ran.parts) == 3


@pytest.mark.slow
async def test_good_visuals_conform(tmp_path: Path) -> None:
    scene = Scene(text="a scene")
    planned = PlanRequest(script=Script(title="t", scenes=(scene,)), canvas=SMALL, theme="", seed=1)
    plan = (await conform_stage(StockClips, "plan", planned, workspace=tmp_path)).output
    drawn = VisualRequest(scene=scene, language="en", canvas=SMALL, theme="", plan=plan[0])
    ran = await conform_stage(StockClips, "draw", drawn, workspace=tmp_path)
    (shot,) = ran.output.shots
    assert isinstance(shot, Clip)
    assert ran.path(shot.video).suffix == ".mp4"


class Voice(VoiceStage[Value]):
    """Keeps its promises; the ones below break one each."""

    name = "voice"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        return beep(request, context)


class Deaf(Voice):
    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        return beep(VoiceRequest(text="other words", language="en"), context)


class Moody(Voice):
    turn = 0

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        type(self).turn += 1
        return beep(request, context, seconds=1 + self.turn / 10)


class Liar(Voice):
    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        path = context.workspace / "a.wav"
        samples = write_tone(path, seconds=1)
        words = tuple(Word(text=word, start=0, end=1) for word in request.text.split())
        audio = context.keep(path, "audio/wav")
        return Narration(audio=audio, sample_rate=24_000, samples=samples + 100, words=words)


class Choosy(Voice):
    def supports(self, request: Any) -> str | None:
        return "not today"


class Vague(Voice):
    def describe(self) -> dict[str, Any]:
        return {"voices": {"a", "b"}}


class Fickle(Voice):
    def fingerprint(self) -> dict[str, str]:
        return {"id": str(id(self))}


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        (Deaf, "not text.split"),
        (Moody, "differently"),
        (Liar, "number of samples"),
        (Choosy, "not today"),
        (Vague, "not JSON"),
        (Fickle, "changes"),
    ],
)
async def test_a_broken_promise_is_found(tmp_path: Path, stage: type[Voice], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        await conform_stage(stage, "speak", SPEAK, workspace=tmp_path)


class Disorderly(VisualsStage[Value]):
    name = "disorderly"

    async def draw(self, request: VisualRequest, context: StageContext[Value]) -> Visual:
        path = trio.Path(context.workspace / "a.png")
        await path.write_bytes(b"x")
        image = context.keep(Path(path), "image/png")
        return Visual(shots=(Still(image=image, at=1), Still(image=image)))


async def test_shots_must_be_in_order(tmp_path: Path) -> None:
    drawn = VisualRequest(scene=Scene(text="a scene"), language="en", canvas=SMALL, theme="")
    with pytest.raises(AssertionError, match="not in order"):
        await conform_stage(Disorderly, "draw", drawn, workspace=tmp_path)


class Short(RenderStage[Value]):
    """Renders a frame less than it says."""

    name = "short"

    async def render_scene(self, request: SegmentRequest, context: StageContext[Value]) -> Segment:
        frames, path = request.placed.frames, context.workspace / "a.mp4"
        source = f"color=s={request.canvas.width}x{request.canvas.height}:r={request.canvas.fps}"
        picture = ["-f", "lavfi", "-i", source, "-frames:v", str(frames - 1), "-pix_fmt", "yuv420p"]
        async with context.ffmpeg([*picture, *request.profile.arguments, str(path)], frames=frames - 1):
            pass
        return Segment(video=context.keep(path, "video/mp4"), frames=frames)


@pytest.mark.slow
async def test_frames_of_a_segment_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    image, files = put(tmp_path / "a.png", "image/png"), dict[str, Path]()
    files[image.sha256] = tmp_path / "a.png"
    placed = Placed(shots=(Still(image=image),), marks={}, frames=10)
    profile = Profile(encoder="libx264", name="x264", arguments=("-c:v", "libx264"))
    request = SegmentRequest(placed=placed, canvas=SMALL, profile=profile)
    with pytest.raises(AssertionError, match="9 frames"):
        await conform_stage(
            Short, "render_scene", request, workspace=tmp_path, files={image.sha256: tmp_path / "a.png"}
        )


def test_there_is_an_ffmpeg() -> None:
    assert Path(find_ffmpeg()).is_file()


class Keyed(VoiceStage[Value]):
    """Reads a key that it declares, or one that it forgot to."""

    name = "keyed"
    secrets = ("DECLARED",)

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        context.log(context.secret(request.text))
        raise Unavailable("cannot speak: it only reads")


@pytest.mark.parametrize(("name", "why"), [("DECLARED", "it only reads"), ("FORGOTTEN", "'FORGOTTEN': it is not set")])
async def test_a_stage_gets_the_secrets_that_it_declares(tmp_path: Path, name: str, why: str) -> None:
    request = VoiceRequest(text=name, language="en")
    with pytest.raises(Unavailable, match=why):
        await run_stage(Keyed, "speak", request, workspace=tmp_path, secrets={"DECLARED": "1", "FORGOTTEN": "2"})
