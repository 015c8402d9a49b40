"""Operations on what there is to choose from: plugins, voices, themes, presets."""

from __future__ import annotations

from typing import Any

import msgspec

from aurad.hooks.registry import CORE
from aurad.serve.operations.table import Call, Nothing, Result, Route, operation


class PluginView(Result, frozen=True, kw_only=True):
    """A stage that can be used, or a plugin with the reason why it cannot."""

    name: str
    kind: str
    plugin: str
    version: str
    status: str
    reason: str = ""
    languages: tuple[str, ...] = ()
    slot: str = ""
    needs: tuple[str, ...] = ()
    options_schema: dict[str, Any] = {}


class Plugins(Result, frozen=True, kw_only=True):
    plugins: list[PluginView]


class Voices(Result, frozen=True, kw_only=True):
    voices: list[dict[str, Any]]


class Themes(Result, frozen=True, kw_only=True):
    themes: list[dict[str, Any]]


class Presets(Result, frozen=True, kw_only=True):
    presets: list[dict[str, Any]]


@operation("plugins.list", Nothing, "read", Route("GET", "/api/plugins"))
async def plugins(call: Call, params: Nothing) -> Plugins:
    """Every plugin with its stages, or with the reason why it cannot be used."""
    catalog = call.engine.catalog
    await catalog.load()
    usable = [
        PluginView(
            name=stage.info.name, kind=stage.info.kind, plugin=stage.plugin, version=stage.version, status="ready",
            languages=stage.info.languages, slot=stage.info.slot, needs=stage.info.needs,
            options_schema=stage.info.options_schema,
        )
        for stage in catalog.stages.values() if stage.info.kind != CORE
    ]  # fmt: skip
    off = [
        PluginView(name=b.plugin, kind="", plugin=b.plugin, version="", status="broken", reason=b.detail)
        for b in catalog.broken.values()
    ]
    return Plugins(plugins=[*usable, *off])


@operation("catalog.voices", Nothing, "read", Route("GET", "/api/catalog/voices"))
async def voices(call: Call, params: Nothing) -> Voices:
    """Every voice of every voice stage."""
    return Voices(voices=await _described(call, "voice", "voices"))


@operation("catalog.themes", Nothing, "read", Route("GET", "/api/catalog/themes"))
async def themes(call: Call, params: Nothing) -> Themes:
    """Every theme of every visuals stage."""
    return Themes(themes=await _described(call, "visuals", "themes"))


@operation("catalog.presets", Nothing, "read", Route("GET", "/api/catalog/presets"))
async def presets(call: Call, params: Nothing) -> Presets:
    """Every preset with what it chooses."""
    return Presets(presets=[{"name": name, **msgspec.to_builtins(p)} for name, p in call.engine.presets.items()])


async def _described(call: Call, kind: str, what: str) -> list[dict[str, Any]]:
    await call.engine.catalog.load()
    stages = [stage for stage in call.engine.catalog.stages.values() if stage.info.kind == kind]
    found = [(stage, entry) for stage in stages for entry in stage.info.describe.get(what, ())]
    return [{"provider": s.info.name, **(e if isinstance(e, dict) else {"name": e})} for s, e in found]
