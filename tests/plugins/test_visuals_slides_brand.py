"""A brand kit: colours that stay readable, a logo in the margin, lines on the first and last slide."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from aurad.api import BadInput, Canvas, Item, Scene, Slide, VisualRequest
from aurad.testing import Ran, put, run_stage
from aurad_plugins.visuals_slides.brand import signed, with_ground
from aurad_plugins.visuals_slides.fonts import FOLDER
from aurad_plugins.visuals_slides.stage import SlidesStage
from aurad_plugins.visuals_slides.themes import THEMES, readable

MAGENTA = (255, 0, 255)
SLIDE = Slide(kind="bullets", heading="What bees do", items=(Item(text="Fly"), Item(text="Dance")))


def logo(colour: tuple[int, int, int] = MAGENTA) -> str:
    packed = io.BytesIO()
    Image.new("RGB", (60, 30), colour).save(packed, "PNG")
    return "data:image/png;base64," + base64.b64encode(packed.getvalue()).decode()


async def drawn(
    tmp_path: Path, slide: Slide = SLIDE, *, text: str = "Bees fly and dance", files: Mapping[str, Path] = {},
    **options: object,
) -> Ran:  # fmt: skip
    """`files` are the brand's by role."""
    brand = {role: put(path, "application/octet-stream") for role, path in files.items()}
    request = VisualRequest(
        scene=Scene(text=text, slide=slide), language="en",
        canvas=Canvas(width=320, height=180), theme="midnight", logo=brand.get("logo"), font=brand.get("font"),
    )  # fmt: skip
    paths = {brand[role].sha256: path for role, path in files.items()}
    return await run_stage(SlidesStage, "draw", request, workspace=tmp_path, files=paths, options=options)


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#808080", "#7f1d1d", "#ffd400", "#0057b7", "#777700"])
@pytest.mark.parametrize("name", THEMES)
def test_text_can_be_read_on_any_ground(name: str, colour: str) -> None:
    theme = with_ground(THEMES[name], colour)
    for role in ("ink", "soft", "accent", "second"):
        assert readable(getattr(theme, role), theme), role


def test_a_ground_that_can_be_read_on_is_taken_as_it_is() -> None:
    assert with_ground(THEMES["midnight"], "#101828").ground[0] == "#101828"
    assert with_ground(THEMES["paper"], "#ffffff").ground[0] == "#ffffff"


async def test_the_logo_stands_in_the_margin_undistorted_above_all_words(tmp_path: Path) -> None:
    ran = await drawn(tmp_path, logo=logo())
    with Image.open(ran.path(ran.output.poster)) as poster:
        mark = np.argwhere(np.abs(np.asarray(poster).astype(int) - MAGENTA).sum(axis=2) < 90)
    (top, left), (bottom, right) = mark.min(axis=0), mark.max(axis=0)
    assert left > 160
    assert bottom < 18
    assert abs((right - left + 1) - 2 * (bottom - top + 1)) <= 2
    assert ran.output.shots[0].layers[-1].effect == "none"


async def test_a_logo_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    playlist = base64.b64encode(b"#EXTM3U\nhttp://example.org/a.ts\n").decode()
    with pytest.raises(BadInput, match="logo"):
        await drawn(tmp_path, logo="data:image/png;base64," + playlist)


async def test_the_ground_of_the_options_is_painted(tmp_path: Path) -> None:
    ran = await drawn(tmp_path, background="#ffffff")
    with Image.open(ran.path(ran.output.poster)) as poster:
        assert np.asarray(poster).mean() > 200


def test_the_brand_signs_the_first_and_the_last_slide() -> None:
    title, closing = Slide(kind="title", heading="Bees"), Slide(kind="closing", heading="Thanks")
    assert signed(title, "Field notes", "").kicker == "Field notes"
    assert signed(closing, "", "bees.example").body == "bees.example"
    assert signed(SLIDE, "Field notes", "bees.example") == SLIDE
    spoken = Slide(kind="title", kicker="Own", heading="Bees")
    assert signed(spoken, "Field notes", "") == spoken


SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 200 100">{}</svg>'
)
MARK = '<rect width="200" height="100" fill="#ff00ff"/>'


def magenta(ran: Ran) -> npt.NDArray[np.intp]:
    """Where the logo is: top, left, bottom, right."""
    with Image.open(ran.path(ran.output.poster)) as poster:
        mark = np.argwhere(np.abs(np.asarray(poster).astype(int) - MAGENTA).sum(axis=2) < 90)
    return np.concatenate([mark.min(axis=0), mark.max(axis=0)])


async def test_a_drawn_logo_is_as_sharp_and_undistorted(tmp_path: Path) -> None:
    path = tmp_path / "logo.svg"
    path.write_text('<?xml version="1.0"?>\n' + SVG.format(MARK))
    top, left, bottom, right = magenta(await drawn(tmp_path, files={"logo": path}))
    assert bottom < 18
    assert left > 160
    assert abs((right - left + 1) - 2 * (bottom - top + 1)) <= 2


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (SVG.format('<image href="file:///etc/passwd"/>'), "refers to 'file:///etc/passwd'"),
        (SVG.format('<image xlink:href="https://example.org/a.png"/>'), "refers to 'https://example.org/a.png'"),
        (SVG.format('<use href="other.svg#a"/>'), "refers to 'other.svg#a'"),
        (SVG.format('<rect style="fill:url(http://example.org/p)"/>'), "refers to 'http://example.org/p'"),
        (SVG.format('<style>@import "http://example.org/a.css";</style>'), "refers to 'http://example.org/a.css'"),
        (SVG.format("<script>alert(1)</script>"), "holds a script"),
        (SVG.format("<text>Bees</text>"), "convert that to paths"),
        ('<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + SVG.format("&amp;"), "entities"),
        ('<?xml version="1.0"?><html/>', "without viewBox"),
        ("<svg", "it is no SVG"),
        (SVG.format(f"<!--{'x' * (1 << 20)}-->" + MARK), "over 512 KiB"),
        ("#EXTM3U", "its format is not known"),
        ("x" * (9 << 20), "over 8 MiB"),
    ],
    ids=lambda value: value[:40] if " " in value else "content",
)
async def test_a_logo_that_looks_outside_or_is_none_is_refused(tmp_path: Path, content: str, cause: str) -> None:
    path = tmp_path / "logo.svg"
    path.write_text(content)
    with pytest.raises(BadInput, match=re.escape(cause)):
        await drawn(tmp_path, files={"logo": path})


async def test_a_logo_may_refer_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "logo.svg"
    inner = '<defs><linearGradient id="g"><stop stop-color="#ff00ff"/></linearGradient></defs>'
    path.write_text(SVG.format(inner + '<rect width="200" height="100" fill="url(#g)"/>'))
    magenta(await drawn(tmp_path, files={"logo": path}))


async def test_headings_are_set_in_the_brands_font(tmp_path: Path) -> None:
    plain = await drawn(tmp_path)
    serif = await drawn(tmp_path, files={"font": FOLDER / "SourceSerif4Display-Semibold.otf"})
    one, other = (np.asarray(Image.open(ran.path(ran.output.poster))).astype(int) for ran in (plain, serif))
    assert np.abs(one - other).sum(axis=2).max() > 300
    assert serif.warnings == []


@pytest.mark.parametrize(
    ("content", "cause"), [(b"no font", "the file is no font"), (b"OTTO" + bytes(99), "is damaged")]
)
async def test_a_font_that_is_none_is_refused(tmp_path: Path, content: bytes, cause: str) -> None:
    path = tmp_path / "font.otf"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=cause):
        await drawn(tmp_path, files={"font": path})


@pytest.mark.parametrize("branded", [True, False])
async def test_a_silent_scene_is_a_card_around_its_middle(tmp_path: Path, branded: bool) -> None:
    ran = await drawn(
        tmp_path, Slide(kind="title", heading="The Hive"), text="", logo=logo() if branded else ""
    )  # fmt: skip
    (shot,) = ran.output.shots
    assert [layer.at for layer in shot.layers] == [None] * len(shot.layers)
    (box,) = ran.output.texts
    assert box.text == "The Hive"
    assert abs(box.x + box.width / 2 - 160) < 2
    if branded:
        top, left, bottom, right = magenta(ran)
        assert abs((left + right) / 2 - 160) < 3
        assert 30 < top < bottom < box.y
