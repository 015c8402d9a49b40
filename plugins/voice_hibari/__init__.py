"""The default voice: hibari, a neural English voice inside a wheel, with the time of every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurad.api import Stage, hookimpl
from aurad_plugins.voice_hibari.stage import HibariVoice


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """One voice."""
    return [HibariVoice]
