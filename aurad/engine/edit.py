"""What an edit makes of a job: another brief, other settings, a changed script, other takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from aurad.engine.admission import WAYS, Submitted
from aurad.model.errors import AuradError
from aurad.model.job import STEPS, Recipe, Step
from aurad.model.script import Scene, Script, Slide
from aurad.model.value import Value

SceneId = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(min_length=1)]
TAKES: tuple[Step, ...] = ("Script", "Voice", "Visuals", "Rendering", "Postprocessing")  # steps with a seed
WHOLE: tuple[Step, ...] = ("Script", "Postprocessing")  # those that are of no single scene


class SceneEdit(Value, frozen=True, kw_only=True):
    """Changes of one scene; what is not named stays. `visual` is merged into its slide (RFC 7396)."""

    scene_id: SceneId
    text: Text | None = None
    heading: str | None = None
    visual: dict[str, Any] | None = None
    voice: str | None = None


class Insertion(Value, frozen=True, kw_only=True):
    """A new scene after another one; without `after` it is the first."""

    after: SceneId | None = None
    text: Text
    heading: str = ""
    visual: dict[str, Any] = {}
    voice: str = ""


class Remake(Value, frozen=True, kw_only=True):
    """Another take of a step, of one scene or of the whole video."""

    stage: Step
    scene_id: SceneId | None = None


class Changes(Value, frozen=True, kw_only=True):
    """All changes of one edit. `order` names every scene that stays, once."""

    brief: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None
    scenes: tuple[SceneEdit, ...] = ()
    order: tuple[SceneId, ...] | None = None
    remove: tuple[SceneId, ...] = ()
    insert: tuple[Insertion, ...] = ()
    remake: tuple[Remake, ...] = ()

    @property
    def of_script(self) -> bool:
        return bool(self.scenes or self.order is not None or self.remove or self.insert)


def merge_patch(target: Any, patch: Any) -> Any:
    """JSON Merge Patch, RFC 7396: null removes, tables are merged, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def edited(submitted: Submitted, changes: Changes, script: Script | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Brief and settings of the new job. Raises E201 without a script to change, E102 for what cannot be changed."""
    brief = merge_patch(_one_way(submitted.brief, changes.brief or {}), changes.brief or {})
    settings = merge_patch(msgspec.to_builtins(submitted.settings), changes.settings or {})
    settings.pop("idempotencyKey", None)  # it is the old job's
    if changes.of_script:
        if script is None:
            raise AuradError("E201-STATE", "cannot change scenes: the script is not written yet")
        if any((changes.brief or {}).get(way) is not None for way in WAYS):
            raise _wrong("cannot change scenes and give a new brief at once")
        brief = {key: value for key, value in brief.items() if key not in WAYS}
        brief["script"] = msgspec.to_builtins(edit_script(script, changes))
    return brief, settings


def _one_way(brief: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Without the old topic, source or script if there is a new one."""
    anew = any(patch.get(way) is not None for way in WAYS)
    return {key: value for key, value in brief.items() if not (anew and key in WAYS)}


def edit_script(script: Script, changes: Changes) -> Script:
    """The script after the edit; raises E102 naming a scene that is not there."""
    scenes = {scene.scene_id: scene for scene in script.scenes}
    for edit in changes.scenes:
        scenes[edit.scene_id] = _edited(_found(scenes, edit.scene_id), edit)
    for scene_id in changes.remove:
        _found(scenes, scene_id)
        del scenes[scene_id]
    if changes.order is not None:
        scenes = {scene_id: scenes[scene_id] for scene_id in _complete(changes.order, scenes)}
    return msgspec.structs.replace(script, scenes=_inserted(list(scenes.values()), changes.insert))


def remade(recipe: Recipe, old: Recipe, changes: Changes, written: Script | None) -> Recipe:
    """The new job's recipe with its takes. Raises as `raise_takes`, and E102 for what comes after the job's end."""
    for remake in changes.remake:
        if recipe.until and STEPS.index(recipe.until) < STEPS.index(remake.stage):
            raise _wrong(f"cannot remake {remake.stage}: this job ends after {recipe.until}")
    takes = raise_takes(old.takes, changes.remake, recipe.brief.script, written)
    asked = tuple(take_key(remake.stage, remake.scene_id or "") for remake in changes.remake)
    return msgspec.structs.replace(recipe, takes=takes, remade=asked)


def raise_takes(
    takes: Mapping[str, int], remakes: Sequence[Remake], given: Script | None, written: Script | None
) -> dict[str, int]:
    """How often each step, or a step of one scene, was asked to be made anew.

    `given` is the script that the new job starts from, if any, `written` the old job's. Raises E102 or E201 for a
    take that would change nothing.
    """
    raised = dict(takes)
    for remake in remakes:
        _check_step(remake, given)
        if remake.scene_id is not None:
            _check_scene(remake, given or written)
        key = take_key(remake.stage, remake.scene_id or "")
        raised[key] = raised.get(key, 0) + 1
    return raised


def _check_step(remake: Remake, given: Script | None) -> None:
    if remake.stage not in TAKES:
        raise _wrong(f"cannot remake {remake.stage}: there are {', '.join(TAKES)}")
    if remake.stage in WHOLE and remake.scene_id is not None:
        raise _wrong(f"cannot remake {remake.stage} of scene {remake.scene_id!r}: it is made of the whole video")
    if remake.stage == "Script" and given is not None:
        raise _wrong("cannot remake Script: this job's script was given or edited, nobody writes it")


def _check_scene(remake: Remake, script: Script | None) -> None:
    if script is None:
        raise AuradError("E201-STATE", f"cannot remake scene {remake.scene_id!r}: the script is not written yet")
    scene = _found({scene.scene_id: scene for scene in script.scenes}, remake.scene_id or "")
    if remake.stage == "Voice" and not scene.words:
        raise _wrong(f"cannot remake Voice of scene {scene.scene_id!r}: nothing is said in it")


def take_key(step: Step, scene_id: str = "") -> str:
    """What a take is counted under."""
    return f"{step} {scene_id}".strip()


def _edited(scene: Scene, edit: SceneEdit) -> Scene:
    changed = {"text": edit.text, "voice": edit.voice}
    scene = msgspec.structs.replace(scene, **{name: value for name, value in changed.items() if value is not None})
    patch = {**({"heading": edit.heading} if edit.heading is not None else {}), **(edit.visual or {})}
    return msgspec.structs.replace(scene, slide=_slide(scene, patch))


def _slide(scene: Scene, patch: Mapping[str, Any]) -> Slide:
    """The scene's slide with changes; nothing on it waits for a word that is no longer said."""
    try:
        slide = msgspec.convert(merge_patch(msgspec.to_builtins(scene.slide), dict(patch)), Slide)
    except msgspec.ValidationError as error:
        raise _wrong(f"cannot change the slide of scene {scene.scene_id!r}: {error}") from error
    last = max(len(scene.words) - 1, 0)
    items = (msgspec.structs.replace(item, at=None if item.at is None else min(item.at, last)) for item in slide.items)
    return msgspec.structs.replace(slide, items=tuple(items))


def _complete(order: Sequence[str], scenes: Mapping[str, Scene]) -> Sequence[str]:
    for scene_id in order:
        _found(scenes, scene_id)
    if missing := [scene_id for scene_id in scenes if scene_id not in order]:
        raise _wrong(f"cannot order the scenes: {', '.join(missing)} is not named; remove what is to go")
    if len(set(order)) != len(order):
        raise _wrong("cannot order the scenes: one is named twice")
    return order


def _inserted(scenes: list[Scene], insertions: Sequence[Insertion]) -> tuple[Scene, ...]:
    for insertion in insertions:
        taken = {scene.scene_id for scene in scenes}
        new_id = next(name for n in range(1, len(scenes) + 2) if (name := f"n{n}") not in taken)
        scene = Scene(scene_id=new_id, text=insertion.text, voice=insertion.voice)
        scene = msgspec.structs.replace(scene, slide=_slide(scene, {"heading": insertion.heading, **insertion.visual}))
        place = 0
        if insertion.after is not None:
            place = 1 + scenes.index(_found({each.scene_id: each for each in scenes}, insertion.after))
        scenes.insert(place, scene)
    return tuple(scenes)


def _found(scenes: Mapping[str, Scene], scene_id: str) -> Scene:
    if scene_id not in scenes:
        raise _wrong(f"cannot find scene {scene_id!r}: there are {', '.join(scenes) or 'none'}")
    return scenes[scene_id]


def _wrong(detail: str) -> AuradError:
    return AuradError("E102-OPTION", detail, remedy="`auractl script JOB` shows the scenes and their ids.")
