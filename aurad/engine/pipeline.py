"""The graph: from a recipe to a checked video. A task waits for its inputs, never for a stage.

    brief -> script -> voice(i), visuals(i) -> segment(i) <- tail of i-1, profile
    sound <- all voices        picture <- all segments        finishers <- what they take -> listen -> verify

Nothing here remembers how far it got: to resume is to ask again, and whatever has a result is not run.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import trio

from aurad.engine import coming, timeline
from aurad.engine.asking import Asking
from aurad.engine.board import Board
from aurad.engine.cards import with_cards
from aurad.engine.catalog import Stage
from aurad.engine.coming import AHEAD, FIRST, PICTURE, SOON, VOICE, Foresight, writing_size
from aurad.engine.later import Later, Plans, gather
from aurad.engine.previews import Previews
from aurad.engine.provenance import provenance_of
from aurad.engine.providers import HOPELESS, ProviderFailed, Providers
from aurad.engine.runner import Runner
from aurad.engine.takes import Takes
from aurad.engine.task import seeded
from aurad.engine.timeline import Timed
from aurad.engine.tools import hardware
from aurad.model import assembly
from aurad.model.artifact import Artifact
from aurad.model.errors import AuradError
from aurad.model.job import Recipe
from aurad.model.narration import Narration
from aurad.model.pronounce import occurring
from aurad.model.script import Scene, Script
from aurad.model.stage import (
    FinishRequest,
    Placed,
    PlanRequest,
    ProfileRequest,
    ScriptRequest,
    SegmentRequest,
    VisualRequest,
    VoiceRequest,
)
from aurad.model.value import Value
from aurad.model.video import Deliverable, Profile, Segment
from aurad.model.visual import Visual
from aurad.model.written import written_text

VIDEO = "video.mp4"


class Made(Value, frozen=True, kw_only=True):
    """What a job came to: its script and, unless it ended early, its files and what was measured of them."""

    script: Script
    files: tuple[Deliverable, ...] = ()
    facts: dict[str, Any] = {}
    verified: assembly.Verified | None = None


class Pipeline:
    """One job's way through the graph."""

    def __init__(
        self, recipe: Recipe, runner: Runner, job: Board, providers: Providers, core: Stage, *, previews: bool
    ) -> None:
        self._previews = previews
        self._recipe, self._job, self._providers = recipe, job, providers
        self._ask = Asking(recipe, runner, job, providers, core)
        self._foresight = Foresight(recipe, providers, core)
        self._brief, self._canvas, self._takes = recipe.brief, recipe.canvas, Takes(recipe)
        self._facts: dict[str, Any] = {}

    async def run(self) -> Made:
        """Everything, or up to `recipe.until`. Raises `ProviderFailed`, `Damaged` or what fails the job."""
        async with trio.open_nursery() as speculation:
            made = await self._run(speculation)
            speculation.cancel_scope.cancel()  # what was spoken early and is in no scene of the script
        return made

    async def _run(self, speculation: trio.Nursery) -> Made:
        script = await self._write(speculation)
        await self._job.publish_value("script.json", "script", script)
        if self._recipe.until == "Script":
            self._job.forecast_scenes([])
            return Made(script=script)
        self._job.forecast_scenes(self._foresight.tasks(script))
        return await (self._make_part(script) if self._recipe.until else self._make(script))

    async def _make_part(self, script: Script) -> Made:
        """Voices, and slides if they are wanted, published scene by scene."""
        async with trio.open_nursery() as nursery:
            later, count = partial(Later, nursery), range(len(script.scenes))
            plan = Plans(nursery, partial(self._plan, script))
            voices = [later(partial(self._speak, script, i)) for i in count]
            draws = count if self._recipe.until == "Visuals" else range(0)
            visuals = [later(partial(self._draw, script, i, plan, voices)) for i in draws]
            for scene, narration in zip(script.scenes, await gather(voices), strict=True):
                if scene.words:
                    self._job.publish(f"{scene.scene_id}.wav", "audio", narration.audio, scene.scene_id)
            for scene, visual in zip(script.scenes, await gather(visuals), strict=False):
                if visual.poster:
                    self._job.publish(f"{scene.scene_id}.png", "image", visual.poster, scene.scene_id)
        return Made(script=script)

    async def _make(self, script: Script) -> Made:
        async with trio.open_nursery() as nursery:
            later, count = partial(Later, nursery), range(len(script.scenes))
            plan = Plans(nursery, partial(self._plan, script))
            voices = [later(partial(self._speak, script, i)) for i in count]
            visuals = [later(partial(self._draw, script, i, plan, voices)) for i in count]
            profile = later(self._profile)
            placed = [later(partial(self._place, script, i, voices, visuals)) for i in count]
            segments = [later(partial(self._segment, script, i, placed, voices, profile)) for i in count]
            timed = later(partial(self._lay_out, script, voices))
            if self._previews:
                previews = Previews(self._ask, self._job, self._canvas.fps, script, timed, visuals, segments)
                nursery.start_soon(previews.make)
            files: dict[str, Later[Artifact | None]] = {
                VOICE: later(partial(self._sound, timed, visuals)),
                PICTURE: later(partial(self._join, segments)),
            }
            finished, heard = [], []
            for stage in self._providers.all("finish"):
                done = later(partial(self._finish, stage, script, timed, visuals, dict(files)))
                finished.append(done)
                files |= {name: later(partial(_pick, done, name)) for name in stage.info.gives}
                heard += [later(partial(self._listen, name, files[name], timed)) for name in coming.sounds_of(stage)]
            checked = await timed(), await gather(segments), await gather(finished), await gather(heard)
        return await self._verify(script, *checked)

    # ------------------------------------------------------------ tasks

    async def _write(self, speculation: trio.Nursery) -> Script:
        if self._brief.script:
            return timeline.with_ids(with_cards(self._brief.script, self._recipe))
        brief = msgspec.structs.replace(
            self._brief, aspect=None, assets=tuple(a for a in self._brief.assets if a.role in ("image", "clip"))
        )
        self._job.on_part = partial(self._speculate, speculation)
        script = await self._ask.provider(
            "script",
            "write",
            self._takes.of(ScriptRequest(brief=brief, seed=0), "Script"),
            name="script",
            size=writing_size(brief),
            order=-1,
            leads_to=() if self._recipe.until == "Script" else (self._providers.first("voice").plugin,),
        )
        return timeline.with_ids(with_cards(script, self._recipe))

    def _speculate(self, nursery: trio.Nursery, scene: Scene) -> None:
        """A scene that the script stage handed over early is spoken already; the final script decides if it counts."""
        nursery.start_soon(self._speak_early, scene)

    async def _speak_early(self, scene: Scene) -> None:
        with suppress(ProviderFailed, AuradError):  # if it counts, it is asked for again, and fails then
            if not self._providers.first("voice").info.needs:
                await self._speak(Script(title="", scenes=(scene,)), 0)

    async def _plan(self, script: Script, stage: Stage) -> list[Any]:
        request = PlanRequest(
            script=timeline.project_script(script), canvas=self._canvas, theme=self._recipe.theme, seed=0
        )
        plan: list[Any] = await self._ask.stage(stage, "plan", seeded(request), name=f"plan of {stage.info.name}")
        if len(plan) != len(script.scenes):
            why = f"cannot use the plan of {stage.info.name}: {len(plan)} parts for {len(script.scenes)} scenes"
            raise AuradError("E308-RESULT", why)
        return plan

    async def _speak(self, script: Script, i: int) -> Narration:
        scene = script.scenes[i]
        if not scene.words:
            return timeline.silence(scene)
        request = VoiceRequest(
            text=scene.text,
            language=self._brief.language,
            voice=scene.voice or self._recipe.voice,
            pacing=self._brief.pacing,
            pronounce=occurring(scene.text, self._recipe.pronounce | script.pronounce),
            **timeline.neighbours(self._providers.first("voice").info.needs, script, i),
        )
        narration: Narration = await self._ask.provider(
            "voice", "speak", self._takes.of(request, "Voice", scene), name=f"voice {scene.scene_id}", scene=scene,
            size=len(scene.text), order=FIRST + i,
        )  # fmt: skip
        return narration

    async def _draw(self, script: Script, i: int, plan: Plans, voices: list[Later[Narration]]) -> Visual:
        """Scenes may differ in their provider: one that fails at this scene is followed by the next, here only."""
        scene = script.scenes[i]
        stages = self._providers.all("visuals") or [self._providers.first("visuals")]
        for stage in stages:
            try:
                request = await self._visual_request(stage, script, i, plan, voices)
                visual: Visual = await self._ask.stage(
                    stage, "draw", self._takes.of(request, "Visuals", scene), name=f"visuals {scene.scene_id}",
                    scene=scene, order=i + 0.5,
                )  # fmt: skip
                return visual
            except AuradError as error:
                following = self._providers.next_after("visuals", stage)
                if error.code in HOPELESS or following is None:
                    raise
                self._providers.pass_over(stage, following, error)
                self._job.fall_back("Visuals", stage.info.name, following.info.name, error)
        raise AssertionError("the last provider's error was raised")

    async def _visual_request(
        self, stage: Stage, script: Script, i: int, plan: Plans, voices: list[Later[Narration]]
    ) -> VisualRequest:
        burned, spoken = self._recipe.captions == "burn", bool(script.scenes[i].words)
        return VisualRequest(
            scene=timeline.project(script.scenes[i]),
            language=self._brief.language,
            canvas=self._canvas,
            theme=self._recipe.theme,
            safe_bottom=timeline.caption_zone(self._canvas) if burned else 0.0,
            plan=(await plan.of(stage))[i] if "plan" in stage.info.needs else None,
            narration=await voices[i]() if "narration" in stage.info.needs and spoken else None,
            logo=self._asset("logo"),
            font=self._asset("font"),
            **timeline.neighbours(stage.info.needs, script, i),
        )

    async def _profile(self) -> Profile:
        request = ProfileRequest(
            canvas=self._canvas, quality=self._recipe.quality, avoid=tuple(self._job.avoid), machine=hardware()
        )
        profile: Profile = await self._ask.provider("render", "profile", request, name="profile", order=SOON)
        return profile

    async def _place(
        self, script: Script, i: int, voices: list[Later[Narration]], visuals: list[Later[Visual]]
    ) -> Placed:
        narration, visual = await voices[i](), await visuals[i]()
        last = i == len(script.scenes) - 1
        frames = timeline.scene_frames(narration, self._brief.pacing, self._canvas.fps, last=last)
        return timeline.place(visual, narration, frames, self._canvas.fps)

    async def _segment(
        self,
        script: Script,
        i: int,
        placed: list[Later[Placed]],
        voices: list[Later[Narration]],
        profile: Later[Profile],
    ) -> Segment:
        scene, mine = script.scenes[i], await placed[i]()
        burned = self._recipe.captions == "burn"
        request = SegmentRequest(
            placed=mine,
            canvas=self._canvas,
            profile=await profile(),
            tail=timeline.tail_of(await placed[i - 1](), self._canvas.fps) if i else None,
            transition=timeline.transition_frames(self._canvas, mine.frames) if i else 0,
            cues=timeline.scene_cues(scene, await voices[i](), self._brief.pacing, self._canvas) if burned else (),
            caption_style=self._recipe.caption_style if burned else "",
            theme=self._recipe.theme,
        )
        try:
            segment: Segment = await self._ask.provider(
                "render", "render_scene", self._takes.of(request, "Rendering", scene),
                name=f"segment {scene.scene_id}", scene=scene, size=mine.frames, order=i + AHEAD,
            )  # fmt: skip
        except ProviderFailed as failed:
            raise self._job.blame_encoder(request.profile, failed) from failed
        return segment

    async def _lay_out(self, script: Script, voices: list[Later[Narration]]) -> list[Timed]:
        narrations = await gather(voices)
        self._ask.done_with("voice")
        return timeline.lay_out(script.scenes, narrations, self._brief.pacing, self._canvas.fps)

    async def _sound(self, timed: Later[list[Timed]], visuals: list[Later[Visual]]) -> Artifact:
        scenes, shown, fps = await timed(), await gather(visuals), self._canvas.fps
        self._ask.done_with("visuals")
        sounds = tuple(timeline.scene_sound(one, visual, fps) for one, visual in zip(scenes, shown, strict=True))
        request = assembly.SoundRequest(scenes=sounds, fps=fps)
        track = await self._ask.core(
            "sound", request, "Postprocessing", name="sound", leads_to=self._taker(VOICE),
            size=sum(one.frames for one in scenes) / fps,
        )  # fmt: skip
        return track.audio  # type: ignore[no-any-return]

    async def _join(self, segments: list[Later[Segment]]) -> Artifact:
        request = assembly.JoinRequest(segments=tuple(await gather(segments)), canvas=self._canvas)
        joined = await self._ask.core(
            "join", request, "Postprocessing", name="join", leads_to=self._taker(PICTURE),
            size=sum(segment.frames for segment in request.segments) / self._canvas.fps,
        )  # fmt: skip
        return joined.video  # type: ignore[no-any-return]

    def _taker(self, name: str) -> tuple[str, ...]:
        """The plugin that goes on with this file."""
        return tuple(stage.plugin for stage in self._providers.all("finish") if name in stage.info.takes)[:1]

    async def _finish(
        self, stage: Stage, script: Script, timed: Later[list[Timed]], visuals: list[Later[Visual]],
        files: dict[str, Later[Artifact | None]],
    ) -> list[Deliverable]:  # fmt: skip
        needs, scenes, fps, tasks = stage.info.needs, await timed(), self._canvas.fps, self._job.tasks.values()
        taken = {name: await files[name]() for name in stage.info.takes if name in files}
        if self._recipe.captions != "soft":  # burned in already, they would be shown twice
            taken.pop("captions.srt", None)
        shown = await gather(visuals) if {"posters", "credits"} & set(needs) else []
        request = FinishRequest(
            title=script.title,
            language=self._brief.language,
            duration=sum(one.frames for one in scenes) / fps,
            canvas=self._canvas,
            files={name: file for name, file in taken.items() if file},
            description=script.description if "tags" in needs else "",
            tags=script.tags if "tags" in needs else (),
            **self._music() if "music" in needs else {},
            script=timeline.project_script(script) if "script" in needs else None,
            chapters=timeline.chapters(scenes, fps) if "chapters" in needs else (),
            cues=timeline.video_cues(scenes, self._brief.pacing, self._canvas) if "cues" in needs else (),
            speech=timeline.speech(scenes, fps) if "speech" in needs else (),
            posters=timeline.posters(script, shown) if "posters" in needs else (),
            credits=timeline.credits(script, shown) if "credits" in needs else (),
            provenance=provenance_of(self._recipe, script, tasks, self._providers.catalog)
            if "provenance" in needs
            else None,
        )
        take = self._takes.finishing(request, music="music" in needs)
        given = await self._ask.stage(stage, "finish", take, name=stage.info.name, size=request.duration)
        self._facts[stage.info.name] = given.facts
        return list(given.files)

    def _music(self) -> dict[str, Any]:
        recipe = self._recipe
        return {"music": recipe.music, "music_file": self._asset("music"), "loudness": recipe.loudness}

    def _asset(self, role: str) -> Artifact | None:
        return next((asset.artifact for asset in self._brief.assets if asset.role == role), None)

    async def _listen(
        self, name: str, file: Later[Artifact | None], timed: Later[list[Timed]]
    ) -> assembly.Heard | None:
        """Measure a sound while the picture is made: what can be heard the last check need not listen to again."""
        if (audio := await file()) is None:
            return None
        seconds = sum(one.frames for one in await timed()) / self._canvas.fps
        request = assembly.ListenRequest(audio=audio)
        heard: assembly.Heard | None = await self._ask.core_or_none(
            "listen", request, "Postprocessing", name=coming.listening(name), size=seconds, order=coming.MEANWHILE
        )
        return heard

    async def _verify(
        self, script: Script, timed: list[Timed], segments: list[Segment], finished: list[list[Deliverable]],
        heard: list[assembly.Heard | None],
    ) -> Made:  # fmt: skip
        files = {file.name: file for group in finished for file in group}
        if VIDEO not in files:
            raise AuradError("E309-VERIFY", f"cannot deliver a video: none of the finishers gave {VIDEO}")
        frames, masters = sum(one.frames for one in timed), any("loudness" in facts for facts in self._facts.values())
        request = assembly.VerifyRequest(
            video=files[VIDEO].artifact,
            canvas=self._canvas,
            frames=frames,
            captions=self._recipe.captions if "captions.srt" in files else "none",
            cues=timeline.video_cues(timed, self._brief.pacing, self._canvas),
            loudness=self._recipe.loudness if masters else None,
            spoken=tuple(written_text(one.scene.text, one.scene.written) for one in timed if one.scene.words),
            seen=tuple(segment.seen for segment in segments),
            heard=tuple(one for one in heard if one),
        )
        verified = await self._ask.core(
            "verify", request, "Postprocessing", name="verify", size=frames / self._canvas.fps
        )
        return Made(script=script, files=tuple(files.values()), facts=self._facts, verified=verified)


async def _pick(finished: Later[list[Deliverable]], name: str) -> Artifact | None:
    return next((file.artifact for file in await finished() if file.name == name), None)
