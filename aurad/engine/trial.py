"""Trying a stage: a small real request, asked of its worker like any task, but for no job and never known before.

What a stage needs from the ones before it is made here in small: a plain picture, silence, words at an even pace.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections import deque
from typing import Any, NamedTuple

import msgspec
import trio

from aurad.engine.asking import STEP
from aurad.engine.catalog import Catalog, Stage
from aurad.engine.ids import new_id
from aurad.engine.process import HUNG
from aurad.engine.runner import Runner
from aurad.engine.sampling import Visitor
from aurad.engine.store import Store
from aurad.engine.task import Task, artifacts_in, seeded
from aurad.model.artifact import Artifact
from aurad.model.assembly import JoinRequest, SceneSound, SoundRequest
from aurad.model.brief import Brief
from aurad.model.cues import Cue
from aurad.model.errors import AuradError
from aurad.model.narration import Narration, Word
from aurad.model.script import Scene, Script, Slide
from aurad.model.settings import Settings
from aurad.model.stage import (
    FinishRequest,
    Placed,
    PlanRequest,
    ProfileRequest,
    ScriptRequest,
    SegmentRequest,
    Speech,
    VisualRequest,
    VoiceRequest,
)
from aurad.model.value import Value
from aurad.model.video import Canvas, Deliverables, Profile, Segment
from aurad.model.visual import Still, Visual
from aurad.wire.worker import MAIN_METHOD, LogNews

SENTENCE = "This is how it sounds."
SECONDS = 120.0  # a stage that needs longer for one sentence, its first start included, is of no use
CANVAS = Canvas(width=320, height=180, fps=10)
FRAMES = 20  # two seconds: long enough to be encoded, measured and mastered
LINES = 50  # of what was said, the last ones
SUFFIX = {"audio/wav": "wav", "image/png": "png", "image/jpeg": "jpg", "video/mp4": "mp4"}


class Outcome(NamedTuple):
    """How it went; `seconds` are those of the stage's own request, waiting for a slot included."""

    method: str
    seconds: float
    facts: dict[str, Any]
    file: Artifact | None
    file_name: str
    error: AuradError | None
    log: list[str]


class _Listener(Visitor):
    """Keeps what one stage says."""

    def __init__(self, stage: str, pins: set[str]) -> None:
        super().__init__(pins)
        self._stage = stage
        self.lines: deque[str] = deque(maxlen=LINES)

    def news(self, task: Task, kind: str, news: Any) -> None:
        if isinstance(news, LogNews) and task.stage == self._stage:
            self.lines.append(news.line)


class Trial:
    """One try of one stage. Every file it makes is pinned in `pins`."""

    def __init__(
        self, stage: Stage, catalog: Catalog, settings: Settings, runner: Runner, store: Store, pins: set[str]
    ) -> None:
        self._stage, self._catalog, self._settings = stage, catalog, settings
        self._runner, self._store, self._listener = runner, store, _Listener(stage.info.name, pins)
        self._salt, self._given, self._began = new_id(""), dict[str, Any](), 0.0

    async def run(self, text: str, language: str | None, voice: str, options: dict[str, Any]) -> Outcome:
        """Never raises what the stage raises: that is the outcome."""
        self._given, value, error = options, None, None
        tongue = language or next((one for one in self._stage.info.languages if one != "*"), "en")
        try:
            with trio.move_on_after(SECONDS) as patience:
                value = await self._try(text, tongue, voice)
        except AuradError as failure:
            error = failure
        if patience.cancelled_caught:
            error = AuradError(HUNG, f"cannot try {self._stage.info.name}: no answer within {SECONDS:g} s")
        file, name = _file_of(value)
        return Outcome(
            method=MAIN_METHOD[self._stage.info.kind], seconds=round(time.monotonic() - self._began, 3),
            facts=_facts(value), file=file, file_name=name, error=error, log=list(self._listener.lines),
        )  # fmt: skip

    async def _try(self, text: str, language: str, voice: str) -> Any:
        self._began = time.monotonic()
        scene = Scene(text=text, chapter="Test", slide=Slide(heading=text))
        script, theme = Script(title="Test", language=language, scenes=(scene,)), self._settings.defaults.theme
        match self._stage.info.kind:
            case "script":
                brief = Brief(source=text, language=language)
                return await self._main(seeded(ScriptRequest(brief=brief, seed=0)))
            case "voice":
                return await self._main(seeded(VoiceRequest(text=text, language=language, voice=voice)))
            case "visuals":
                return await self._main(seeded(await self._visual_request(script, language, theme)))
            case "render":
                return await self._main(await self._segment_request(self._stage))
        return await self._main(await self._finish_request(script, language))

    async def _main(self, request: Value) -> Any:
        self._began = time.monotonic()
        return await self._ask(self._stage, MAIN_METHOD[self._stage.info.kind], request)

    async def _visual_request(self, script: Script, language: str, theme: str) -> VisualRequest:
        needs, (scene,), plan = self._stage.info.needs, script.scenes, None
        if "plan" in needs:
            asked = seeded(PlanRequest(script=script, canvas=CANVAS, theme=theme, seed=0))
            plan = (await self._ask(self._stage, "plan", asked))[0]
        return VisualRequest(
            scene=scene, language=language, canvas=CANVAS, theme=theme, plan=plan,
            narration=await self._narration(scene) if "narration" in needs else None,
            script=script if "script" in needs else None,
        )  # fmt: skip

    async def _narration(self, scene: Scene) -> Narration:
        sound, words = await self._silence(), scene.words
        step = FRAMES / CANVAS.fps / len(words)
        return Narration(
            audio=sound.audio, sample_rate=sound.samples * CANVAS.fps // FRAMES, samples=sound.samples,
            words=tuple(Word(text=word, start=n * step, end=(n + 1) * step) for n, word in enumerate(words)),
        )  # fmt: skip

    async def _silence(self) -> Any:
        request = SoundRequest(scenes=(SceneSound(frames=FRAMES, sounds=()),), fps=CANVAS.fps)
        return await self._ask(self._catalog.core, "sound", request)

    async def _segment_request(self, stage: Stage) -> SegmentRequest:
        profile: Profile = await self._ask(stage, "profile", ProfileRequest(canvas=CANVAS, quality="draft"))
        image = await self._picture()
        return SegmentRequest(
            placed=Placed(shots=(Still(image=image),), marks={}, frames=FRAMES), canvas=CANVAS, profile=profile
        )

    async def _picture(self) -> Artifact:
        png = _png(CANVAS.width, CANVAS.height)
        return await self._store.put_bytes(png, "image/png", self._listener.pins)

    async def _finish_request(self, script: Script, language: str) -> FinishRequest:
        """Two seconds of a plain picture and silence, by the first renderer of the settings that is there."""
        needs, seconds = self._stage.info.needs, FRAMES / CANVAS.fps
        render = self._catalog.find("render", self._first_renderer())
        segment: Segment = await self._ask(render, "render_scene", await self._segment_request(render))
        picture: Segment = await self._ask(self._catalog.core, "join", JoinRequest(segments=(segment,), canvas=CANVAS))
        made = {"picture.mp4": picture.video, "voice.wav": (await self._silence()).audio}
        (scene,) = script.scenes
        return FinishRequest(
            title=script.title, language=language, duration=seconds, canvas=CANVAS, music="none",
            files={name: file for name, file in made.items() if name in self._stage.info.takes},
            script=script if "script" in needs else None,
            cues=(Cue(start=0.0, end=seconds, lines=(scene.text,)),) if "cues" in needs else (),
            speech=(Speech(start=0.0, end=seconds),) if "speech" in needs else (),
            posters=(await self._picture(),) if "posters" in needs else (),
        )  # fmt: skip

    def _first_renderer(self) -> str:
        names = self._settings.render.providers
        return next((name for name in names if ("render", name) in self._catalog.stages), names[0])

    async def _ask(self, stage: Stage, method: str, request: Value) -> Any:
        plugins, name = self._settings.plugins, stage.info.name
        given = self._given if stage is self._stage else {}
        task = Task(
            plugin=stage.plugin, stage=name, method=method, request=request, fingerprint=stage.fingerprint,
            slot=stage.info.slot,  # type: ignore[arg-type]  # checked when the stage was described
            options={**plugins.get(stage.plugin, {}), **plugins.get(name, {}), **given},
            salt=self._salt, step=STEP.get(stage.info.kind, "Postprocessing"),  # type: ignore[call-overload]
            name=f"test of {self._stage.info.name}", secrets=stage.info.secrets,
        )  # fmt: skip
        return await self._runner.ask(task, self._listener)


def _file_of(value: Any) -> tuple[Artifact | None, str]:
    """The one file that tells most, and what to call it."""
    if isinstance(value, Deliverables):
        first = next(iter(value.files), None)
        return (first.artifact, first.name) if first else (None, "")
    poster = value.poster if isinstance(value, Visual) else None
    file = poster or next(iter(artifacts_in(value)), None)
    return file, f"test.{SUFFIX.get(file.media_type, 'bin')}" if file else ""


def _facts(value: Any) -> dict[str, Any]:
    match value:
        case Script():
            return {"title": value.title, "scenes": len(value.scenes)}
        case Narration():
            return {"durationSeconds": round(value.duration, 3), "sampleRate": value.sample_rate}
        case Visual():
            return {"shots": len(value.shots), "texts": len(value.texts)}
        case Segment():
            return {"frames": value.frames}
        case Deliverables():
            return {"files": [file.name for file in value.files], **msgspec.to_builtins(value.facts)}
    return {}


def _png(width: int, height: int) -> bytes:
    """A plain dark picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x20\x30\x40" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
