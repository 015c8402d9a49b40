"""Encodes scenes with FFmpeg: frames drawn here with sub-pixel motion, still spans repeated by copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurad.api import Stage, hookimpl
from aurad_plugins.render_ffmpeg.stage import FFmpegRender


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """The one render stage."""
    return (FFmpegRender,)
