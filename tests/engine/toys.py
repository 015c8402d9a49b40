"""A whole house of tiny stages: a topic of sentences becomes scenes, tones, pixels and counted bytes.

They do what the real ones do, only small: every answer passes the engine's own checks.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import trio
import trio.testing

from aurad.api import (
    Deliverable,
    Deliverables,
    Finisher,
    FinishRequest,
    Narration,
    PlanRequest,
    Profile,
    ProfileRequest,
    RenderStage,
    Scene,
    Script,
    ScriptRequest,
    ScriptStage,
    Segment,
    SegmentRequest,
    Stage,
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
    hookimpl,
)
from aurad.model.assembly import (
    Heard,
    JoinRequest,
    ListenRequest,
    Preview,
    PreviewRequest,
    SoundRequest,
    Soundtrack,
    Verified,
    VerifyRequest,
)

RATE = 100  # samples a second: word times on a grid of 10 ms
WORD = 0.25  # seconds

Context = StageContext[Any]


def keep(context: Context, name: str, data: bytes, media_type: str) -> Any:
    path = context.workspace / name
    path.write_bytes(data)
    return context.keep(path, media_type)


class Sentences(ScriptStage[Value]):
    name = "sentences"

    async def write(self, request: ScriptRequest, context: Context) -> Script:
        text = request.brief.source or request.brief.topic or ""
        scenes = [Scene(text=part.strip(), chapter=part.split()[0]) for part in text.split(".") if part.strip()]
        return Script(title="toy", scenes=tuple(scenes))


class Early(ScriptStage[Value]):
    """Hands a scene over before the script is done, then changes its mind."""

    name = "early"

    async def write(self, request: ScriptRequest, context: Context) -> AsyncIterator[Scene | Script]:
        yield Scene(text="Too early.")
        await trio.testing.wait_all_tasks_blocked(0.02)
        yield await Sentences().write(request, context)


class ToneOptions(Value, frozen=True, kw_only=True):
    pitch: int = 440


class Tone(VoiceStage[ToneOptions]):
    name = "tone"
    Options = ToneOptions

    async def speak(self, request: VoiceRequest, context: StageContext[ToneOptions]) -> Narration:
        words = request.text.split()
        samples = int(len(words) * WORD * RATE)
        said = f"{request.text}|{request.voice}|{request.seed}|{context.options.pitch}".encode()
        return Narration(
            audio=keep(context, "tone.wav", said, "audio/wav"),
            sample_rate=RATE,
            samples=samples,
            words=tuple(Word(text=w, start=i * WORD, end=(i + 1) * WORD) for i, w in enumerate(words)),
        )


class Pixel(VisualsStage[Value]):
    name = "pixel"

    async def draw(self, request: VisualRequest, context: Context) -> Visual:
        shown = f"{request.scene.text}|{request.canvas}|{request.theme}".encode()
        image = keep(context, "pixel.png", shown, "image/png")
        return Visual(shots=(Still(image=image),), poster=image)


class Planner(VisualsStage[Value]):
    name = "planner"
    needs = ("plan",)

    async def plan(self, request: PlanRequest, context: Context) -> list[str]:
        return [f"{self.name} {number}" for number, _ in enumerate(request.script.scenes)]

    async def draw(self, request: VisualRequest, context: Context) -> Visual:
        assert str(request.plan).startswith(self.name)
        return await Pixel().draw(request, context)


class Planless(Planner):
    """Plans, but then draws nothing."""

    name = "planless"

    async def draw(self, request: VisualRequest, context: Context) -> Visual:
        raise Unavailable("cannot draw: no pencil")


class Counter(RenderStage[Value]):
    name = "counter"

    async def profile(self, request: ProfileRequest, context: Context) -> Profile:
        return Profile(encoder="libx264", name="toy", arguments=())

    async def render_scene(self, request: SegmentRequest, context: Context) -> Segment:
        context.progress(0.5)
        shots = ",".join(
            context.path(shot.image).read_text(errors="replace")
            for shot in request.placed.shots
            if isinstance(shot, Still)
        )
        data = f"{shots}|{request.placed.frames}|{request.tail}".encode()
        return Segment(video=keep(context, "segment.mp4", data, "video/mp4"), frames=request.placed.frames)


class Box(Finisher[Value]):
    name = "box"
    takes = ("picture.mp4", "voice.wav")
    gives = ("video.mp4",)
    needs = ("chapters",)

    async def finish(self, request: FinishRequest, context: Context) -> Deliverables:
        data = b"".join(context.path(file).read_bytes() for _, file in sorted(request.files.items()))
        data += struct.pack("d", request.duration)
        return Deliverables(files=(Deliverable(name="video.mp4", artifact=keep(context, "v", data, "video/mp4")),))


class Mixer(Finisher[Value]):
    name = "mixer"
    takes = ("voice.wav",)
    gives = ("sound.m4a",)

    async def finish(self, request: FinishRequest, context: Context) -> Deliverables:
        sound = keep(context, "s", context.path(request.files["voice.wav"]).read_bytes() + b"mixed", "audio/mp4")
        return Deliverables(files=(Deliverable(name="sound.m4a", artifact=sound, published=False),))


class Core(Stage[Value]):
    name = "core"
    kind: ClassVar[Any] = "core"

    async def sound(self, request: SoundRequest, context: Context) -> Soundtrack:
        data = (
            b"".join(context.path(s.audio).read_bytes() for scene in request.scenes for s in scene.sounds) or b"silence"
        )
        return Soundtrack(audio=keep(context, "voice.wav", data, "audio/wav"), samples=len(data))

    async def join(self, request: JoinRequest, context: Context) -> Segment:
        data = b"".join(context.path(segment.video).read_bytes() for segment in request.segments)
        frames = sum(segment.frames for segment in request.segments)
        return Segment(video=keep(context, "picture.mp4", data, "video/mp4"), frames=frames)

    async def preview(self, request: PreviewRequest, context: Context) -> Preview:
        return Preview(video=keep(context, "p.mp4", context.path(request.segment.video).read_bytes(), "video/mp4"))

    async def listen(self, request: ListenRequest, context: Context) -> Heard:
        return Heard(audio=request.audio, loudness=-15, true_peak=-1)

    async def verify(self, request: VerifyRequest, context: Context) -> Verified:
        seconds, loudness = request.frames / request.canvas.fps, [heard.loudness for heard in request.heard] or [-14.0]
        return Verified(duration=seconds, frames=request.frames, loudness=loudness[0], true_peak=-1)


class Scripted(VoiceStage[Value]):
    """A voice that does what a test tells it to: `plan` holds what each call raises, or None."""

    name = "scripted"
    plan: ClassVar[list[Exception | None]] = []
    calls: ClassVar[int] = 0

    async def speak(self, request: VoiceRequest, context: Context) -> Narration:
        Scripted.calls += 1
        if error := (Scripted.plan.pop(0) if Scripted.plan else None):
            raise error
        return await Tone().speak(request, _with_options(context))


class Gated(VoiceStage[Value]):
    """A voice that waits until the test opens the gate, and tells when it was cancelled."""

    name = "gated"
    gate: ClassVar[trio.Event]
    reached: ClassVar[trio.Event]

    async def speak(self, request: VoiceRequest, context: Context) -> Narration:
        Gated.reached.set()
        await Gated.gate.wait()
        return await Tone().speak(request, _with_options(context))


class Sleepy(VoiceStage[Value]):
    """A voice that falls silent once, then works."""

    name = "sleepy"
    slept: ClassVar[set[str]] = set()

    async def speak(self, request: VoiceRequest, context: Context) -> Narration:
        if str(context.cache) not in Sleepy.slept:
            Sleepy.slept.add(str(context.cache))
            await trio.sleep_forever()
        return await Tone().speak(request, _with_options(context))


class Billed(VoiceStage[Value]):
    """A voice that bills a cent for every sentence; then waits for a gate or fails, if a test wants that."""

    name = "billed"
    gate: ClassVar[trio.Event | None] = None
    error: ClassVar[Exception | None] = None
    billed: ClassVar[int] = 0

    async def speak(self, request: VoiceRequest, context: Context) -> Narration:
        Billed.billed += 1
        context.usage("characters", len(request.text), 0.01, "EUR")
        if Billed.gate is not None:
            await Billed.gate.wait()
        if Billed.error is not None:
            raise Billed.error
        return await Tone().speak(request, _with_options(context))


def _with_options(context: Context) -> Any:
    class With:
        options = ToneOptions()
        workspace: Path = context.workspace
        keep = context.keep

    return With()


STAGES: Sequence[type[Stage[Any]]] = (
    Sentences,
    Tone,
    Pixel,
    Counter,
    Box,
    Mixer,
    Core,
    Scripted,
    Gated,
    Sleepy,
    Billed,
    Early,
    Planner,
    Planless,
)


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    return STAGES
