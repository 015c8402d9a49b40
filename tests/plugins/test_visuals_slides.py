"""The stage `slides` as the daemon meets it: answers, files, warnings, options."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from takumi_py import RenderError

from aurad.api import Animation, BadInput, Canvas, Clip, Item, Picture, Scene, Slide, Still, VisualRequest
from aurad.testing import Ran, conform_stage, put, run_stage
from aurad_plugins.visuals_slides import stage as stage_module
from aurad_plugins.visuals_slides.ground import ground
from aurad_plugins.visuals_slides.layouts import LAYOUTS
from aurad_plugins.visuals_slides.stage import SlidesStage
from aurad_plugins.visuals_slides.themes import THEMES

SAID = "Bees visit flowers all day and carry nectar home before the sun goes down"
POINTS = Slide(
    kind="bullets", kicker="The hive", heading="What bees do",
    items=(Item(text="Visit flowers", at=1), Item(text="Carry nectar", at=6), Item(text="Sleep"), Item(text="Wake")),
)  # fmt: skip
JPEG_NOISE = 6.0  # mean difference that the compression of a poster may make


def request(slide: Slide, *, theme: str = "midnight", width: int = 320, height: int = 180) -> VisualRequest:
    return VisualRequest(
        scene=Scene(text=SAID, slide=slide), language="en", canvas=Canvas(width=width, height=height), theme=theme
    )


def pixels(ran: Ran, artifact: object) -> npt.NDArray[np.uint8]:
    with Image.open(ran.path(artifact)) as picture:  # type: ignore[arg-type]
        return np.asarray(picture)


def animation(ran: Ran) -> Animation:
    (shot,) = ran.output.shots
    assert isinstance(shot, Animation)
    return shot


async def test_items_come_in_with_the_words_that_name_them(tmp_path: Path) -> None:
    ran = await conform_stage(SlidesStage, "draw", request(POINTS), workspace=tmp_path)
    layers = animation(ran).layers
    assert [layer.at for layer in layers[::2]] == [1, 6, None, None]
    assert [layer.at for layer in layers[1::2]] == [1, 6, None, None], "a mark comes in with its words"
    assert layers[0].delay == 0
    assert 0 < layers[4].delay < layers[6].delay
    assert [layer.y for layer in layers[::2]] == sorted(layer.y for layer in layers[::2])
    assert ran.warnings == []


@pytest.mark.parametrize("theme", THEMES)
async def test_base_and_layers_make_the_poster(tmp_path: Path, theme: str) -> None:
    ran = await run_stage(SlidesStage, "draw", request(POINTS, theme=theme), workspace=tmp_path)
    shot = animation(ran)
    base = pixels(ran, shot.base)
    assert base.shape == (180, 320, 3)
    whole = Image.fromarray(base).convert("RGBA")
    for layer in shot.layers:
        ink = pixels(ran, layer.image)
        assert ink.shape[2] == 4
        assert ink[0, :, 3].any(), "the layer is not cropped"
        assert ink[:, -1, 3].any(), "the layer is not cropped"
        assert 0 < layer.x < layer.x + ink.shape[1] < 320
        assert 0 < layer.y < layer.y + ink.shape[0] < 180
        whole.alpha_composite(Image.fromarray(ink), (layer.x, layer.y))
    poster = pixels(ran, ran.output.poster).astype(float)
    assert np.abs(np.asarray(whole.convert("RGB")) - poster).mean() < JPEG_NOISE
    assert np.abs(base - poster).mean() > np.abs(np.asarray(whole.convert("RGB")) - poster).mean()


async def test_what_waits_for_a_word_is_foreshadowed_and_lights_up_in_its_place(tmp_path: Path) -> None:
    later = Slide(kind="statistic", heading="Lenses", items=(Item(text="in one eye", value=6900.0, at=9),))
    at_once = Slide(kind="statistic", heading="Lenses", items=(Item(text="in one eye", value=6900.0),))
    told = []
    for slide in (later, at_once):
        ran = await run_stage(SlidesStage, "draw", request(slide), workspace=tmp_path)
        (layer,) = [one for one in animation(ran).layers if one.y < 120]
        ink = pixels(ran, layer.image)[..., 3] == 255
        place = np.s_[layer.y : layer.y + ink.shape[0], layer.x : layer.x + ink.shape[1]]
        told.append((layer.at, layer.effect, pixels(ran, animation(ran).base)[place][ink].mean()))
    assert [one[:2] for one in told] == [(9, "fade"), (None, "rise")]
    assert 10 < told[0][2] - told[1][2] < 60, "seen, but not read"


@pytest.mark.parametrize("kind", [*LAYOUTS, "image"])
async def test_every_kind_is_drawn_even_without_content(tmp_path: Path, kind: str) -> None:
    bare = Slide(kind=kind, heading="Bees")  # type: ignore[arg-type]
    ran = await run_stage(SlidesStage, "draw", request(bare, width=128, height=72), workspace=tmp_path)
    assert ran.output.poster is not None


async def test_an_empty_slide_is_still_a_picture(tmp_path: Path) -> None:
    ran = await run_stage(SlidesStage, "draw", request(Slide(kind="bullets"), width=128, height=72), workspace=tmp_path)
    assert isinstance(ran.output.shots[0], Still | Animation)


async def test_an_item_never_waits_for_a_word_that_is_not_said(tmp_path: Path) -> None:
    late = Slide(kind="bullets", items=(Item(text="Late", at=999),))
    ran = await conform_stage(SlidesStage, "draw", request(late), workspace=tmp_path)
    assert animation(ran).layers[0].at == len(SAID.split()) - 1


async def test_an_unknown_theme_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'neon'") as caught:
        await run_stage(SlidesStage, "draw", request(POINTS, theme="neon"), workspace=tmp_path)
    assert all(name in caught.value.remedy for name in THEMES)
    assert [theme["name"] for theme in SlidesStage().describe()["themes"]] == list(THEMES)


async def test_the_accent_of_the_options_is_used_and_made_readable(tmp_path: Path) -> None:
    plain = await run_stage(SlidesStage, "draw", request(POINTS), workspace=tmp_path)
    pink = await run_stage(SlidesStage, "draw", request(POINTS), workspace=tmp_path, options={"accent": "#7a003c"})
    one, other = (pixels(ran, animation(ran).base).astype(int) for ran in (plain, pink))
    changed = np.abs(one - other).sum(axis=2) > 60
    assert changed.any()
    red, green, _ = other[changed].mean(axis=0)
    assert red > green


async def test_text_that_cannot_be_shown_whole_is_told(tmp_path: Path) -> None:
    endless = Slide(kind="bullets", items=(Item(text="word " * 3000),))
    ran = await run_stage(SlidesStage, "draw", request(endless), workspace=tmp_path)
    assert [warning.code for warning in ran.warnings] == ["slides-shortened"]
    foreign = await run_stage(SlidesStage, "draw", request(Slide(heading="ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ")), workspace=tmp_path)
    assert [warning.code for warning in foreign.warnings] == ["slides-script"]
    assert "'Ꮳ'" in foreign.warnings[0].detail


ARABIC = Slide(
    kind="bullets", heading="ماذا ترى النحلة", items=(Item(text="الأزرق والأخضر"), Item(text="لا ترى الأحمر"))
)


async def test_letters_of_an_extra_are_told_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurad_plugins.visuals_slides.fonts.font_file", lambda _: None)
    ran = await run_stage(SlidesStage, "draw", request(ARABIC), workspace=tmp_path)
    assert [warning.code for warning in ran.warnings] == ["slides-script"]
    assert "aurad[scripts] for Arabic" in ran.warnings[0].detail


async def test_right_to_left_is_set_from_the_right_without_a_warning(tmp_path: Path) -> None:
    ran = await run_stage(SlidesStage, "draw", request(ARABIC), workspace=tmp_path)
    assert ran.warnings == []
    first, second = animation(ran).layers[1], animation(ran).layers[3]
    assert first.x > second.x, "the first card stands on the right"
    ink = np.argwhere(pixels(ran, animation(ran).base)[:40].min(axis=2) > 200)
    assert ink[:, 1].min() > 160, "the heading begins at the right margin"


async def test_a_clip_stays_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"any bytes: the renderer looks inside, not this stage")
    clip = put(path, "video/mp4")
    slide = Slide(kind="image", picture=Picture(artifact=clip))
    ran = await run_stage(SlidesStage, "draw", request(slide), workspace=tmp_path, files={clip.sha256: path})
    assert isinstance(ran.output.shots[0], Clip)


@pytest.mark.slow
def test_a_plain_slide_stands_in_when_takumi_cannot_be_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['takumi_py'] = None\n"
        "import msgspec, trio; from pathlib import Path; from aurad.api import VisualRequest\n"
        "from aurad.testing import run_stage; from aurad_plugins.visuals_slides.stage import SlidesStage\n"
        "asked = msgspec.json.decode(sys.argv[2], type=VisualRequest)\n"
        "async def main(): return await run_stage(SlidesStage, 'draw', asked, workspace=Path(sys.argv[1]))\n"
        "ran = trio.run(main); print([(w.code, w.detail) for w in ran.warnings], bool(ran.output.poster))\n"
    )
    asked = msgspec.json.encode(request(POINTS)).decode()
    done = subprocess.run([sys.executable, "-c", code, tmp_path, asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'slides-plain'" in done.stdout
    assert "takumi cannot be loaded" in done.stdout
    assert done.stdout.strip().endswith("True")


async def test_a_plain_slide_stands_in_when_takumi_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RenderError("out of ideas")

    monkeypatch.setattr(stage_module, "compose", broken)
    ran = await run_stage(SlidesStage, "draw", request(POINTS), workspace=tmp_path)
    assert [warning.code for warning in ran.warnings] == ["slides-plain"]
    assert "out of ideas" in ran.warnings[0].detail
    plain = pixels(ran, ran.output.poster).astype(float)
    empty = ground(THEMES["midnight"], 320, 180, "calm")
    assert np.abs(plain - empty).max() > 100, "there is no text on it"


def cells(count: int) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(f"cell {row}.{column}" for column in range(count)) for row in range(4))


@pytest.mark.parametrize(
    "slide",
    [
        Slide(kind="section", heading="word" * 2500),
        Slide(kind="bullets", items=(Item(text="many words " * 900),)),
        Slide(kind="quote", body="x" * 10_000, note="y" * 10_000),
        Slide(kind="table", heading="Wide", rows=cells(40)),
        Slide(kind="table", heading="Just too wide", rows=cells(8)),
        Slide(kind="code", body="a = 1\n" * 30),
        Slide(kind="code", body="x = " + "'a' + " * 66 + "'b'\n" * 40),
        Slide(kind="line-chart", items=tuple(Item(text=f"year {n}", value=10.0**n) for n in range(70))),
        Slide(kind="statistic", items=(Item(text="9" * 300),)),
    ],
    ids=lambda slide: slide.kind,
)
@pytest.mark.parametrize("size", [(320, 180), (180, 320)], ids=["wide", "tall"])
async def test_far_too_much_is_shortened_inside_its_frame_and_told(
    tmp_path: Path, slide: Slide, size: tuple[int, int]
) -> None:
    ran = await conform_stage(SlidesStage, "draw", request(slide, width=size[0], height=size[1]), workspace=tmp_path)
    assert ran.output.texts
    for box in ran.output.texts:
        assert min(box.x, box.y) >= 0
        assert box.x + box.width <= size[0] + 1
        assert box.y + box.height <= size[1] + 1
    assert {warning.code for warning in ran.warnings} == {"slides-shortened"}


@pytest.mark.parametrize(
    "words", ["',drawbox=t=fill", "<script>alert(1)</script>", "{\\an8}down", "%{pts}", "&lt;b&gt;", "<img src=x>"]
)
async def test_what_looks_like_markup_is_shown_as_it_is(tmp_path: Path, words: str) -> None:
    ran = await run_stage(SlidesStage, "draw", request(Slide(heading=words)), workspace=tmp_path)
    assert [box.text for box in ran.output.texts] == [words]
    assert ran.warnings == []
