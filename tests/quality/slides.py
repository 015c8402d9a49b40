"""What slides look like: contrast by pixels, and boxes inside their frame and apart, as the tests judge them."""

from __future__ import annotations

from aurad_plugins.visuals_slides.layouts import LAYOUTS
from aurad_plugins.visuals_slides.themes import AA, THEMES
from tests.bench.make import Figure
from tests.plugins.test_visuals_slides_contrast import contrasts, full
from tests.plugins.test_visuals_slides_layout import Case, assert_sound, cases_of


def contrast_figures() -> list[Figure]:
    """The least contrast of all texts of all layouts in all themes."""
    ratios = [ratio for kind in LAYOUTS for theme in THEMES for _, ratio in contrasts(full(kind), theme)]
    name = f"contrast of {len(ratios)} texts, {len(LAYOUTS)} layouts x {len(THEMES)} themes"
    return [Figure(name, min(ratios), AA, "to 1", least=True)]


def box_figures(*, whole: bool) -> list[Figure]:
    """How many slides have a text outside its frame or over another one."""
    cases = [case for kind in LAYOUTS for case in cases_of(kind, whole=whole)]
    bad = [case for case in cases if not _is_sound(case)]
    return [Figure(f"slides of {len(cases)} with text clipped or overlapping", len(bad), 0)]


def _is_sound(case: Case) -> bool:
    try:
        assert_sound(case)
    except AssertionError as error:
        print(f"  {case}: {error}")
        return False
    return True
