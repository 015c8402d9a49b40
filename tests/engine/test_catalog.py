"""What the installed stages can do: asked once, remembered, and broken plugins listed with their reason."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from aurad.engine.catalog import Catalog, Installed
from aurad.engine.options import check_merged
from aurad.hooks.registry import PluginSource
from aurad.model.errors import AuradError
from aurad.model.settings import Catalogue, Settings, Tools
from aurad.wire.worker import API, Initialized, StageInfo


class Workers:
    """Says of each plugin what a test wants; an error is raised. Later names answer first."""

    def __init__(self, **plugins: Initialized | AuradError) -> None:
        self.ffmpeg, self.asked, self.plugins = "", list[str](), plugins

    async def describe(self, plugin: str) -> Initialized:
        self.asked.append(plugin)
        for _ in range(ord("z") - ord(plugin[0])):
            await trio.lowlevel.checkpoint()
        said = self.plugins[plugin]
        if isinstance(said, AuradError):
            raise said
        return said

    async def run(self, plugin: str, call: object, emit: object) -> Any:
        raise AssertionError

    def renew(self, plugin: str) -> None:
        """There are no processes to hold old code."""

    def spare(self, plugin: str) -> None:
        """Nor any to let go."""

    def warm(self, plugin: str) -> None:
        """Nor to start."""


SCHEMA = {
    "type": "object",
    "properties": {
        "pitch": {"type": "integer", "minimum": 1},
        "tint": {"type": "string", "pattern": "^#[0-9a-f]{6}$", "description": "colour, #rrggbb"},
    },
}


def says(*stages: str, fingerprint: str = "", kind: str = "voice") -> Initialized:
    infos = tuple(StageInfo(kind=kind, name=name, methods=("speak",), options_schema=SCHEMA) for name in stages)
    return Initialized(api=API, plugin="p", version="1", stages=infos, fingerprint={"model": fingerprint})


class Machine:
    """What is installed; a test changes it."""

    def __init__(self, folder: Path, **plugins: Initialized | AuradError) -> None:
        self.folder, self.workers, self.stamp = folder, Workers(**plugins), "stamp"
        self.fingerprints = dict.fromkeys(plugins, "1")
        self.ffmpeg: AuradError | Path = Path("/bin/true")

    def open(self) -> Catalog:
        installed = Installed(plugins=self._plugins, stamp=lambda: self.stamp, ffmpeg=self._find_ffmpeg)
        return Catalog(self.workers, self.folder / "stages.json", Settings(), installed)

    def _plugins(self) -> dict[str, PluginSource]:
        return {
            name: PluginSource(
                name=name, module=name, distribution="d", version="1", fingerprint=self.fingerprints[name]
            )
            for name in sorted(self.workers.plugins)
        }

    def _find_ffmpeg(self, configured: str) -> Path:
        if isinstance(self.ffmpeg, AuradError):
            raise self.ffmpeg
        return self.ffmpeg


async def load(machine: Machine) -> Catalog:
    catalog = machine.open()
    await catalog.load()
    return catalog


BROKEN = AuradError("E600-PLUGIN_BROKEN", "cannot load the plugin b: no such model")


async def test_a_broken_plugin_is_listed_and_the_others_work(tmp_path: Path) -> None:
    catalog = await load(Machine(tmp_path, a=says("anna"), b=BROKEN))
    assert catalog.find("voice", "anna").plugin == "a"
    assert (catalog.broken["b"].code, catalog.broken["b"].detail) == (BROKEN.code, BROKEN.detail)
    with pytest.raises(AuradError, match=r"there are anna; .*no such model") as caught:
        catalog.find("voice", "b")
    assert caught.value.code == "E104-PLUGIN"
    assert ".providers` or the job names it" in caught.value.remedy


async def test_what_is_remembered_starts_no_worker(tmp_path: Path) -> None:
    machine = Machine(tmp_path, a=says("anna"), c=says("cid"))
    first = await load(machine)
    assert sorted(machine.workers.asked) == ["a", "c"]
    await first.load()
    second = await load(machine)
    assert sorted(machine.workers.asked) == ["a", "c"]
    assert second.stages == first.stages


async def test_a_broken_plugin_is_asked_again_by_the_next_daemon(tmp_path: Path) -> None:
    machine = Machine(tmp_path, a=says("anna"), b=BROKEN)
    await load(machine)
    machine.workers.plugins["b"] = says("bert")
    catalog = await load(machine)
    assert sorted(machine.workers.asked) == ["a", "b", "b"]
    assert catalog.find("voice", "bert")
    assert catalog.broken == {}


@pytest.mark.parametrize(("change", "asked"), [("plugin", ["a"]), ("environment", ["a", "c"]), ("ffmpeg", ["a", "c"])])
async def test_what_changed_is_asked_anew(tmp_path: Path, change: str, asked: list[str]) -> None:
    machine = Machine(tmp_path, a=says("anna"), c=says("cid"))
    catalog = await load(machine)
    machine.workers.asked.clear()
    match change:
        case "plugin":
            machine.fingerprints["a"] = "2"
        case "environment":
            machine.stamp = "other"
        case "ffmpeg":
            machine.ffmpeg = Path("/bin/false")
    await catalog.load()
    assert sorted(machine.workers.asked) == asked


@pytest.mark.parametrize("change", ["sources", "said", "ffmpeg"])
async def test_a_stages_fingerprint_holds_all_that_shapes_it(tmp_path: Path, change: str) -> None:
    machine = Machine(tmp_path, a=says("anna"))
    catalog = await load(machine)
    before = catalog.find("voice", "anna").fingerprint
    match change:
        case "sources":
            machine.fingerprints["a"] = "2"
        case "said":
            machine.stamp, machine.workers.plugins["a"] = "other", says("anna", fingerprint="model 2")
        case "ffmpeg":
            machine.ffmpeg = Path("/bin/false")
    await catalog.load()
    assert catalog.find("voice", "anna").fingerprint != before


async def test_of_two_stages_of_one_name_the_first_plugin_wins_always(tmp_path: Path) -> None:
    catalog = await load(Machine(tmp_path, a=says("anna"), z=says("anna", "zoe")))
    assert catalog.find("voice", "anna").plugin == "a"
    assert catalog.find("voice", "zoe").plugin == "z"
    assert "has the name of one of a" in catalog.broken["z"].detail


async def test_one_name_may_be_used_for_two_kinds(tmp_path: Path) -> None:
    catalog = await load(Machine(tmp_path, a=says("x"), b=says("x", kind="visuals")))
    assert (catalog.find("voice", "x").plugin, catalog.find("visuals", "x").plugin) == ("a", "b")
    assert catalog.broken == {}


async def test_what_is_gone_is_gone(tmp_path: Path) -> None:
    machine = Machine(tmp_path, a=says("anna"), c=says("cid"))
    catalog = await load(machine)
    del machine.workers.plugins["c"]
    await catalog.load()
    assert set(catalog.stages) == {("voice", "anna")}


async def test_a_disk_without_room_for_what_is_remembered_fails_no_job(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    catalog = await load(Machine(tmp_path / "file", a=says("anna")))
    assert catalog.find("voice", "anna").plugin == "a"


async def test_two_who_look_at_once_look_once(tmp_path: Path, nursery: trio.Nursery) -> None:
    machine = Machine(tmp_path, a=says("anna"))
    catalog = machine.open()
    async with trio.open_nursery() as both:
        both.start_soon(catalog.load)
        both.start_soon(catalog.load)
    assert machine.workers.asked == ["a"]


async def test_all_who_wait_for_a_look_share_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that had begun before they came may have missed what they are to see."""
    machine, looks, go_on = Machine(tmp_path, a=says("anna")), list[str](), threading.Event()

    def look(configured: str) -> Path:
        looks.append(configured)
        go_on.wait(10)
        return Path("/bin/true")

    monkeypatch.setattr(machine, "_find_ffmpeg", look)
    catalog = machine.open()
    async with trio.open_nursery() as all_of_them:
        all_of_them.start_soon(catalog.load)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(4):
            all_of_them.start_soon(catalog.load)
        await trio.testing.wait_all_tasks_blocked()
        go_on.set()
    assert len(looks) == 2


async def test_a_look_is_enough_for_all_who_ask_soon_after(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    machine = Machine(tmp_path, a=says("x"))
    catalog = machine.open()
    await catalog.load(within=1.0)
    machine.ffmpeg = AuradError("E305-FFMPEG_MISSING", "gone")
    await catalog.load(within=1.0)
    assert catalog.ffmpeg_error is None
    catalog.adopt(Settings(tools=Tools(ffmpeg="/other")))
    await catalog.load(within=1.0)
    assert catalog.ffmpeg_error
    machine.ffmpeg = Path("/bin/true")
    await catalog.load()
    assert catalog.ffmpeg_error is None
    machine.ffmpeg = AuradError("E305-FFMPEG_MISSING", "gone")
    await trio.sleep(1.0)
    await catalog.load(within=1.0)
    assert catalog.ffmpeg_error


@pytest.mark.parametrize("memory", [b"", b"{", b'{"a": 1}', b"\xff"])
async def test_a_memory_that_cannot_be_read_is_no_harm(tmp_path: Path, memory: bytes) -> None:
    (tmp_path / "stages.json").write_bytes(memory)
    assert (await load(Machine(tmp_path, a=says("anna")))).find("voice", "anna")


async def test_without_ffmpeg_stages_are_listed_all_the_same(tmp_path: Path) -> None:
    machine = Machine(tmp_path, a=says("anna"))
    machine.ffmpeg = AuradError("E305-FFMPEG_MISSING", "cannot find FFmpeg")
    catalog = await load(machine)
    assert catalog.find("voice", "anna")
    assert catalog.ffmpeg_error is machine.ffmpeg
    machine.ffmpeg = Path("/bin/true")
    await catalog.load()
    assert (catalog.ffmpeg_error, machine.workers.ffmpeg) == (None, "/bin/true")


@pytest.mark.parametrize(
    ("options", "code", "names"),
    [
        ({"nobody": {}}, "E104-PLUGIN", "anna"),
        ({"anna": {"pich": 1}}, "E102-OPTION", "anna.pich"),
        ({"a": {"pitch": "high"}}, "E102-OPTION", "a.pitch to 'high'"),
        ({"anna": {"pitch": 0}}, "E102-OPTION", "anna.pitch to 0"),
        ({"anna": {"tint": "red"}}, "E102-OPTION", "anna.tint to 'red': it is not as described: colour, #rrggbb"),
    ],
)
async def test_wrong_options_are_named(tmp_path: Path, options: Any, code: str, names: str) -> None:
    catalog = await load(Machine(tmp_path, a=says("anna")))
    catalog.check_options({"anna": {"pitch": 3}, "a": {}})
    with pytest.raises(AuradError, match=names) as caught:
        catalog.check_options(options)
    assert caught.value.code == code


@pytest.mark.parametrize("own", [{}, {"anna": {"tint": "#000000"}}])
@pytest.mark.parametrize("merged", [{"anna": {"pitch": 0}}, {"anna": {"pich": 1}}, {"nobody": {}}])
async def test_a_wrong_option_that_the_job_did_not_name_is_told_to_be_of_a_file(
    tmp_path: Path, merged: Any, own: Any
) -> None:
    catalog = await load(Machine(tmp_path, a=says("anna")))
    for named, elsewhere in ((own, True), (merged, False)):
        with pytest.raises(AuradError, match="cannot set") as caught:
            check_merged(catalog, merged, named)
        assert ("settings or the preset" in caught.value.detail) is elsewhere
        assert ("config show plugins --origin" in caught.value.remedy) is elsewhere


async def test_workers_of_a_plugin_that_is_gone_or_changed_serve_no_more(tmp_path: Path) -> None:
    machine = Machine(tmp_path, a=says("one"), b=says("two"), c=says("three"))
    renewed: list[str] = []
    machine.workers.renew = renewed.append  # type: ignore[method-assign]
    catalog = await load(machine)
    machine.fingerprints["b"] = "2"
    del machine.workers.plugins["c"]
    await catalog.load()
    assert sorted(renewed) == ["b", "c"]


async def test_a_disabled_plugin_is_not_even_started(tmp_path: Path) -> None:
    machine = Machine(tmp_path, a=says("one"), b=says("two"))
    catalog = machine.open()
    off = Settings(catalog=Catalogue(disabled=("b", "nobody", "core")))
    catalog.adopt(off)
    await catalog.load()
    assert (machine.workers.asked, list(catalog.disabled), list(catalog.sources)) == (["a"], ["b"], ["a"])
    assert catalog.disabled_stages() == {}
    catalog.adopt(Settings())
    await catalog.load()
    assert machine.workers.asked == ["a", "b"]
    catalog.adopt(off)
    await catalog.load()
    assert (catalog.disabled_stages(), "b is disabled" in _refused(catalog)) == ({"two": "b"}, True)
    catalog.adopt(Settings())
    await catalog.load()
    assert (machine.workers.asked, catalog.find("voice", "two").plugin) == (["a", "b"], "b")  # remembered


def _refused(catalog: Catalog) -> str:
    with pytest.raises(AuradError) as caught:
        catalog.find("voice", "b")
    return caught.value.detail
