"""Settings and presets on disk."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

import pytest

from aurad.configuration import FILE_LIMIT, load_presets, load_settings, load_usable, set_value, stamp
from aurad.model.brief import Brief
from aurad.model.errors import AuradError
from aurad.model.folders import Folders
from aurad.model.job import JobSettings
from aurad.model.recipe import resolve
from aurad.model.settings import Settings


@pytest.fixture
def places(tmp_path: Path) -> Folders:
    return Folders(state=tmp_path, cache=tmp_path, config=tmp_path / "config", runtime=tmp_path, logs=tmp_path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_files_there_are_the_defaults(places: Folders) -> None:
    assert load_settings(places, environ={}).settings == Settings()


def test_the_order_of_sources(places: Folders) -> None:
    write(places.settings_file, "[jobs]\nmax_running = 2\nmax_queued = 2\nkeep_days = 2\n[store]\nmax_gib = 2\n")
    write(places.drop_ins / "10-a.toml", "[jobs]\nmax_queued = 3\nkeep_days = 3\n[store]\nmax_gib = 3\n")
    write(places.drop_ins / "20-b.toml", "[jobs]\nkeep_days = 4\n[store]\nmax_gib = 4\n")
    write(places.drop_ins / "ignored.txt", "nonsense")
    loaded = load_settings(places, environ={"AURAD_STORE__MAX_GIB": "5"}, flags={"store.max_age_days": "6"})
    jobs, store = loaded.settings.jobs, loaded.settings.store
    assert (jobs.max_running, jobs.max_queued, jobs.keep_days) == (2, 3, 4)
    assert (store.max_gib, store.max_age_days) == (5, 6)
    assert loaded.origins["jobs.max_queued"] == f"{places.drop_ins}/10-a.toml:2"


def test_a_wrong_file_is_named(places: Folders) -> None:
    write(places.drop_ins / "10-a.toml", "\n[jobs]\nmax_runing = 3\n")
    with pytest.raises(AuradError, match=re.escape(f"jobs.max_runing = 3 ({places.drop_ins}/10-a.toml:3)")):
        load_settings(places, environ={})


def test_a_file_that_cannot_be_read_is_named(places: Folders) -> None:
    places.settings_file.mkdir(parents=True)
    with pytest.raises(AuradError, match=re.escape(f"cannot read {places.settings_file}: Is a directory")):
        load_settings(places, environ={})


def test_a_place_that_cannot_be_looked_into_is_named(places: Folders) -> None:
    """Files where folders belong: root, who may look into any folder, cannot look into these either."""
    for folder, read in ((places.presets, load_presets), (places.drop_ins, settings_of), (places.config, settings_of)):
        if folder == places.config:
            shutil.rmtree(folder)
        write(folder, "")
        with pytest.raises(AuradError, match=rf"cannot read {folder}\S*: Not a directory") as caught:
            read(places)
        assert caught.value.code == "E503-CONFIG"
        assert load_usable(places, environ={}).broken
        assert stamp(places)
    with pytest.raises(AuradError, match=r"cannot read .*: Not a directory"):
        set_value(places, "store.max_gib", "3")


def settings_of(places: Folders) -> Settings:
    return load_settings(places, environ={}).settings


def test_a_drop_in_that_leads_nowhere_is_named(places: Folders) -> None:
    places.drop_ins.mkdir(parents=True)
    link = places.drop_ins / "10-a.toml"
    link.symlink_to("gone")
    with pytest.raises(AuradError, match=re.escape(f"cannot read {link}: No such file")):
        load_settings(places, environ={})


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[store]\nnope = 3\n", 2, "there is no such setting"),
        ("[jobs]\n\nmax_running = 'many'\n", 3, "max_running"),
        ("[store]\nmax_gib 3\n", 2, "cannot read"),
    ],
)
def test_with_a_broken_file_there_are_the_defaults_and_the_reason(
    places: Folders, text: str, line: int, said: str
) -> None:
    write(places.settings_file, text)
    settings, presets, broken = load_usable(places, environ={"AURAD_STORE__MAX_GIB": "5"})
    assert (settings.store.max_gib, settings.jobs) == (5, Settings().jobs)
    assert "youtube-1080p" in presets
    assert broken is not None
    assert said in broken.detail
    assert "defaults are in force" in broken.detail
    assert broken.remedy
    assert broken.details["origin"] == f"{places.settings_file}:{line}"
    write(places.settings_file, "")
    assert load_usable(places, environ={}).broken is None


def test_with_a_broken_preset_or_environment_there_are_those_that_came_along(places: Folders) -> None:
    write(places.presets / "mine.toml", "nope = 3\n")
    assert "mine" not in load_usable(places, environ={}).presets
    usable = load_usable(places, environ={"AURAD_NOPE__X": "5"})
    assert (usable.settings, usable.broken and usable.broken.code) == (Settings(), "E503-CONFIG")


def test_set_value_writes_only_its_own_drop_in(places: Folders) -> None:
    write(places.settings_file, "# mine\n[jobs]\nmax_running = 2\n")
    path = set_value(places, "jobs.max_running", "3")
    assert set_value(places, "defaults.voice", 'Ada "x"') == path
    loaded = load_settings(places, environ={})
    assert (loaded.settings.jobs.max_running, loaded.settings.defaults.voice) == (3, 'Ada "x"')
    assert loaded.origins["jobs.max_running"].startswith(f"{path}:")
    assert places.settings_file.read_text() == "# mine\n[jobs]\nmax_running = 2\n"
    assert [file.name for file in places.drop_ins.iterdir()] == ["90-auractl.toml"]
    set_value(places, "jobs.max_running", None)
    assert load_settings(places, environ={}).settings.jobs.max_running == 2


def test_a_refused_value_leaves_the_drop_in_as_it_was(places: Folders) -> None:
    path = set_value(places, "jobs.max_running", "3")
    before = path.read_bytes()
    with pytest.raises(AuradError, match=r"jobs\.max_running = 0"):
        set_value(places, "jobs.max_running", "0")
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(places: Folders) -> None:
    places.config.mkdir()
    places.drop_ins.symlink_to("gone")
    with pytest.raises(AuradError, match=r"cannot write .*90-auractl\.toml"):
        set_value(places, "jobs.max_running", "3")


def test_the_presets_that_came_with_aurad_all_resolve(places: Folders) -> None:
    presets = load_presets(places)
    assert set(presets) == {"youtube-1080p", "youtube-4k", "shorts", "square", "portrait-4x5", "podcast-video", "draft"}
    sizes = {
        name: (recipe.canvas.width, recipe.canvas.height)
        for name in presets
        for recipe in [resolve(Brief(topic="bees"), JobSettings(preset=name), Settings(), presets)]
    }
    assert sizes["youtube-1080p"] == (1920, 1080)
    assert sizes["youtube-4k"] == (3840, 2160)
    assert sizes["shorts"] == (1080, 1920)
    assert sizes["square"] == (1080, 1080)
    assert sizes["portrait-4x5"] == (1080, 1350)
    assert presets["podcast-video"].loudness == -16
    assert presets["shorts"].captions == "burn"
    assert all(preset.description for preset in presets.values())


def test_a_user_s_preset_wins_over_one_of_the_same_name(places: Folders) -> None:
    write(places.presets / "draft.toml", "fps = 10\n")
    write(places.presets / "mine.toml", 'theme = "ink"\n')
    presets = load_presets(places)
    assert (presets["draft"].fps, presets["mine"].theme) == (10, "ink")


def test_a_full_disk_leaves_the_drop_in_as_it_was_and_no_part_of_a_new_one(
    places: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = set_value(places, "jobs.max_running", "3")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AuradError, match="No space left on device"):
        set_value(places, "jobs.max_running", "2")
    assert path.read_bytes() == before
    assert list(places.drop_ins.iterdir()) == [path]


def test_a_file_that_is_no_settings_file_by_its_size_is_refused(places: Folders) -> None:
    write(places.settings_file, "#" * (FILE_LIMIT + 1))
    with pytest.raises(AuradError, match="it is over 1048576 bytes"):
        load_settings(places, environ={})
