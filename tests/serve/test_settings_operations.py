"""Settings changed while the daemon runs: what is in force at once, what waits, and that mistakes change nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurad.configuration import OWN_DROP_IN
from aurad.model.errors import AuradError
from aurad.serve.operations import TABLE
from aurad.serve.reload import reload
from tests.engine.house import House, open_house, settings
from tests.serve.test_operations import ADMIN, ask, refusal

TOYS = "".join(f"[{kind}]\nproviders = {list(names)}\n" for kind, names in settings().providers().items())


@asynccontextmanager
async def open_configured(folder: Path, more: str = "") -> AsyncIterator[House]:
    """A house that goes by files."""
    (folder / "config" / "aurad.d").mkdir(parents=True)
    (folder / "config" / "aurad.toml").write_text(TOYS + more)
    async with open_house(folder) as house:
        await reload(house.engine)
        yield house


async def put(house: House, key: str, value: object) -> Any:
    return await ask(house, "config.set", ADMIN, key=key, value=value)


def own(folder: Path) -> Path:
    return folder / "config" / "aurad.d" / OWN_DROP_IN


@pytest.mark.parametrize(
    ("method", "role"),
    [("config.get", "read"), ("config.schema", "read"), ("config.set", "admin"), ("config.reload", "admin")],
)
def test_whoever_changes_settings_is_an_admin(method: str, role: str) -> None:
    assert TABLE[method].role == role


async def test_the_next_job_goes_by_a_setting_that_was_changed(tmp_path: Path) -> None:
    async with open_configured(tmp_path) as house:
        answer = await put(house, "voice.providers", ["scripted", "tone"])
        assert answer == {
            "key": "voice.providers", "value": ["scripted", "tone"], "origin": f"{own(tmp_path)}:3",
            "path": str(own(tmp_path)), "restart": False,
        }  # fmt: skip
        job = await house.make("One sentence.", until="Voice")
        assert next(step for step in job.steps if step.name == "Voice").plugin.name == "scripted"
        assert (tmp_path / "config" / "aurad.toml").read_text() == TOYS
        await put(house, "voice.providers", None)
        assert (await ask(house, "config.get"))["settings"]["voice"]["providers"] == ["tone"]


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("store.max_gib", 3, 3.0),
        ("store.max_gib", "2.5", 2.5),
        ("finish.providers", "master,box", ["master", "box"]),
        ("defaults.voice", "5", "5"),
        ("defaults.pronounce", {"kubectl": "cube control"}, {"kubectl": "cube control"}),
        ("plugins.tone.pitch", 220, 220),
    ],
)
async def test_a_value_is_json_or_text(tmp_path: Path, key: str, value: object, read: object) -> None:
    async with open_configured(tmp_path) as house:
        assert (await put(house, key, value))["value"] == read


async def test_what_was_opened_at_the_start_waits_for_a_restart_and_says_so(tmp_path: Path) -> None:
    async with open_configured(tmp_path) as house:
        assert (await put(house, "http.bind", "127.0.0.1:1"))["restart"]
        assert (await ask(house, "config.get"))["restart"] == ["http.bind"]
        assert not (await put(house, "store.max_gib", 1))["restart"]
        assert not (await put(house, "http.bind", None))["restart"]
        assert (await ask(house, "config.get"))["restart"] == []


@pytest.mark.parametrize(
    ("key", "value", "code", "named"),
    [
        ("jobs.max_runing", 3, "E503-CONFIG", "jobs.max_runing"),
        ("jobs.max_runing", None, "E503-CONFIG", "jobs.max_runing"),
        ("jobs.max_running", 0, "E503-CONFIG", "jobs.max_running = 0"),
        ("jobs.max_running", [1], "E503-CONFIG", "jobs.max_running"),
        ("jobs", {"max_running": 1}, "E503-CONFIG", "jobs"),
        ("plugins.tone", {"pitch": 1}, "E503-CONFIG", "plugins.tone"),
        ("plugins.nobody.pitch", 1, "E104-PLUGIN", "nobody"),
        ("plugins.tone.colour", 1, "E102-OPTION", "tone.colour"),
        ("plugins.tone.pitch", "high", "E102-OPTION", "tone.pitch"),
        ("", 1, "E100-REQUEST", "key"),
    ],
)
async def test_what_cannot_be_used_is_named_and_not_written(
    tmp_path: Path, key: str, value: object, code: str, named: str
) -> None:
    async with open_configured(tmp_path) as house:
        before = await ask(house, "config.get")
        error = await refusal(house, "config.set", ADMIN, key=key, value=value)
        assert (error.code, named in error.detail) == (code, True), error.detail
        assert not own(tmp_path).exists()
        assert await ask(house, "config.get") == before


async def test_a_wrong_file_is_named_and_the_settings_of_before_stay(tmp_path: Path) -> None:
    async with open_configured(tmp_path) as house:
        wrong = tmp_path / "config" / "aurad.d" / "20-wrong.toml"
        wrong.write_text("\n[voice]\nproviders = []\n")
        error = await refusal(house, "config.reload", ADMIN)
        assert f"voice.providers = [] ({wrong}:3)" in error.detail
        assert error.details == {"key": "voice.providers", "origin": f"{wrong}:3"}
        assert (await house.make("One sentence.")).status.value == "Succeeded"
        assert (await refusal(house, "config.set", ADMIN, key="store.max_gib", value=1)).detail == error.detail
        assert not own(tmp_path).exists()


async def test_files_are_read_again_presets_too(tmp_path: Path) -> None:
    async with open_configured(tmp_path) as house:
        (tmp_path / "config" / "aurad.toml").write_text(TOYS + "[workers]\ncpu = 7\n[store]\nmax_gib = 5\n")
        (tmp_path / "config" / "presets").mkdir()
        (tmp_path / "config" / "presets" / "mine.toml").write_text('description = "Mine."\nfps = 25\n')
        answer = await ask(house, "config.reload", ADMIN)
        assert answer == {"changed": ["store.max_gib", "workers.cpu"], "restart": ["workers.cpu"]}
        assert "mine" in [preset["name"] for preset in (await ask(house, "catalog.presets"))["presets"]]
        assert (await house.make("One sentence.", preset="mine")).status.value == "Succeeded"
        assert (await ask(house, "config.reload", ADMIN))["changed"] == []


async def test_it_is_told_when_another_source_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURAD_STORE__MAX_GIB", "9")
    async with open_configured(tmp_path) as house:
        answer = await put(house, "store.max_gib", 1)
        assert (answer["value"], answer["origin"]) == (9, "environment AURAD_STORE__MAX_GIB")


async def test_changes_that_come_together_are_all_kept(tmp_path: Path) -> None:
    async with open_configured(tmp_path) as house:
        async with trio.open_nursery() as nursery:
            for key, value in (("store.max_gib", 1), ("jobs.keep_count", 2), ("jobs.keep_days", 3)):
                nursery.start_soon(put, house, key, value)
        now = house.engine.settings
        assert (now.store.max_gib, now.jobs.keep_count, now.jobs.keep_days) == (1, 2, 3)


@pytest.mark.parametrize("option", ["key", "api_key", "access-token", "PASSWORD", "client_secret"])
async def test_an_option_that_may_be_a_password_is_not_shown(tmp_path: Path, option: str) -> None:
    async with open_configured(tmp_path, f'[plugins.tone]\n{option} = "hunter2!"\nvoice_name = "eva"\n') as house:
        shown = (await ask(house, "config.get"))["settings"]["plugins"]["tone"]
        assert shown == {option: "***", "voice_name": "eva"}
        detail = await ask(house, "plugins.get", name="tone")
        assert detail["options"] == {"tone": shown}


async def test_the_schema_describes_every_setting(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        schema = await ask(house, "config.schema")
        assert "disabled" in msgspec.json.encode(schema).decode()


async def test_reload_raises_what_a_signal_handler_can_tell(tmp_path: Path) -> None:
    async with open_configured(tmp_path) as house:
        (tmp_path / "config" / "aurad.toml").write_text("[jobs\n")
        with pytest.raises(AuradError, match=r"aurad\.toml") as caught:
            await reload(house.engine)
        assert caught.value.code == "E503-CONFIG"


async def test_what_is_wrong_with_the_files_now_is_why_the_defaults_are_in_force(tmp_path: Path) -> None:
    broken = AuradError("E503-CONFIG", "cannot use the old thing")
    async with open_house(tmp_path, private=False, broken=broken) as house:
        file = house.engine.folders.settings_file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[jobs]\nnew = 1\n")
        assert (await refusal(house, "config.reload", ADMIN)).code == "E503-CONFIG"
        told = house.engine.holds.broken
        assert told is not None
        assert "jobs.new = 1" in told.detail
        file.write_text("")
        await ask(house, "config.reload", ADMIN)
        assert house.engine.holds.broken is None
