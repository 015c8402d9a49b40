"""Choices: what was asked, else the brief's, else the preset's, else the configuration's."""

from __future__ import annotations

import pytest

from aurad.model.brief import Aspect, Brief
from aurad.model.errors import AuradError
from aurad.model.job import Captions, JobSettings
from aurad.model.recipe import Preset, canvas_of, complete_brief, resolve
from aurad.model.settings import Defaults, Settings

BRIEF = Brief(topic="how bees see")
PRESETS = {
    "youtube-1080p": Preset(aspect="16:9", short_side=1080),
    "own": Preset(aspect="4:5", fps=25, loudness=-16.0, theme="ink", providers={"voice": ("espeak",)},
                  options={"m": {"a": 2, "b": 2}}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("aspect", "size"),
    [("16:9", (1920, 1080)), ("9:16", (1080, 1920)), ("1:1", (1080, 1080)), ("4:5", (1080, 1350))],
)
def test_the_shorter_side_decides_the_canvas(aspect: Aspect, size: tuple[int, int]) -> None:
    canvas = canvas_of(aspect, 1080, 30)
    assert (canvas.width, canvas.height) == size


@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1", "4:5"])
def test_canvases_are_even_at_every_size(aspect: Aspect) -> None:
    canvases = [canvas_of(aspect, side, 30) for side in range(240, 1100, 2)]
    assert all(canvas.width % 2 == canvas.height % 2 == 0 for canvas in canvases)


def test_without_wishes_everything_comes_from_the_default_preset_and_the_configuration() -> None:
    recipe = resolve(BRIEF, JobSettings(), Settings(), PRESETS)
    assert (recipe.canvas.width, recipe.canvas.height, recipe.canvas.fps) == (1920, 1080, 30)
    assert (recipe.captions, recipe.music, recipe.loudness) == ("soft", "auto", -14.0)
    assert recipe.providers["finish"] == ("master", "captions", "package")


def test_a_preset_wins_over_the_configuration() -> None:
    settings = Settings(defaults=Defaults(preset="own", fps=60, loudness=-20.0, music="none"))
    recipe = resolve(BRIEF, JobSettings(), settings, PRESETS)
    assert (recipe.canvas.height, recipe.canvas.fps, recipe.loudness) == (1350, 25, -16.0)
    assert (recipe.theme, recipe.music) == ("ink", "none")
    assert (recipe.providers["voice"], recipe.providers["render"]) == (("espeak",), ("ffmpeg",))


def test_the_brief_and_what_was_asked_win_over_a_preset() -> None:
    asked = JobSettings(preset="own", fps=12, loudness=-12.0, theme="", providers={"voice": ("x",)}, short_side=360)
    recipe = resolve(Brief(topic="bees", aspect="1:1"), asked, Settings(), PRESETS)
    assert (recipe.canvas.width, recipe.canvas.height, recipe.canvas.fps) == (360, 360, 12)
    assert (recipe.loudness, recipe.theme, recipe.providers["voice"]) == (-12.0, "", ("x",))


def test_options_are_merged_one_by_one() -> None:
    settings = Settings(plugins={"m": {"a": 1, "c": 1}, "n": {"z": 1}})
    asked = JobSettings(preset="own", options={"m": {"b": 3}})
    assert resolve(BRIEF, asked, settings, PRESETS).options == {"m": {"a": 2, "b": 3, "c": 1}, "n": {"z": 1}}
    assert settings.plugins == {"m": {"a": 1, "c": 1}, "n": {"z": 1}}


@pytest.mark.parametrize(
    ("configured", "aspect", "captions"),
    [
        ("auto", "9:16", "burn"),
        ("auto", "4:5", "soft"),
        ("none", "9:16", "none"),
        ("burn", "16:9", "burn"),
    ],
)
def test_captions_that_nobody_chose(configured: Captions, aspect: Aspect, captions: Captions) -> None:
    settings = Settings(defaults=Defaults(captions=configured))
    assert resolve(Brief(topic="bees", aspect=aspect), JobSettings(), settings, PRESETS).captions == captions


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(AuradError, match="'onw'") as caught:
        resolve(BRIEF, JobSettings(preset="onw"), Settings(), PRESETS)
    assert caught.value.code == "E103-PRESET"
    assert caught.value.remedy == "Did you mean own? Known: own, youtube-1080p."
    with pytest.raises(AuradError, match=r"the preset of \[defaults\] 'nope'"):
        resolve(BRIEF, JobSettings(), Settings(defaults=Defaults(preset="nope")), PRESETS)


def test_the_language_of_a_brief_without_one_is_the_configured() -> None:
    assert complete_brief({"topic": "x"}, Defaults(language="de")) == {"topic": "x", "language": "de"}
    assert complete_brief({"language": "fr"}, Defaults(language="de")) == {"language": "fr"}
