"""A voice for a hundred languages: eSpeak NG, from the extra `espeak`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurad.api import Stage, hookimpl
from aurad_plugins.voice_espeak.stage import EspeakVoiceStage


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """One voice."""
    return [EspeakVoiceStage]
