"""Plugins looked at, tried, switched off and on, and asked again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aurad.api import Refused, StageContext
from aurad.model.errors import AuradError
from aurad.model.narration import Narration
from aurad.model.stage import Stage, VisualRequest, VoiceRequest
from aurad.model.visual import Visual
from aurad.serve.operations import TABLE
from tests.engine.house import open_house
from tests.engine.toys import STAGES, Pixel, Tone
from tests.serve.test_operations import ADMIN, ask, refusal
from tests.serve.test_settings_operations import open_configured, own


class Sick(Tone):
    """Cannot be loaded as long as it is ill."""

    name = "sick"
    ill = True

    def describe(self) -> dict[str, Any]:
        if Sick.ill:
            raise AuradError("E600-PLUGIN_BROKEN", "cannot load the plugin sick: no voice")
        return {}


class Rude(Tone):
    name = "rude"

    async def speak(self, request: VoiceRequest, context: StageContext[Any]) -> Narration:
        context.log("clearing the throat")
        raise Refused("cannot say that: it is rude")


class Timed(Pixel):
    """Draws words as they are said."""

    name = "timed"
    needs = ("narration", "script")

    async def draw(self, request: VisualRequest, context: StageContext[Any]) -> Visual:
        assert request.narration
        assert request.script
        assert [word.text for word in request.narration.words] == request.scene.words
        return await super().draw(request, context)


MORE: Sequence[type[Stage[Any]]] = (*STAGES, Rude, Timed)
ROLES = {
    "plugins.list": "read", "plugins.get": "read", "plugins.schema": "read", "plugins.test": "operate",
    "plugins.install": "admin", "plugins.uninstall": "admin", "plugins.enable": "admin", "plugins.disable": "admin",
    "plugins.reload": "admin", "system.info": "read", "system.metrics": "read", "system.doctor": "read",
}  # fmt: skip


def test_who_may_do_what() -> None:
    assert {name: TABLE[name].role for name in ROLES} == ROLES


async def test_a_plugin_tells_where_it_comes_from(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        found = await ask(house, "plugins.get", name="tone")
        assert (found["plugin"], found["distribution"], found["status"]) == ("tone", "toys", "ready")
        assert [(stage["name"], stage["kind"]) for stage in found["stages"]] == [("tone", "voice")]
        error = await refusal(house, "plugins.get", name="nobody")
        assert (error.code, "'nobody'" in error.detail, "tone" in error.detail) == ("E104-PLUGIN", True, True)
        assert (await refusal(house, "plugins.get", name="core")).code == "E104-PLUGIN"


async def test_options_are_a_json_schema(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (tone,) = (await ask(house, "plugins.schema", name="tone"))["schemas"]
        assert "pitch" in str(tone["optionsSchema"])
        (pixel,) = (await ask(house, "plugins.schema", name="pixel"))["schemas"]
        assert pixel["optionsSchema"] == {"type": "object", "properties": {}, "additionalProperties": False}
        assert (await refusal(house, "plugins.schema", name="nobody")).code == "E104-PLUGIN"


async def test_a_plugin_is_switched_off_and_on_without_a_restart(tmp_path: Path) -> None:
    async with open_configured(tmp_path, "[defaults]\n") as house:
        await ask(house, "config.set", ADMIN, key="voice.providers", value=["tone", "scripted"])
        off = await ask(house, "plugins.disable", ADMIN, name="tone")
        assert (off["status"], off["stages"]) == ("disabled", [])
        assert "tone" in own(tmp_path).read_text()
        listed = {plugin["name"]: plugin["status"] for plugin in (await ask(house, "plugins.list"))["plugins"]}
        assert (listed["tone"], listed["pixel"]) == ("disabled", "ready")
        job = await house.make("One sentence.")
        assert next(step for step in job.steps if step.name == "Voice").plugin.name == "scripted"
        assert "tone is disabled" in (await refusal(house, "jobs.submit", brief={"topic": "bees"},
                                                    providers={"voice": ["tone"]})).detail  # fmt: skip
        checks = {check["name"]: check["detail"] for check in (await ask(house, "system.doctor"))["checks"]}
        assert checks["voice providers"] == "scripted; tone is disabled"
        for method in ("plugins.schema", "plugins.test"):
            assert "disabled" in (await refusal(house, method, name="tone")).detail
        assert (await ask(house, "plugins.enable", ADMIN, name="tone"))["status"] == "ready"
        job = await house.make("Another sentence.")
        assert next(step for step in job.steps if step.name == "Voice").plugin.name == "tone"


async def test_switching_twice_is_switching_once(tmp_path: Path) -> None:
    async with open_configured(tmp_path) as house:
        for _ in range(2):
            await ask(house, "plugins.disable", ADMIN, name="tone")
        assert house.engine.settings.catalog.disabled == ("tone",)
        for _ in range(2):
            await ask(house, "plugins.enable", ADMIN, name="tone")
        assert house.engine.settings.catalog.disabled == ()
        for method in ("plugins.disable", "plugins.enable"):
            assert (await refusal(house, method, ADMIN, name="nobody")).code == "E104-PLUGIN"
            assert (await refusal(house, method, ADMIN, name="core")).code == "E104-PLUGIN"


async def test_a_broken_plugin_is_asked_again(tmp_path: Path) -> None:
    Sick.ill = True
    async with open_house(tmp_path, stages=(*STAGES, Sick)) as house:
        assert (await ask(house, "plugins.get", name="sick"))["reason"].endswith("no voice")
        assert "no voice" in (await refusal(house, "plugins.test", name="sick")).detail
        Sick.ill = False
        assert (await ask(house, "plugins.get", name="sick"))["status"] == "broken"
        listed = (await ask(house, "plugins.reload", ADMIN))["plugins"]
        assert next(plugin for plugin in listed if plugin["name"] == "sick")["status"] == "ready"


@pytest.mark.parametrize(
    ("name", "kind", "method", "file", "facts"),
    [
        ("sentences", "script", "write", "", {"title": "toy", "scenes": 1}),
        ("tone", "voice", "speak", "test.wav", {"durationSeconds": 0.5, "sampleRate": 100}),
        ("pixel", "visuals", "draw", "test.png", {"shots": 1, "texts": 0}),
        ("planner", "visuals", "draw", "test.png", {"shots": 1, "texts": 0}),
        ("timed", "visuals", "draw", "test.png", {"shots": 1, "texts": 0}),
        ("counter", "render", "render_scene", "test.mp4", {"frames": 20}),
        ("box", "finish", "finish", "video.mp4", {"files": ["video.mp4"]}),
    ],
)
async def test_every_kind_of_stage_can_be_tried(
    tmp_path: Path, name: str, kind: str, method: str, file: str, facts: dict[str, Any]
) -> None:
    async with open_house(tmp_path, stages=MORE) as house:
        tried = await ask(house, "plugins.test", name=name, text="Hello there.", file=True)
        assert tried["problem"] is None
        assert (tried["ok"], tried["kind"], tried["method"], tried["name"]) == (True, kind, method, file)
        assert {**tried["facts"], **facts} == tried["facts"]
        assert (tried["sizeBytes"] > 0) == bool(file)
        count = house.ran.count(method)
        await ask(house, "plugins.test", name=name, text="Hello there.")
        assert house.ran.count(method) == 2 * count  # nothing known is reused: it is tried


async def test_a_stage_that_fails_tells_its_error_and_what_it_said(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=MORE) as house:
        tried = await ask(house, "plugins.test", name="rude")
        assert (tried["ok"], tried["sizeBytes"], tried["log"]) == (False, 0, ["clearing the throat"])
        assert (tried["problem"]["errorCode"], tried["problem"]["detail"]) == (
            Refused.CODE,
            "cannot say that: it is rude",
        )
        assert (await house.make("One sentence.")).status.value == "Succeeded"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"name": "nobody"}, "E104-PLUGIN"),
        ({"name": "tone", "options": {"colour": 1}}, "E102-OPTION"),
        ({"name": "tone", "text": ""}, "E100-REQUEST"),
        ({"name": "tone", "language": "no tongue"}, "E100-REQUEST"),
    ],
)
async def test_what_cannot_be_tried_is_named(tmp_path: Path, more: dict[str, Any], code: str) -> None:
    async with open_house(tmp_path) as house:
        assert (await refusal(house, "plugins.test", **more)).code == code


async def test_info_tells_what_runs_where(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        info = await ask(house, "system.info")
        assert (info["bootId"], info["private"], info["ffmpeg"]) == (house.engine.boot_id, True, "/bin/true")
        assert info["folders"]["state"] == str(tmp_path / "state")
        assert info["limits"]["maxRunning"] == house.engine.settings.jobs.max_running
        assert info["uptimeSeconds"] >= 0
