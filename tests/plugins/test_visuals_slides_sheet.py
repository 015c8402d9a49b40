"""The sheet that shows a theme."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aurad.api import BadInput, Canvas, SampleRequest
from aurad.testing import conform_stage, run_stage
from aurad_plugins.visuals_slides.layouts import LAYOUTS
from aurad_plugins.visuals_slides.sheet import SAMPLES
from aurad_plugins.visuals_slides.stage import SlidesStage
from aurad_plugins.visuals_slides.themes import THEMES

SMALL = Canvas(width=128, height=128)


def test_the_sheet_shows_every_layout() -> None:
    assert {slide.kind for slide in SAMPLES} == set(LAYOUTS)
    assert len(LAYOUTS) >= 12
    assert len(THEMES) >= 4


@pytest.mark.slow
async def test_a_sheet_is_a_picture_of_all_samples(tmp_path: Path) -> None:
    ran = await conform_stage(SlidesStage, "sample", SampleRequest(theme="paper", canvas=SMALL), workspace=tmp_path)
    with Image.open(ran.path(ran.output.image)) as made:
        across, down = made.width // SMALL.width, made.height // SMALL.height
        assert across * down >= len(SAMPLES)
        assert np.asarray(made).std() > 5


async def test_a_sheet_of_an_unknown_theme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'neon'"):
        await run_stage(SlidesStage, "sample", SampleRequest(theme="neon", canvas=SMALL), workspace=tmp_path)
