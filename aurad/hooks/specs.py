"""The hooks. They are synchronous and return objects; async work is a method of the object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pluggy

from aurad.model.stage import Stage

PROJECT = "aurad"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Specs:
    """Hook specifications of the entry-point group `aurad.stages`."""

    @hookspec
    def aurad_stages(self) -> Sequence[type[Stage[Any]]]:  # type: ignore[empty-body]
        """Offer stages. Called once, in a worker process, right after the plugin's module is imported.

        Return any number of `Stage` subclasses. Two with one name in one plugin, or raising, mark the
        plugin as broken: it is listed with the reason and not used. Do no I/O here; models are loaded in
        `Stage.open`.
        """
