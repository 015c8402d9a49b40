"""Operations on plugins: which there are, what they take, and which are used."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

from msgspec import Meta

from aurad.engine.catalog import Catalog, Stage
from aurad.engine.engine import Engine
from aurad.hooks.registry import CORE, PluginSource
from aurad.model.errors import AuradError
from aurad.model.value import Value
from aurad.serve.operations.configuration import change, hidden
from aurad.serve.operations.table import Call, Nothing, Result, Route, operation

DISABLED = "catalog.disabled"
NO_OPTIONS = {"type": "object", "properties": {}, "additionalProperties": False}
Name = Annotated[str, Meta(min_length=1, max_length=128, description="Of a plugin, or of one of its stages.")]


class ByPlugin(Value, frozen=True, kw_only=True):
    name: Name


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
    secrets: tuple[str, ...] = ()
    options_schema: dict[str, Any] = {}


class Plugins(Result, frozen=True, kw_only=True):
    plugins: list[PluginView]


class PluginDetail(Result, frozen=True, kw_only=True):
    """A plugin: `ready`, `broken`, `disabled`, or `aside` for a while as its workers keep dying.

    With its stages, and its options that are set in the settings.
    """

    plugin: str
    distribution: str
    version: str
    module: str
    status: str
    reason: str
    remedy: str
    options: dict[str, dict[str, Any]]
    stages: list[PluginView]


class OptionSchema(Result, frozen=True, kw_only=True):
    """The JSON Schema of a stage's options."""

    plugin: str
    kind: str
    name: str
    options_schema: dict[str, Any]


class OptionSchemas(Result, frozen=True, kw_only=True):
    schemas: list[OptionSchema]


@operation("plugins.list", Nothing, "read", Route("GET", "/api/plugins"))
async def plugins(call: Call, params: Nothing) -> Plugins:
    """Every plugin with its stages, or with the reason why it cannot be used."""
    await call.engine.catalog.load()
    return listed(call.engine)


@operation("plugins.get", ByPlugin, "read")
async def get(call: Call, params: ByPlugin) -> PluginDetail:
    """One plugin: where it comes from, whether it is used, its stages and its options."""
    await call.engine.catalog.load()
    return _detail(call.engine, find(call.engine.catalog, params.name))


@operation("plugins.schema", ByPlugin, "read")
async def schema(call: Call, params: ByPlugin) -> OptionSchemas:
    """What options a stage, or every stage of a plugin, takes."""
    catalog = call.engine.catalog
    await catalog.load()
    stages = [stage for stage in catalog.named(params.name) if stage.info.kind != CORE]
    if not stages:
        plugin = find(catalog, params.name).name
        why = "it is disabled" if plugin in catalog.disabled else catalog.broken[plugin].detail
        raise AuradError("E600-PLUGIN_BROKEN", f"cannot tell the options of {plugin}: {why}")
    return OptionSchemas(
        schemas=[
            OptionSchema(
                plugin=stage.plugin, kind=stage.info.kind, name=stage.info.name,
                options_schema=stage.info.options_schema or NO_OPTIONS,
            )
            for stage in stages
        ]
    )  # fmt: skip


@operation("plugins.disable", ByPlugin, "admin")
async def disable(call: Call, params: ByPlugin) -> PluginDetail:
    """Use a plugin no more, at once: jobs that run keep it, others take the next provider."""
    return await _switch(call.engine, params.name, used=False)


@operation("plugins.enable", ByPlugin, "admin")
async def enable(call: Call, params: ByPlugin) -> PluginDetail:
    """Use a plugin again that was disabled."""
    return await _switch(call.engine, params.name, used=True)


@operation("plugins.reload", Nothing, "admin")
async def read_again(call: Call, params: Nothing) -> Plugins:
    """Look at what is installed now, and ask broken plugins again; changed ones get new workers between tasks."""
    await look_again(call.engine)
    return listed(call.engine)


async def look_again(engine: Engine) -> None:
    importlib.invalidate_caches()  # a folder may have changed twice within its clock's tick
    await engine.catalog.load(again=True)
    engine.runner.quarantine.clear()


def find(catalog: Catalog, name: str) -> PluginSource:
    """An installed plugin by its name, or by that of one of its stages; raises E104 that names those there are."""
    known = {plugin: source for plugin, source in (catalog.sources | catalog.disabled).items() if plugin != CORE}
    stage = next((stage for (_, own), stage in catalog.stages.items() if own == name), None)
    source = known.get(name) or known.get(stage.plugin if stage else catalog.disabled_stages().get(name, ""))
    if source is None:
        raise AuradError("E104-PLUGIN", f"cannot find the plugin {name!r}: there are {', '.join(known) or 'none'}")
    return source


def listed(engine: Engine) -> Plugins:
    catalog, aside = engine.catalog, engine.runner.quarantine.reason
    usable = [_view(stage, aside(stage.plugin)) for stage in catalog.stages.values() if stage.info.kind != CORE]
    broken = [
        PluginView(name=b.plugin, kind="", plugin=b.plugin, version="", status="broken", reason=b.detail)
        for b in catalog.broken.values()
    ]
    off = [
        PluginView(name=name, kind="", plugin=name, version=source.version, status="disabled", reason="disabled")
        for name, source in catalog.disabled.items()
    ]
    return Plugins(plugins=[*usable, *broken, *off])


def _view(stage: Stage, aside: str) -> PluginView:
    info = stage.info
    return PluginView(
        name=info.name, kind=info.kind, plugin=stage.plugin, version=stage.version,
        status="unavailable" if info.lacks else "aside" if aside else "ready", reason=info.lacks or aside,
        languages=info.languages, slot=info.slot, needs=info.needs, secrets=info.secrets,
        options_schema=info.options_schema,
    )  # fmt: skip


def _detail(engine: Engine, source: PluginSource) -> PluginDetail:
    catalog, name = engine.catalog, source.name
    broken, aside = catalog.broken.get(name), engine.runner.quarantine.reason(name)
    stages = [_view(stage, aside) for stage in catalog.stages.values() if stage.plugin == name]
    names = (name, *(stage.name for stage in stages))
    return PluginDetail(
        plugin=name, distribution=source.distribution, version=source.version, module=source.module,
        status="disabled" if name in catalog.disabled else "broken" if broken else "aside" if aside else "ready",
        reason=broken.detail if broken else aside, remedy=broken.remedy if broken else "",
        options={each: hidden(engine.settings.plugins[each]) for each in names if each in engine.settings.plugins},
        stages=stages,
    )  # fmt: skip


async def _switch(engine: Engine, name: str, *, used: bool) -> PluginDetail:
    await engine.catalog.load()
    plugin = find(engine.catalog, name).name
    others = [each for each in engine.settings.catalog.disabled if each != plugin]
    await change(engine, DISABLED, others if used else [*others, plugin])
    await engine.catalog.load()
    return _detail(engine, find(engine.catalog, plugin))
