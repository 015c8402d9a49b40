"""Where everything lies in time: pure functions from scenes, words and frames to frames and seconds.

A scene is a whole number of frames: a short lead, the narration, a pause by pacing. Sound is cut to the
same frames, so nothing drifts however long the video is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from aurad.engine.checks import marks_of
from aurad.model.artifact import Artifact, Credit
from aurad.model.assembly import SOUND_RATE, SceneSound, Sound
from aurad.model.brief import WORDS_PER_MINUTE, Pacing
from aurad.model.cues import Cue, cues_of, shift
from aurad.model.narration import Narration, Word
from aurad.model.script import Scene, Script
from aurad.model.stage import Chapter, Placed, Speech
from aurad.model.value import Value
from aurad.model.video import Canvas
from aurad.model.visual import Animation, Clip, Still, Visual
from aurad.model.written import as_written

LEAD = 0.4  # seconds of picture before the voice: the transition is over when the first word falls
PAUSE: dict[Pacing, float] = {"relaxed": 0.8, "conversational": 0.5, "fast": 0.3}  # seconds after it
ENDING = 1.6  # seconds more after the last scene: the music's end
TRANSITION = 0.4  # seconds of cross-fade at the start of every scene but the first
TALL = 1.4  # from this ratio on players cover the lowest fifth with their buttons, and captions lie above it
CAPTION_ZONE, TALL_CAPTION_ZONE = 0.21, 0.33  # of the height, kept free of slides where captions are burned in
DUCKED = -14.0  # dB of a clip's own sound below the voice
WIDE_LINE, TALL_LINE = 42, 26  # characters of a caption line: what can be read at the usual size in that shape
NOTHING = Artifact(sha256="", size_bytes=0, media_type="")  # the sound of a silent card: nobody asks for it
SILENCE = 0.35  # seconds between two words that make two stretches of speech


class Timed(Value, frozen=True, kw_only=True):
    """A scene with its voice, and its place on the video's frames."""

    scene: Scene
    narration: Narration
    start: int
    frames: int


def project(scene: Scene) -> Scene:
    """A scene without what no stage may depend on."""
    return msgspec.structs.replace(scene, scene_id="", chapter="", voice="", seconds=0.0, written={})


def neighbours(needs: Sequence[str], script: Script, i: int) -> dict[str, Any]:
    """Only what a stage declared to need, so that nothing else is in its digest."""
    scenes, found = script.scenes, dict[str, Any]()
    if "previous" in needs and i > 0:
        found["previous"] = project(scenes[i - 1])
    if "next" in needs and i + 1 < len(scenes):
        found["next"] = project(scenes[i + 1])
    if "script" in needs:
        found["script"] = project_script(script)
    return found


def project_script(script: Script) -> Script:
    return msgspec.structs.replace(script, scenes=tuple(project(scene) for scene in script.scenes))


def with_ids(script: Script) -> Script:
    """Every scene with an id that no other has: its own, else the first free `s<n>`."""
    taken, seen = {scene.scene_id for scene in script.scenes}, {""}
    free = (f"s{number}" for number in itertools.count(1))
    fresh = (name for name in free if name not in taken)
    scenes = []
    for scene in script.scenes:
        own = scene if scene.scene_id not in seen else msgspec.structs.replace(scene, scene_id=next(fresh))
        seen.add(own.scene_id)
        scenes.append(own)
    return msgspec.structs.replace(script, scenes=tuple(scenes))


def silence(scene: Scene) -> Narration:
    """What stands for the voice of a silent card."""
    return Narration(audio=NOTHING, sample_rate=SOUND_RATE, samples=round(scene.seconds * SOUND_RATE), words=())


def scene_frames(narration: Narration, pacing: Pacing, fps: int, *, last: bool) -> int:
    """How many frames a scene lasts; a silent card as long as it was told to."""
    if not narration.words:
        return max(1, round(narration.duration * fps))
    seconds = LEAD + narration.duration + PAUSE[pacing] + (ENDING if last else 0.0)
    return math.ceil(round(seconds * fps, 6))


def guess_seconds(scene: Scene, pacing: Pacing) -> float:
    """About how long a scene will be, before it has been spoken."""
    if not scene.words:
        return scene.seconds
    return LEAD + PAUSE[pacing] + 60 * len(scene.words) / WORDS_PER_MINUTE[pacing]


def lay_out(scenes: Sequence[Scene], narrations: Sequence[Narration], pacing: Pacing, fps: int) -> list[Timed]:
    """All scenes on one line of frames."""
    timed, start = [], 0
    for number, (scene, narration) in enumerate(zip(scenes, narrations, strict=True), 1):
        frames = scene_frames(narration, pacing, fps, last=number == len(scenes))
        timed.append(Timed(scene=scene, narration=narration, start=start, frames=frames))
        start += frames
    return timed


def place(visual: Visual, narration: Narration, frames: int, fps: int) -> Placed:
    """A scene's shots on its clock; every mark lies inside it."""
    marks = {at: min(round((LEAD + narration.words[at].start) * fps), frames - 1) for at in sorted(marks_of(visual))}
    return Placed(shots=visual.shots, marks=marks, frames=frames)


def tail_of(placed: Placed, fps: int) -> Placed:
    """What the next scene blends from: the last shot and only the marks that it needs.

    Of a shot that has come to rest only the rest counts: another word in its scene changes nothing then.
    """
    shot, marks = placed.shots[-1], placed.marks
    if isinstance(shot, Still | Animation) and shot.motion is None:
        layers = shot.layers if isinstance(shot, Animation) else ()
        longest = max((layer.seconds for layer in layers), default=0.0)
        starts = (placed.frame_of(shot.at if layer.at is None else layer.at) + layer.delay * fps for layer in layers)
        last = max(starts, default=0.0)
        if last + longest * fps < placed.frames:
            return Placed(shots=(_at_rest(shot),), marks={}, frames=math.ceil(longest * fps) + 1)
    needed = sorted(marks_of(Visual(shots=(shot,))))
    return Placed(shots=(shot,), marks={at: marks[at] for at in needed}, frames=placed.frames)


def _at_rest(shot: Still | Animation) -> Still | Animation:
    """The same picture, all of it coming in at once."""
    if isinstance(shot, Still):
        return msgspec.structs.replace(shot, at=None, credit=None)
    layers = tuple(msgspec.structs.replace(layer, at=None, delay=0.0) for layer in shot.layers)
    return msgspec.structs.replace(shot, layers=layers, at=None, credit=None)


def transition_frames(canvas: Canvas, frames: int) -> int:
    return min(round(TRANSITION * canvas.fps), frames // 2)


def caption_zone(canvas: Canvas) -> float:
    """The part of the height that two lines of burned-in captions take, with what lies below them."""
    return TALL_CAPTION_ZONE if canvas.height > canvas.width * TALL else CAPTION_ZONE


def scene_cues(scene: Scene, narration: Narration, pacing: Pacing, canvas: Canvas) -> tuple[Cue, ...]:
    """Captions on a scene's clock; the last may stay through the pause."""
    columns = WIDE_LINE if canvas.width >= canvas.height else TALL_LINE
    return _cues(as_written(narration.words, scene.written), narration.duration + PAUSE[pacing], columns)


@lru_cache(maxsize=256)  # asked for once for the segment and again for whatever shows captions
def _cues(words: Sequence[Word], until: float, columns: int) -> tuple[Cue, ...]:
    return shift(cues_of(words, until=until, columns=columns), LEAD)


def video_cues(timed: Iterable[Timed], pacing: Pacing, canvas: Canvas) -> tuple[Cue, ...]:
    """Captions on the video's clock; a scene's captions are the same on both."""
    return tuple(
        cue
        for one in timed
        for cue in shift(scene_cues(one.scene, one.narration, pacing, canvas), one.start / canvas.fps)
    )


def chapters(timed: Sequence[Timed], fps: int) -> tuple[Chapter, ...]:
    """Chapters where scenes start one; the first at 0."""
    found = [Chapter(title=one.scene.chapter, start=one.start / fps) for one in timed if one.scene.chapter]
    return (msgspec.structs.replace(found[0], start=0.0), *found[1:]) if found else ()


def speech(timed: Iterable[Timed], fps: int) -> tuple[Speech, ...]:
    """When somebody speaks, pauses of up to `SILENCE` included."""
    spans: list[Speech] = []
    for word in _words(timed, fps):
        if spans and word.start - spans[-1].end <= SILENCE:
            spans[-1] = Speech(start=spans[-1].start, end=max(word.end, spans[-1].end))
        else:
            spans.append(Speech(start=word.start, end=word.end))
    return tuple(spans)


def _words(timed: Iterable[Timed], fps: int) -> Iterator[Word]:
    for one in timed:
        offset = one.start / fps + LEAD
        for word in one.narration.words:
            yield Word(text=word.text, start=word.start + offset, end=word.end + offset)


def scene_sound(one: Timed, visual: Visual, fps: int) -> SceneSound:
    """The narration and what clips bring along."""
    sounds = [Sound(audio=one.narration.audio, start=LEAD)] if one.narration.words else []
    placed = place(visual, one.narration, one.frames, fps)
    for shot in visual.shots:
        if isinstance(shot, Clip) and shot.audio != "mute":
            gain = DUCKED if shot.audio == "duck" else 0.0
            start = placed.frame_of(shot.at) / fps
            sounds.append(Sound(audio=shot.video, start=start, gain=gain, in_point=shot.in_point))
    return SceneSound(frames=one.frames, sounds=tuple(sounds))


def credits(script: Script, visuals: Iterable[Visual]) -> tuple[Credit, ...]:
    """Everybody to be named, once each, in order of appearance."""
    pictures = (scene.slide.picture.credit for scene in script.scenes if scene.slide.picture)
    shots = (shot.credit for visual in visuals for shot in visual.shots)
    return tuple(dict.fromkeys(credit for credit in (*pictures, *shots) if credit))


def posters(script: Script, visuals: Sequence[Visual]) -> tuple[Artifact, ...]:
    """What may be a cover: every scene's best frame, but no card's."""
    return tuple(
        visual.poster for scene, visual in zip(script.scenes, visuals, strict=False) if visual.poster and scene.words
    )
