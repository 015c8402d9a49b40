"""A brand kit: colours that stay readable, a logo in the margin, lines on the first and last slide."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aurad.api import BadInput, Canvas, Item, Scene, Slide, VisualRequest
from aurad.testing import Ran, run_stage
from aurad_plugins.visuals_slides.brand import signed, with_ground
from aurad_plugins.visuals_slides.stage import SlidesStage
from aurad_plugins.visuals_slides.themes import THEMES, readable

MAGENTA = (255, 0, 255)
SLIDE = Slide(kind="bullets", heading="What bees do", items=(Item(text="Fly"), Item(text="Dance")))


def logo(colour: tuple[int, int, int] = MAGENTA) -> str:
    packed = io.BytesIO()
    Image.new("RGB", (60, 30), colour).save(packed, "PNG")
    return "data:image/png;base64," + base64.b64encode(packed.getvalue()).decode()


async def drawn(tmp_path: Path, slide: Slide = SLIDE, **options: object) -> Ran:
    request = VisualRequest(
        scene=Scene(text="Bees fly and dance", slide=slide), language="en",
        canvas=Canvas(width=320, height=180), theme="midnight",
    )  # fmt: skip
    return await run_stage(SlidesStage, "draw", request, workspace=tmp_path, options=options)


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
