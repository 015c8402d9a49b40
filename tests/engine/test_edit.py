"""Edits: what becomes of brief and script, what is refused, and that only what changed is made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurad.engine.admission import Submitted
from aurad.engine.edit import Changes, edit_script, edited, merge_patch, raise_takes
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import JobSettings, Status
from aurad.model.script import Item, Scene, Script, Slide
from tests.engine.house import House, open_house
from tests.engine.toys import Gated

SCRIPT = Script(
    title="Bees",
    scenes=(
        Scene(scene_id="s1", text="Bees see colours.", slide=Slide(heading="Eyes", items=(Item(text="a", at=2),))),
        Scene(scene_id="s2", text="They miss red."),
        Scene(scene_id="s3", text="Flowers know it."),
    ),
)


def changes(**given: Any) -> Changes:
    return msgspec.convert(given, Changes)


def ids(**given: Any) -> list[str]:
    return [scene.scene_id for scene in edit_script(SCRIPT, changes(**given)).scenes]


# RFC 7396, appendix A
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_is_the_one_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


def test_a_scene_is_changed_and_nothing_waits_for_a_word_that_is_gone() -> None:
    change = {"sceneId": "s1", "text": "Bees see.", "heading": "Sight", "voice": "x", "visual": {"note": "n"}}
    scene = edit_script(SCRIPT, changes(scenes=[change])).scenes[0]
    assert (scene.text, scene.voice, scene.slide.heading, scene.slide.note) == ("Bees see.", "x", "Sight", "n")
    assert [item.at for item in scene.slide.items] == [1]


def test_scenes_are_ordered_removed_and_inserted() -> None:
    assert ids(order=["s3", "s1", "s2"]) == ["s3", "s1", "s2"]
    assert ids(remove=["s2"]) == ["s1", "s3"]
    assert ids(insert=[{"text": "First."}, {"after": "s1", "text": "Then."}]) == ["n1", "s1", "n2", "s2", "s3"]
    assert ids(remove=["s1"], order=["s3", "s2"], insert=[{"after": "s2", "text": "End."}]) == ["s3", "s2", "n1"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"scenes": [{"sceneId": "s9", "text": "x"}]}, "cannot find scene 's9': there are s1, s2, s3"),
        ({"remove": ["s9"]}, "cannot find scene 's9'"),
        ({"insert": [{"after": "s9", "text": "x"}]}, "cannot find scene 's9'"),
        ({"order": ["s1", "s2"]}, "s3 is not named"),
        ({"order": ["s1", "s2", "s3", "s3"]}, "one is named twice"),
        ({"scenes": [{"sceneId": "s1", "visual": {"kind": "film"}}]}, "cannot change the slide of scene 's1'"),
    ],
)
def test_a_scene_that_is_not_there_is_named(given: Any, told: str) -> None:
    with pytest.raises(AuradError, match=told) as caught:
        edit_script(SCRIPT, changes(**given))
    assert caught.value.code == "E102-OPTION"


def test_takes_are_counted() -> None:
    first = {"stage": "Voice", "sceneId": "s1"}
    once = raise_takes({}, changes(remake=[first]).remake, None, SCRIPT)
    twice = raise_takes(once, changes(remake=[first, {"stage": "Visuals"}]).remake, SCRIPT, None)
    assert (once, twice) == ({"Voice s1": 1}, {"Voice s1": 2, "Visuals": 1})


SHORT = edit_script(SCRIPT, changes(remove=["s1"]))


@pytest.mark.parametrize(
    ("stage", "scene", "given", "written", "code", "told"),
    [
        ("Initialization", None, None, None, "E102-OPTION", "cannot remake Initialization"),
        ("Voice", "s9", None, SCRIPT, "E102-OPTION", "cannot find scene 's9'"),
        ("Voice", "s1", SHORT, SCRIPT, "E102-OPTION", "cannot find scene 's1': there are s2, s3"),
        ("Voice", "s1", None, None, "E201-STATE", "scene 's1': the script is not written yet"),
        ("Script", "s1", None, SCRIPT, "E102-OPTION", "Script of scene 's1': it is made of the whole video"),
        ("Postprocessing", "s1", None, SCRIPT, "E102-OPTION", "Postprocessing of scene 's1'"),
        ("Script", None, SCRIPT, None, "E102-OPTION", "script was given or edited"),
    ],
)
def test_a_take_that_would_change_nothing_is_refused(
    stage: str, scene: str | None, given: Script | None, written: Script | None, code: str, told: str
) -> None:
    remake = changes(remake=[{"stage": stage, "sceneId": scene}]).remake
    with pytest.raises(AuradError, match=told) as caught:
        raise_takes({}, remake, given, written)
    assert caught.value.code == code


def test_a_new_source_takes_the_place_of_the_old_topic() -> None:
    old = Submitted(brief={"topic": "Bees", "tone": "dry"}, settings=JobSettings(theme="x", idempotency_key="k"))
    brief, settings = edited(old, changes(brief={"source": "Ants."}, settings={"theme": None, "voice": "v"}), None)
    assert brief == {"source": "Ants.", "tone": "dry"}
    assert settings == {"voice": "v"}
    with pytest.raises(AuradError, match="a new brief at once"):
        edited(old, changes(brief={"source": "Ants."}, remove=["s1"]), SCRIPT)


# ---------------------------------------------------------------- what is made anew


async def edit(house: House, job: JobView, **given: Any) -> JobView:
    house._workers[-1].ran.clear()
    made = await house.engine.jobs.edit(job.job_id, changes(**given), "c")
    with trio.fail_after(20):
        view = await house.engine.jobs.wait(made.view.job_id)
    assert view.status is Status.SUCCEEDED, view.errors
    assert view.retry_of == job.job_id
    return view


@pytest.mark.parametrize(
    ("given", "ran"),
    [
        ({"scenes": [{"sceneId": "s2", "text": "They miss green."}]}, {"speak": 1, "draw": 1}),
        ({"settings": {"priority": 1}}, {}),
        ({"remake": [{"stage": "Voice", "sceneId": "s1"}]}, {"speak": 1}),
        ({"remake": [{"stage": "Voice"}]}, {"speak": 3}),
        ({"remake": [{"stage": "Visuals", "sceneId": "s1"}]}, {"draw": 1}),
        ({"remake": [{"stage": "Rendering", "sceneId": "s3"}]}, {"render_scene": 1}),
        ({"remake": [{"stage": "Script"}]}, {"write": 1}),
        ({"brief": {"aspect": "9:16"}}, {"draw": 3}),
        ({"remove": ["s3"]}, {}),
    ],
)
async def test_only_what_changed_is_made_anew(tmp_path: Path, given: Any, ran: dict[str, int]) -> None:
    async with open_house(tmp_path) as house:
        job = await house.make()
        await edit(house, job, **given)
        counted = {name: house.ran.count(name) for name in ("write", "speak", "draw")}
        expected = {"write": 0, "speak": 0, "draw": 0} | {k: v for k, v in ran.items() if k != "render_scene"}
        assert counted == expected
        assert house.ran.count("render_scene") >= ran.get("render_scene", 0)
        assert house.ran.count("finish") <= 1


async def test_another_take_of_another_take(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        job = await house.make()
        again = [{"stage": "Voice", "sceneId": "s1"}]
        second = await edit(house, job, remake=again)
        await edit(house, second, remake=again)
        assert house.ran.count("speak") == 1
        await edit(house, job, remake=again)  # that take is known
        assert house.ran.count("speak") == 0


async def test_no_other_take_of_a_script_that_was_edited(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        second = await edit(house, await house.make(), remove=["s1"])
        with pytest.raises(AuradError, match="cannot remake Script"):
            await house.engine.jobs.edit(second.job_id, changes(remake=[{"stage": "Script"}]), "")
        both = changes(remove=["s2"], remake=[{"stage": "Voice", "sceneId": "s2"}])
        with pytest.raises(AuradError, match="cannot find scene 's2'"):
            await house.engine.jobs.edit(second.job_id, both, "")


async def test_scenes_wait_for_a_script(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",), max_running=1) as house:
        await house.submit()
        waiting = await house.submit("Another tale.")
        with pytest.raises(AuradError, match="the script is not written yet") as caught:
            await house.engine.jobs.edit(waiting, changes(remove=["s1"]), "")
        assert caught.value.code == "E201-STATE"
        made = await house.engine.jobs.edit(waiting, changes(settings={"priority": 1}), "")
        assert (await house.engine.jobs.get(made.view.job_id)).position == 1
