"""The master finisher: music that makes room for the voice, one loudness, AAC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurad.api import Stage, hookimpl
from aurad_plugins.finish_master.stage import Master


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """One finisher."""
    return [Master]
