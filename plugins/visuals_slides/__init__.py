"""Embedded visuals: slides drawn from HTML-like trees and style sheets, own pictures and clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurad.api import Stage, hookimpl


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """The stage `slides`."""
    from aurad_plugins.visuals_slides.stage import SlidesStage  # kept out of plain imports: it loads OpenCV and takumi

    return (SlidesStage,)
