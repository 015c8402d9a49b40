"""Loading one plugin, in the process that will run it: a worker or a test, never the daemon."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any, NamedTuple, get_args

import msgspec
import pluggy

from aurad.hooks.registry import changed_lately
from aurad.hooks.specs import PROJECT, Specs
from aurad.model.errors import AuradError
from aurad.model.stage import Stage, StageKind
from aurad.model.value import Value

GROUP = "aurad.stages"
CORE = "core"  # our own tasks: no entry point, so that nobody can take their place
MODULE = "module:"  # a module by its dotted path, for tests
KINDS = (*get_args(StageKind), CORE)


class Plugin(NamedTuple):
    """A loaded plugin: its stages, constructed, in the order offered."""

    name: str
    version: str
    stages: list[Stage[Any]]


def load_plugin(name: str) -> Plugin:
    """Load entry point `name`, or `core`, or `module:<dotted path>`. Raises E600 with the cause."""
    try:
        version, module = _import(name)
        return Plugin(name, version, _offered_to_stages(name, _offered(name, module)))
    except AuradError:
        raise
    except (Exception, SystemExit) as error:  # a plugin's code may raise anything
        raise _broken(name, f"{type(error).__name__}: {error}") from error


def load_stages(name: str) -> list[Stage[Any]]:
    """The stages of `load_plugin`."""
    return load_plugin(name).stages


def _import(name: str) -> tuple[str, Any]:
    if name == CORE:
        return metadata.version("aurad"), importlib.import_module("aurad.worker.core")
    if name.startswith(MODULE):
        return "0", importlib.import_module(name.removeprefix(MODULE))
    found = list(metadata.entry_points(group=GROUP, name=name))
    if len(found) != 1:
        raise _broken(name, "it is not installed" if not found else f"{len(found)} distributions offer that name")
    sys.dont_write_bytecode |= changed_lately(found[0].module)  # what is edited right now is not kept compiled
    return found[0].dist.version if found[0].dist else "0", found[0].load()


def _offered(name: str, module: Any) -> Sequence[type[Stage[Any]]]:
    manager = pluggy.PluginManager(PROJECT)  # a fresh one: plugins cannot see each other
    manager.add_hookspecs(Specs)
    manager.register(module, name)
    manager.check_pending()
    return [stage for stages in manager.hook.aurad_stages() for stage in stages]


def _offered_to_stages(name: str, offered: Sequence[type[Stage[Any]]]) -> list[Stage[Any]]:
    if not offered:
        raise _broken(name, "it offers no stages")
    for stage in offered:
        if fault := _fault(stage):
            raise _broken(name, fault)
    names = [stage.name for stage in offered]
    if twice := {stage for stage in names if names.count(stage) > 1}:
        raise _broken(name, f"two stages are called {min(twice)!r}")
    return [stage() for stage in offered]


def _fault(stage: Any) -> str:
    """Why `stage` cannot be used, or nothing."""
    if not (isinstance(stage, type) and issubclass(stage, Stage)):
        return f"{stage!r} is no subclass of Stage"
    if not isinstance(getattr(stage, "name", None), str):
        return f"{stage.__name__} has no name"
    if getattr(stage, "kind", None) not in KINDS:
        return f"{stage.name} is of the unknown kind {getattr(stage, 'kind', None)!r}; kinds are {', '.join(KINDS)}"
    if not (isinstance(stage.Options, type) and issubclass(stage.Options, Value)):
        return f"the Options of {stage.name} are no subclass of aurad.api.Value"
    return _schema_fault(stage)


def _schema_fault(stage: type[Stage[Any]]) -> str:
    try:
        msgspec.json.schema(stage.Options)
        stage.Options()
    except TypeError as error:
        return f"the Options of {stage.name} have no schema or no defaults: {error}"
    return ""


def _broken(name: str, cause: str) -> AuradError:
    return AuradError("E600-PLUGIN_BROKEN", f"cannot load the plugin {name}: {cause}")
