"""What a plugin says of itself, as the daemon gets it at `initialize`."""

from __future__ import annotations

from typing import Any

import msgspec

from aurad.hooks.load import Plugin
from aurad.model.stage import Stage
from aurad.model.value import Value
from aurad.wire.worker import API, METHODS, Initialized, StageInfo


def plugin_to_info(plugin: Plugin) -> Initialized:
    return Initialized(
        api=API, plugin=plugin.name, version=plugin.version, stages=tuple(map(stage_to_info, plugin.stages))
    )


def stage_to_info(stage: Stage[Any]) -> StageInfo:
    described = dict(stage.describe())
    return StageInfo(
        kind=stage.kind,
        name=stage.name,
        slot=stage.slot,
        needs=stage.needs,
        secrets=stage.secrets,
        languages=tuple(described.pop("languages", stage.languages)),
        lacks=stage.lacks() or "",
        fresh_per_job=stage.fresh_per_job,
        takes=getattr(stage, "takes", ()),
        gives=getattr(stage, "gives", ()),
        methods=methods_of(type(stage)),
        options_schema={} if stage.Options is Value else msgspec.json.schema(stage.Options),
        fingerprint=dict(stage.fingerprint()),
        describe=described,
    )


def methods_of(stage: type[Stage[Any]]) -> tuple[str, ...]:
    """The methods that a stage really has, not those it inherits from our base classes."""
    return tuple(name for name in METHODS if _definer(stage, name) not in (None, Stage.__module__))


def _definer(stage: type[Stage[Any]], name: str) -> str | None:
    return next((base.__module__ for base in stage.__mro__ if name in vars(base)), None)
