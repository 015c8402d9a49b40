"""What the installed stages can do: asked of their workers once, then remembered until something changes.

A description is kept under the hash of all that it may depend on (the plugin, everything installed, the
FFmpeg), so a warm start runs no worker at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import trio

from aurad.engine import tools
from aurad.engine.executor import Executor
from aurad.hooks.registry import CORE, PluginSource, environment_stamp, find_plugins
from aurad.model.errors import AuradError
from aurad.model.settings import Settings
from aurad.model.value import Value, canonical, digest
from aurad.wire.worker import Initialized, StageInfo


class Stage(Value, frozen=True, kw_only=True):
    """A usable stage and the fingerprint of all that shapes its results."""

    plugin: str
    version: str
    fingerprint: str
    info: StageInfo


class Broken(Value, frozen=True, kw_only=True):
    """A plugin that cannot be used, and why."""

    plugin: str
    code: str
    detail: str
    remedy: str


class _Remembered(Value, frozen=True, kw_only=True):
    key: str
    described: Initialized


class Installed(NamedTuple):
    """How to look at this machine; tests look at one of their own."""

    plugins: Callable[[], dict[str, PluginSource]] = find_plugins
    stamp: Callable[[], str] = environment_stamp
    ffmpeg: Callable[[str], Path] = tools.find_ffmpeg


class Catalog:
    """All stages by kind and name. `load` first."""

    def __init__(self, executor: Executor, memory: Path, settings: Settings, installed: Installed) -> None:
        self._executor, self._memory = executor, memory
        self._installed, self._loading = installed, trio.Lock()
        self.adopt(settings)
        self.sources: dict[str, PluginSource] = {}
        self.disabled: dict[str, PluginSource] = {}
        self.stages: dict[tuple[str, str], Stage] = {}
        self.broken: dict[str, Broken] = {}
        self.ffmpeg: Path | None = None
        self.ffmpeg_error: AuradError | None = None
        self._keys: dict[str, str] = {}
        self._memories: dict[str, _Remembered] = {}
        self._loaded: tuple[str, str, dict[str, PluginSource]] | None = None  # what `stages` go by
        self._looked_for, self._looked = ("", frozenset[str]()), -math.inf

    def adopt(self, settings: Settings) -> None:
        """The next `load` goes by these."""
        self._configured, self._disabled = settings.tools.ffmpeg, frozenset(settings.catalog.disabled) - {CORE}

    async def load(self, *, again: bool = False, within: float = 0.0) -> None:
        """Look at what is installed now: milliseconds when nothing has changed since the last time.

        `again` also asks plugins that were broken; a look that began `within` the last seconds is enough, and so is
        one that began while others were waited for.
        """
        enough = trio.current_time() - within
        async with self._loading:
            wanted, now = (self._configured, self._disabled), trio.current_time()
            if wanted == self._looked_for and self._looked > enough and not again:
                return
            self._loaded = None if again else self._loaded
            await self._load()
            self._looked_for, self._looked = wanted, now

    async def _load(self) -> None:
        disabled = self._disabled
        found, stamp, self.ffmpeg, self.ffmpeg_error = await trio.to_thread.run_sync(self._look, self._configured)
        self.sources = {name: source for name, source in found.items() if name not in disabled}
        self.disabled = {name: source for name, source in found.items() if name in disabled}
        self._executor.ffmpeg = str(self.ffmpeg or "")
        tool = tools.identity(self.ffmpeg) if self.ffmpeg else ""
        if (there := (stamp, tool, self.sources)) == self._loaded:
            return
        keys = {name: digest(stamp.encode(), s.fingerprint.encode(), tool.encode()) for name, s in self.sources.items()}
        for name, key in self._keys.items():
            if keys.get(name) != key:
                self._executor.renew(name)  # warm workers hold the code of before
        self._keys = keys
        remembered, broken = await trio.to_thread.run_sync(_read_memory, self._memory), dict[str, Broken]()
        async with trio.open_nursery() as nursery:
            for name, key in keys.items():
                nursery.start_soon(self._learn, name, key, remembered, broken)
        self.stages, self.broken = {}, broken  # from here to the next wait: jobs that run never see half of it
        for name in self.sources:  # in their order, not in that of the answers: who wins a name is no accident
            if name not in self.broken:
                self._add_all(name, remembered[name].described, tool)
        kept = {name: memory for name, memory in remembered.items() if name in found}
        await trio.to_thread.run_sync(_write_memory, self._memory, kept)
        self._memories = {name: remembered[name] for name in self.disabled if name in remembered}
        self._loaded = there

    def _look(self, ffmpeg: str) -> tuple[dict[str, PluginSource], str, Path | None, AuradError | None]:
        """Plugins, what else is installed, and the FFmpeg or why there is none. Blocks."""
        found, stamp = self._installed.plugins(), self._installed.stamp()
        try:
            return found, stamp, self._installed.ffmpeg(ffmpeg), None
        except AuradError as error:
            return found, stamp, None, error

    async def _learn(self, name: str, key: str, remembered: dict[str, _Remembered], broken: dict[str, Broken]) -> None:
        if name not in remembered or remembered[name].key != key:
            try:
                remembered[name] = _Remembered(key=key, described=await self._executor.describe(name))
            except AuradError as error:
                remembered.pop(name, None)
                broken[name] = Broken(plugin=name, code=error.code, detail=error.detail, remedy=error.remedy)

    def _add_all(self, name: str, described: Initialized, tool: str) -> None:
        for info in described.stages:
            self._add(name, self.sources[name], described, info, tool)

    def _add(self, name: str, source: PluginSource, described: Initialized, info: StageInfo, tool: str) -> None:
        if (info.kind, info.name) in self.stages:
            other = self.stages[info.kind, info.name].plugin
            why = f"cannot use {name}: its {info.kind} stage {info.name!r} has the name of one of {other}"
            self.broken[name] = Broken(
                plugin=name, code="E600-PLUGIN_BROKEN", detail=why, remedy="Disable one of them."
            )
            return
        shapes = canonical([described.fingerprint, info.fingerprint])
        self.stages[info.kind, info.name] = Stage(
            plugin=name,
            version=described.version or source.version,
            fingerprint=digest(source.fingerprint.encode(), shapes, tool.encode()),
            info=info,
        )

    def find(self, kind: str, name: str, *, setting: str = "") -> Stage:
        """A stage by its name, which `setting` says; raises E104 that names those there are."""
        try:
            return self.stages[kind, name]
        except KeyError:
            known = ", ".join(sorted(n for k, n in self.stages if k == kind)) or "none"
            why = self.broken.get(name) or next((b for b in self.broken.values() if name in b.plugin), None)
            off = next((each for each in self.disabled if name in each), None)
            more = f"; {why.detail}" if why else f"; {off} is disabled" if off else ""
            detail = f"cannot find a {kind} stage {name!r}: there are {known}{more}"
            remedy = (
                f"`auractl plugins enable {off}`."
                if off
                else f"`{kind}.providers` or the job names it; see `auractl plugins`."
            )
            details = {"setting": setting} if setting else None
            raise AuradError("E104-PLUGIN", detail, remedy=remedy, details=details) from None

    def named(self, name: str) -> Iterator[Stage]:
        """Every stage of that name, or of the plugin of that name, of whatever kind."""
        return (stage for (_, own), stage in self.stages.items() if name in (own, stage.plugin))

    def in_order(self, kind: str, names: Sequence[str]) -> list[Stage]:
        """All of a kind, those of `names` first."""
        stages = [stage for (of, _), stage in self.stages.items() if of == kind]
        return sorted(stages, key=lambda one: names.index(one.info.name) if one.info.name in names else len(names))

    def described(self, stages: Iterable[Stage], what: str) -> list[str]:
        """Names that stages offer under one heading of their description: voices, themes, music."""
        found = (entry for stage in stages for entry in stage.info.describe.get(what, ()))
        return [str(entry["name"] if isinstance(entry, dict) else entry) for entry in found]

    def disabled_stages(self) -> dict[str, str]:
        """Stages of disabled plugins, as far as they are remembered, and whose they are."""
        return {info.name: plugin for plugin, one in self._memories.items() for info in one.described.stages}

    def why_off(self, kind: str, name: str) -> str:
        """Why a stage cannot be used by any job, or nothing."""
        stage = self.stages.get((kind, name))
        if stage is None:
            return "is disabled" if name in self.disabled_stages() else "is not installed"
        return f"cannot be used: {stage.info.lacks}" if stage.info.lacks else ""

    @property
    def core(self) -> Stage:
        return self.find(CORE, CORE)

    def check_options(self, options: dict[str, dict[str, Any]]) -> None:
        """Raises E104 or E102 for an option of an unknown plugin, an unknown option, or a wrong value."""
        for name, values in options.items():
            stages = list(self.named(name))
            if not stages:
                known = ", ".join(sorted({own for kind, own in self.stages if kind != CORE}))
                raise AuradError(
                    "E104-PLUGIN", f"cannot set options of {name!r}: there is no such plugin; there are {known}",
                    details={"option": name},
                )  # fmt: skip
            for stage in stages:
                _check_against(name, values, stage.info.options_schema)


def _check_against(plugin: str, values: dict[str, Any], schema: dict[str, Any]) -> None:
    import jsonschema  # loaded only when somebody sets options: it is slow to import

    shape = schema.get("$defs", {}).get(schema.get("$ref", "").rpartition("/")[2], schema)
    allowed, remedy = shape.get("properties", {}), f"`auractl plugins show {plugin}` tells the options."
    for key in values:
        if key not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise AuradError(
                "E102-OPTION", f"cannot set {plugin}.{key}: there is no such option; there are {known}", remedy=remedy,
                details={"option": f"{plugin}.{key}"},
            )  # fmt: skip
    for error in jsonschema.Draft202012Validator(schema).iter_errors(values):
        where = ".".join([plugin, *map(str, error.absolute_path)])
        why = f"cannot set {where} to {error.instance!r}: {_said(_meant(error))}"
        raise AuradError("E102-OPTION", why, remedy=remedy, details={"option": where})


def _said(error: Any) -> str:
    """Nobody shall have to read a regular expression where words say what is meant."""
    meant = error.schema.get("description") if error.validator == "pattern" else None
    return f"it is not as described: {meant}" if meant else str(error.message)


def _meant(error: Any) -> Any:
    """Of an optional value's alternatives the one that is not `null`."""
    alternatives = [one for one in error.context if one.schema != {"type": "null"}]
    return _meant(alternatives[0]) if len(alternatives) == 1 else error


def _read_memory(path: Path) -> dict[str, _Remembered]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _Remembered])
    except (OSError, msgspec.DecodeError):
        return {}  # a cache: what cannot be read is asked anew


def _write_memory(path: Path, remembered: dict[str, _Remembered]) -> None:
    with suppress(OSError):  # the next daemon asks anew
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(remembered))
        part.replace(path)
