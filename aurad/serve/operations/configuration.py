"""Operations on the settings: look, change one, read the files again."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Annotated, Any

import msgspec
import trio
from msgspec import Meta
from msgspec.structs import replace

from aurad.configuration import load_settings, write_value
from aurad.engine.engine import Engine
from aurad.engine.secrets import HIDDEN
from aurad.model.settings import Settings
from aurad.model.value import Value
from aurad.serve.operations.table import Call, Nothing, Result, Route, operation
from aurad.serve.reload import AT_START, Reloaded, flat, reload, waiting

SECRET = re.compile(r"(^|[._-])(key|token|password|passwd|secret|credentials?)$", re.IGNORECASE)
PLUGINS = "plugins"


class Configuration(Result, frozen=True, kw_only=True):
    """`restart` names keys whose value is in force only after a restart of the daemon."""

    settings: Settings
    restart: list[str]


class SetKey(Value, frozen=True, kw_only=True):
    """A dotted key, and its value as JSON or, of a setting of aurad's own, as text; null takes it back."""

    key: Annotated[str, Meta(min_length=1, max_length=200)]
    value: Any


class SetResult(Result, frozen=True, kw_only=True):
    """The value in force, and which file, line or variable says so: a later one than ours may win.

    With `restart` it is in force only after a restart of the daemon.
    """

    key: str
    value: Any
    origin: str
    path: str
    restart: bool


@operation("config.get", Nothing, "read")
def get(call: Call, params: Nothing) -> Configuration:
    """The settings the daemon runs with; what may be a key or password of a plugin is `***`."""
    settings = call.engine.settings
    shown = {plugin: hidden(options) for plugin, options in settings.plugins.items()}
    return Configuration(settings=replace(settings, plugins=shown), restart=waiting(call.engine))


@operation("config.schema", Nothing, "read", Route("GET", "/api/config/schema"))
def schema(call: Call, params: Nothing) -> dict[str, Any]:
    """The JSON Schema of the settings file."""
    return _schema()


@cache
def _schema() -> dict[str, Any]:
    return msgspec.json.schema(Settings)


@operation("config.set", SetKey, "admin")
async def set_key(call: Call, params: SetKey) -> SetResult:
    """Change one setting, in a file of aurad's own in `aurad.d/`: `aurad.toml` is never touched."""
    engine, key = call.engine, params.key
    section, _, option = key.partition(".")
    if section == PLUGINS and params.value is not None:
        await engine.catalog.load()
        engine.catalog.check_options(_nested(option, params.value))
    path, origin = await change(engine, key, params.value)
    value = flat(msgspec.to_builtins(engine.settings)).get(key)
    return SetResult(
        key=key, value=HIDDEN if section == PLUGINS and SECRET.search(key) else value, origin=origin, path=path,
        restart=key.startswith(AT_START) and key in waiting(engine),
    )  # fmt: skip


@operation("config.reload", Nothing, "admin")
async def read_again(call: Call, params: Nothing) -> Reloaded:
    """Read all files again; one that cannot be used leaves the settings of before in force."""
    return await reload(call.engine)


async def change(engine: Engine, key: str, value: object) -> tuple[str, str]:
    """Write one setting and go by it; gives the file's path and where the value in force comes from."""

    def write() -> str:
        load_settings(engine.folders, environ=os.environ)  # files that cannot be used are found before we write
        return str(write_value(engine.folders, key, value))

    with trio.CancelScope(shield=True):  # whoever asked may leave meanwhile: what is written is in force
        async with engine.configuring:
            path = await trio.to_thread.run_sync(write)
        await reload(engine)
    loaded = await trio.to_thread.run_sync(lambda: load_settings(engine.folders, environ=os.environ))
    return path, loaded.origins.get(key, "default")


def hidden(options: dict[str, Any]) -> dict[str, Any]:
    """A plugin's options for people to look at."""
    return {name: HIDDEN if SECRET.search(name) and value else value for name, value in options.items()}


def _nested(path: str, value: object) -> dict[str, dict[str, Any]]:
    plugin, _, option = path.partition(".")
    return {plugin: {option: value} if option else {}}
