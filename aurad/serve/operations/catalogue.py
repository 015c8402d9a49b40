"""Operations on what there is to choose from: voices, themes, presets."""

from __future__ import annotations

from typing import Any

import msgspec

from aurad.model.stage import StageKind
from aurad.serve.operations.table import Call, Nothing, Result, Route, operation


class Voices(Result, frozen=True, kw_only=True):
    voices: list[dict[str, Any]]


class Themes(Result, frozen=True, kw_only=True):
    themes: list[dict[str, Any]]


class Presets(Result, frozen=True, kw_only=True):
    presets: list[dict[str, Any]]


@operation("catalog.voices", Nothing, "read", Route("GET", "/api/catalog/voices"))
async def voices(call: Call, params: Nothing) -> Voices:
    """Every voice of every voice stage, those of the stage that is asked first in front."""
    return Voices(voices=await _described(call, "voice", "voices", call.engine.settings.defaults.voice))


@operation("catalog.themes", Nothing, "read", Route("GET", "/api/catalog/themes"))
async def themes(call: Call, params: Nothing) -> Themes:
    """Every theme of every visuals stage."""
    return Themes(themes=await _described(call, "visuals", "themes", call.engine.settings.defaults.theme))


@operation("catalog.presets", Nothing, "read", Route("GET", "/api/catalog/presets"))
def presets(call: Call, params: Nothing) -> Presets:
    """Every preset with what it chooses."""
    usual = call.engine.settings.defaults.preset
    return Presets(
        presets=[
            {"name": name, "default": name == usual, **msgspec.to_builtins(preset)}
            for name, preset in call.engine.presets.items()
        ]
    )


async def _described(call: Call, kind: StageKind, what: str, usual: str) -> list[dict[str, Any]]:
    await call.engine.catalog.load()
    stages = call.engine.catalog.in_order(kind, call.engine.settings.providers()[kind])
    return [
        {"provider": stage.info.name, **_entry(entry, usual)}
        for stage in stages
        for entry in stage.info.describe.get(what, ())
    ]


def _entry(described: Any, usual: str) -> dict[str, Any]:
    """One thing to choose; `usual` is what settings choose, over what its stage would take by itself."""
    entry = described if isinstance(described, dict) else {"name": described}
    return {**entry, "default": entry.get("name") == usual} if usual else entry
