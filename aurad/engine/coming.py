"""The tasks of a job before they are there: the graph foreseen, with sizes guessed and the order they will have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aurad.engine import timeline
from aurad.engine.catalog import Stage
from aurad.engine.estimate import cost_key
from aurad.engine.providers import Providers
from aurad.model.brief import Brief
from aurad.model.job import Recipe
from aurad.model.script import Scene, Script

AHEAD = 3  # scenes that slides run ahead of the encoder: enough to keep it fed, few enough to start early
FIRST = -1e6  # order of voices: quick work of few workers, the largest, who are gone when encoders fill the cores
SOON = 0.0  # order of long serial work: as soon as it can start
MEANWHILE = 1.0  # order of listening: whatever leads to the video's end comes first
PICTURE, VOICE = "picture.mp4", "voice.wav"
ON_CANVAS = frozenset({"draw", "render_scene", "finish", "join", "verify"})  # methods whose cost is the picture's too
UNTIL = {"Script": (), "Voice": ("speak",), "Visuals": ("speak", "draw")}  # methods that a job with that end still runs
BODY = ("speak", "draw", "render_scene")  # what stands for the whole video until there is a script
WHOLE_VIDEO = 100.0  # seconds assumed before there is a script
SOUND = ".m4a"  # the end of a name: AAC that can go into the video as it is
CHARACTERS, SLIDE = 15, 10.0  # characters spoken in a second, seconds a slide is shown


class Coming(NamedTuple):
    """A task that will come, before it is known exactly."""

    name: str
    method: str
    size: float
    key: str
    slot: str = "cpu"
    order: float = SOON
    after: tuple[str, ...] = ()

    @property
    def plugin(self) -> str:
        return self.key.partition(".")[0]


def unwritten(fps: float) -> list[Coming]:
    """What a video will need of which nothing is known yet: all its scenes together, by method."""
    sizes = (WHOLE_VIDEO * CHARACTERS, WHOLE_VIDEO / SLIDE, WHOLE_VIDEO * fps)
    return [Coming(method, method, size, method) for method, size in zip(BODY, sizes, strict=True)]


def writing_size(brief: Brief) -> float:
    """The size of the task that writes a script: thousands of characters."""
    return len(brief.source or brief.topic or "") / 1000


def sounds_of(stage: Stage) -> list[str]:
    """The files of a finisher that may be heard in the video."""
    return [name for name in stage.info.gives if name.endswith(SOUND)]


def listening(name: str) -> str:
    """The name of the task that measures a file."""
    return f"listen {name}"


class Foresight:
    """What one recipe will lead to."""

    def __init__(self, recipe: Recipe, providers: Providers, core: Stage) -> None:
        self._recipe, self._providers, self._core = recipe, providers, core

    def whole(self, script: Script) -> list[Coming]:
        """Every task of the job, with the writing of a script that is only foreseen."""
        brief, following = self._recipe.brief, self.tasks(script)
        if brief.script:
            return following
        written = self._one(self._providers.first("script"), "write", "script", writing_size(brief))
        return [written, *(one._replace(after=(*one.after, written.name)) for one in following)]

    def tasks(self, script: Script) -> list[Coming]:
        """Every task that will come once there is the script."""
        lengths = [timeline.guess_seconds(scene, self._recipe.brief.pacing) for scene in script.scenes]
        scenes = [one for i in range(len(lengths)) for one in self._scene(script.scenes, i, lengths[i])]
        allowed = UNTIL.get(self._recipe.until or "")
        coming = [*scenes, *self._end(scenes, sum(lengths))]
        return [one for one in coming if allowed is None or one.method in allowed]

    def _scene(self, scenes: tuple[Scene, ...], i: int, seconds: float) -> Iterator[Coming]:
        voice, visuals, render = (self._providers.first(kind) for kind in ("voice", "visuals", "render"))
        near = scenes[max(i - 1, 0) : i + 1]  # a segment begins with the end of the one before
        voices, slides = ([f"{what} {scene.scene_id}" for scene in near] for what in ("voice", "visuals"))
        heard = voices[-1:] if "narration" in visuals.info.needs else []
        frames = seconds * self._recipe.canvas.fps
        if scenes[i].words:
            yield self._one(voice, "speak", voices[-1], len(scenes[i].text), order=FIRST + i)
        yield self._one(visuals, "draw", slides[-1], 1.0, order=i + 0.5, after=heard)
        name, parts = f"segment {scenes[i].scene_id}", [*voices, *slides]
        yield self._one(render, "render_scene", name, frames, order=i + AHEAD, after=parts)

    def _end(self, scenes: list[Coming], seconds: float) -> Iterator[Coming]:
        """Sound and picture, the finishers one after what it takes of the others, and the check of it all."""
        methods = ("speak", "draw", "render_scene")
        voices, slides, segments = ([one.name for one in scenes if one.method == method] for method in methods)
        made = {VOICE: "sound", PICTURE: "join"}
        yield self._one(self._core, "sound", "sound", seconds, after=voices + slides)
        yield self._one(self._core, "join", "join", seconds, after=segments)
        for stage in self._providers.all("finish"):
            before = voices + [made[name] for name in stage.info.takes if name in made]
            seen = slides if {"posters", "credits"} & set(stage.info.needs) else []
            yield self._one(stage, "finish", stage.info.name, seconds, after=before + seen)
            made |= dict.fromkeys(stage.info.gives, stage.info.name)
            for name in sounds_of(stage):
                yield self._one(
                    self._core, "listen", listening(name), seconds, order=MEANWHILE, after=[stage.info.name]
                )
                made[listening(name)] = listening(name)
        yield self._one(self._core, "verify", "verify", seconds, after=list(dict.fromkeys(made.values())))

    def _one(
        self, stage: Stage, method: str, name: str, size: float, *, order: float = SOON, after: Sequence[str] = ()
    ) -> Coming:  # fmt: skip
        canvas = self._recipe.canvas if method in ON_CANVAS else None
        key = cost_key(stage.plugin, stage.info.name, method, canvas)
        return Coming(name, method, size, key, stage.info.slot, order, tuple(after))
