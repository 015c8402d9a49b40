"""The sheet that shows a theme."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aurad_plugins.visuals_slides.layouts import LAYOUTS
from aurad_plugins.visuals_slides.sheet import SAMPLES, main
from aurad_plugins.visuals_slides.themes import THEMES


def test_the_sheet_shows_every_layout() -> None:
    assert {slide.kind for slide in SAMPLES} == set(LAYOUTS)
    assert len(THEMES) >= 4


@pytest.mark.slow
def test_a_sheet_is_written(tmp_path: Path) -> None:
    main(["paper", "--aspect", "1:1", "-o", str(tmp_path / "sheet.png")])
    with Image.open(tmp_path / "sheet.png") as made:
        assert made.width > 4 * 480
        assert np.asarray(made).std() > 5


def test_an_unknown_theme_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["neon"])
    assert "midnight" in capsys.readouterr().err
