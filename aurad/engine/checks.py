"""What a stage's answer must be beyond its type: a wrong one fails the attempt, with its reason."""

from __future__ import annotations

from typing import Any

import msgspec

from aurad.engine.task import Task, artifacts_in
from aurad.model.errors import AuradError
from aurad.model.narration import Narration
from aurad.model.script import Scene, Script
from aurad.model.stage import FinishRequest, SegmentRequest, VisualRequest, VoiceRequest
from aurad.model.video import Deliverables, Segment
from aurad.model.visual import Animation, TextBox, Visual
from aurad.wire.worker import METHODS

ROUNDING = 1.0  # pixels by which layout may exceed a frame: nobody sees them
SCENES = 2000  # an hour of one-sentence scenes; more is a mistake


def check_output(task: Task, output: Any) -> Any:
    """The answer as its typed value. Raises E308 that names the stage and what is wrong."""
    try:
        value = msgspec.convert(output, METHODS[task.method].result, str_keys=True)
    except msgspec.ValidationError as error:
        raise _unusable(task, str(error)) from error
    if fault := _fault(task.request, value):
        raise _unusable(task, fault)
    return value


def check_files(task: Task, output: Any, given: set[str]) -> None:
    """Every file in an answer was handed over with it, or came with the request."""
    known = given | {artifact.sha256 for artifact in artifacts_in(task.request)}
    for artifact in artifacts_in(output):
        if artifact.sha256 not in known:
            raise _unusable(task, f"the file {artifact.sha256[:12]} was not handed over")


def _fault(request: Any, value: Any) -> str:
    match request, value:
        case _, Script():
            return _script_fault(value)
        case VoiceRequest(), Narration():
            return _narration_fault(request, value)
        case VisualRequest(), Visual():
            return _visual_fault(request, value)
        case SegmentRequest(), Segment() if value.frames != request.placed.frames:
            return f"{value.frames} frames instead of {request.placed.frames}"
        case FinishRequest(), Deliverables():
            names = [file.name for file in value.files]
            return "two deliverables of one name" if len(set(names)) < len(names) else ""
    return ""


def _script_fault(script: Script) -> str:
    if not script.scenes:
        return "a script without scenes"
    if len(script.scenes) > SCENES:
        return f"{len(script.scenes)} scenes; at most {SCENES} make a video"
    empty = next((number for number, scene in enumerate(script.scenes, 1) if is_empty(scene)), None)
    if empty:
        return f"nothing is said in scene {empty}"
    for number, scene in enumerate(script.scenes, 1):
        if any(item.at is not None and item.at >= len(scene.words) for item in scene.slide.items):
            return f"an item of scene {number} comes in after its last word"
    return ""


def is_empty(scene: Scene) -> bool:
    """Neither says anything nor is a card."""
    return not scene.words and scene.seconds <= 0


def _narration_fault(request: VoiceRequest, narration: Narration) -> str:
    said, written = [word.text for word in narration.words], request.text.split()
    if said != written:
        return f"{len(said)} words instead of the {len(written)} written ones"
    starts = [word.start for word in narration.words]
    if narration.samples <= 0 or starts != sorted(starts) or any(w.end < w.start for w in narration.words):
        return "word times that do not rise, or no sound"
    return f"a word that starts after {narration.duration:.2f} s" if starts[-1] > narration.duration else ""


def _visual_fault(request: VisualRequest, visual: Visual) -> str:
    count = len(request.scene.words)
    marks = list(marks_of(visual))
    if any(at >= count for at in marks):
        return f"a shot or layer at word {max(marks)} of {count}"
    starts = [shot.at or 0 for shot in visual.shots]
    if starts != sorted(starts):
        return "shots that are not in order"
    outside = next((box for box in visual.texts if not _inside(box, request)), None)
    return f"the text {outside.text[:40]!r} does not lie inside its frame" if outside else ""


def _inside(box: TextBox, request: VisualRequest) -> bool:
    canvas = request.canvas
    return (
        min(box.x, box.y) >= -ROUNDING
        and box.x + box.width <= canvas.width + ROUNDING
        and box.y + box.height <= canvas.height * (1 - request.safe_bottom) + ROUNDING
    )


def marks_of(visual: Visual) -> set[int]:
    """Every word that a shot or layer waits for."""
    shots = {shot.at for shot in visual.shots}
    layers = {layer.at for shot in visual.shots if isinstance(shot, Animation) for layer in shot.layers}
    return {at for at in shots | layers if at is not None}


def _unusable(task: Task, why: str) -> AuradError:
    return AuradError("E308-RESULT", f"cannot use what {task.stage} answered to {task.method}: {why}")
