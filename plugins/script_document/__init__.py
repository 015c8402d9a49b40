"""The embedded script stage: documents and topics become scenes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aurad.api import Stage, hookimpl


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """Offers the stage `document`."""
    from aurad_plugins.script_document.stage import DocumentStage

    return [DocumentStage]
