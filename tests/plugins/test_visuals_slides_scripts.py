"""Scripts beyond Latin: letters are drawn, not boxes, each language in its own forms; what is missing is told."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aurad.api import Canvas, Item, Scene, Slide, VisualRequest
from aurad.testing import run_stage
from aurad_plugins.visuals_slides.content import prepared
from aurad_plugins.visuals_slides.fit import fitted
from aurad_plugins.visuals_slides.fonts import presentable
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.layouts import LAYOUTS, layout_for
from aurad_plugins.visuals_slides.nodes import Node
from aurad_plugins.visuals_slides.page import Look
from aurad_plugins.visuals_slides.painter import Painter, provide
from aurad_plugins.visuals_slides.plain import plain_composition
from aurad_plugins.visuals_slides.scripts import FONTS
from aurad_plugins.visuals_slides.stage import SlidesStage
from aurad_plugins.visuals_slides.themes import MIDNIGHT

CANVAS = Canvas(width=128, height=128)
TOFU = "\u13a0"  # Cherokee: no font here has it
LETTERS = {"ja": "直骨のテ", "zh-Hans": "直简门", "zh-Hant": "直體", "ko": "한글", "ar": "نح"}


def inked(letter: str, language: str) -> npt.NDArray[np.uint8]:
    """The letter on its own."""
    provide(presentable(letter).scripts)
    painter = Painter(frame_of(CANVAS, language=language), MIDNIGHT)
    return painter.paint(Node(kind="text", css="text", text=letter, size=20))


@pytest.mark.parametrize("language", LETTERS)
def test_letters_are_drawn_and_no_boxes(language: str) -> None:
    shown = [inked(letter, language) for letter in (*LETTERS[language], TOFU)]
    assert all(one[..., 3].any() for one in shown)
    for one, other in itertools.combinations(shown, 2):
        assert not np.array_equal(one, other), "two letters look the same: they are boxes"


def test_one_character_has_the_form_of_its_language() -> None:
    forms = [inked("直", language) for language in ("ja", "zh-Hans", "ko")]
    assert not np.array_equal(forms[0], forms[1])


def test_chinese_needs_no_spaces_to_be_broken_into_lines() -> None:
    long = Slide(kind="bullets", heading="蜜蜂", items=(Item(text="蜜蜂有五只眼睛，其中两只是复眼，三只是单眼。" * 2),))
    provide(presentable(long.items[0].text).scripts)
    painter = Painter(frame_of(Canvas(width=320, height=180), language="zh"), MIDNIGHT)
    _, fit = fitted(layout_for(long)(Look(long, painter.frame, painter.theme)), painter)
    assert fit.scale > 0.9, "it is broken, not shrunk to one line"
    assert not fit.shortens


async def test_the_extra_is_named_when_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurad_plugins.visuals_slides.fonts.font_file", lambda _: None)
    request = VisualRequest(
        scene=Scene(text="蜜蜂 看 花", slide=Slide(heading="蜜蜂")), language="zh", canvas=CANVAS, theme="paper"
    )
    ran = await run_stage(SlidesStage, "draw", request, workspace=tmp_path)
    (warning,) = ran.warnings
    assert warning.code == "slides-script"
    assert "aurad[scripts] for Chinese, Japanese and Korean" in warning.detail


@pytest.mark.parametrize("kind", list(LAYOUTS))
async def test_letters_without_a_font_are_left_out_of_every_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    monkeypatch.setattr("aurad_plugins.visuals_slides.fonts.font_file", lambda _: None)
    words, item = "蜜蜂看花", Item(text="蜜蜂", value=1.0)
    slide = Slide(kind=kind, kicker=words, heading=words, body=words, items=(item, item), rows=((words, "1"),))
    left = prepared(slide, 4).slide
    assert (left.kicker, left.heading, left.items[0].text, left.rows) == ("", "", "", (("", "1"),))
    assert left.body == (words if kind == "code" else "")
    assert prepared(slide, 4, branded=True).slide.heading == words
    request = VisualRequest(scene=Scene(text=words, slide=slide), language="zh", canvas=CANVAS, theme="paper")
    ran = await run_stage(SlidesStage, "draw", request, workspace=tmp_path)
    assert "slides-script" in {warning.code for warning in ran.warnings}


def test_the_plain_slide_draws_them_too() -> None:
    frame = frame_of(CANVAS)
    shown = [plain_composition(Slide(heading=words), frame, MIDNIGHT).poster for words in ("蜂", "花", TOFU)]
    assert not any(np.array_equal(one, other) for one, other in itertools.combinations(shown, 2))


def test_no_character_belongs_to_two_fonts() -> None:
    blocks = sorted(block for font in FONTS for block in font.blocks)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(blocks))
