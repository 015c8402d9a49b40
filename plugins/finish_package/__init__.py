"""The finished file: picture, sound, captions, chapters and tags in one MP4; its cover and its credits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurad.api import Stage, hookimpl
from aurad_plugins.finish_package.stage import Package


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """One finisher."""
    return [Package]
