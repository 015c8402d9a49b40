"""Silent cards and the brand's files: they take their time and their pictures, and nothing else changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurad.api import StageContext
from aurad.engine import timeline
from aurad.engine.cards import with_cards
from aurad.model.brief import Brief
from aurad.model.errors import AuradError
from aurad.model.job import JobSettings, Recipe, Status
from aurad.model.recipe import Preset, resolve
from aurad.model.script import Scene, Script
from aurad.model.settings import Defaults, Settings
from aurad.model.stage import VisualRequest
from aurad.model.value import Value
from aurad.model.visual import Visual
from tests.engine.house import ME, House, open_house
from tests.engine.toys import STAGES, Pixel

SPOKEN = Script(title="Bees", scenes=(Scene(scene_id="s1", text="Bees see.", chapter="Eyes"),))
CARDS = {"introCard": "The Hive", "outroCard": "hive.example", "cardSeconds": 2.0}
SEEN: list[VisualRequest] = []


class Watched(Pixel):
    """Remembers what it was asked to draw."""

    name = "watched"

    async def draw(self, request: VisualRequest, context: StageContext[Value]) -> Visual:
        SEEN.append(request)
        return await super().draw(request, context)


def recipe(**members: object) -> Recipe:
    made = resolve(Brief(topic="Bees"), JobSettings(), Settings(), {"youtube-1080p": Preset()})
    return msgspec.structs.replace(made, **members)


def test_a_card_is_a_scene_of_its_own_and_is_never_there_twice() -> None:
    branded = recipe(intro_card="The Hive", outro_card=" hive.example ", card_seconds=2.5)
    once = with_cards(SPOKEN, branded)
    assert [(one.scene_id, one.text, one.seconds, one.slide.heading) for one in once.scenes] == [
        ("intro", "", 2.5, "The Hive"), ("s1", "Bees see.", 0.0, ""), ("outro", "", 2.5, "hive.example"),
    ]  # fmt: skip
    assert with_cards(once, branded) == once
    assert with_cards(SPOKEN, recipe()) == SPOKEN


async def make(house: House, **settings: Any) -> tuple[list[Scene], float]:
    """The scenes and the length of a video."""
    SEEN.clear()
    view = await house.make(**settings)
    assert view.status is Status.SUCCEEDED, view.errors
    assert view.output
    (script,) = [one for one in view.artifacts if one.name == "script.json"]
    path = house.engine.store.path(script.sha256)
    return list(msgspec.json.decode(path.read_bytes(), type=Script).scenes), view.output.duration_seconds


async def test_cards_add_their_seconds_and_nobody_speaks(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=(*STAGES, Watched), visuals=("watched",)) as house:
        plain, before = await make(house)
        spoken = house.ran.count("speak")
        assert spoken == len(plain)
        scenes, after = await make(house, **CARDS)
        assert [one.slide.heading for one in (scenes[0], scenes[-1])] == ["The Hive", "hive.example"]
        assert after == pytest.approx(before + 4.0 - timeline.ENDING, abs=0.05), "the music ends with the card"
        assert "speak" not in house.ran, "what is said is what it was"
        assert [request.scene.words for request in SEEN] == [[], []]


async def test_an_edited_script_keeps_its_cards(tmp_path: Path) -> None:
    silent = Scene(text="", seconds=1.0)
    script = msgspec.to_builtins(Script(title="Bees", scenes=(silent, *SPOKEN.scenes)), str_keys=True)
    async with open_house(tmp_path) as house:
        scenes, _ = await make(house, brief={"source": None, "script": script}, introCard="The Hive")
        assert len(scenes) == 2
        nothing = {**script, "scenes": [{"text": ""}]}
        with pytest.raises(AuradError, match="scene 1 says nothing"):
            await house.submit(brief={"source": None, "script": nothing})


async def test_the_brands_files_reach_the_slides(tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"a logo")
    brand = Defaults(logo=str(logo))
    async with open_house(tmp_path / "h", stages=(*STAGES, Watched), visuals=("watched",), defaults=brand) as house:
        await make(house)
        assert {request.logo.size_bytes for request in SEEN if request.logo} == {6}
        assert all(request.font is None for request in SEEN)
        own = await house.engine.put_asset(b"my own", "image/png", ME)
        await make(house, brief={"assets": [{"asset": f"asset:{own.sha256}", "name": "l", "role": "logo"}]})
        assert {request.logo for request in SEEN} == {own}


@pytest.mark.parametrize("what", ["missing", "folder", "pipe"])
async def test_a_file_of_the_settings_that_cannot_be_read_is_named(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    async with open_house(tmp_path / "h", defaults=Defaults(font=str(path))) as house:
        with pytest.raises(AuradError, match=f"cannot read the font .*{what}") as caught:
            await house.submit()
        assert caught.value.code == "E102-OPTION"


class Themed(Pixel):
    """Has a theme."""

    name = "themed"

    def describe(self) -> dict[str, list[str]]:
        return {"themes": ["dawn"]}


async def test_wrong_names_of_settings_are_told_at_submit_with_the_right_ones(tmp_path: Path) -> None:
    stages, wrong = (*STAGES, Themed), Defaults(theme="neon")
    async with open_house(tmp_path, stages=stages, visuals=("themed",), defaults=wrong) as house:
        with pytest.raises(AuradError, match=r"theme of the preset or of \[defaults\] 'neon': there are dawn"):
            await house.submit()
        assert (await house.make(theme="dawn")).status is Status.SUCCEEDED
