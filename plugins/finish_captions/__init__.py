"""Caption files beside the video: SubRip for players and uploads, WebVTT for browsers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurad.api import Stage, hookimpl
from aurad_plugins.finish_captions.stage import Captions


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """One finisher."""
    return [Captions]
