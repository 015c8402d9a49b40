"""A name is promised once its folder is synced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aurad.configuration import set_value
from aurad.durable import make_folder, sync
from aurad.engine.secrets import write_private
from aurad.engine.store import Store
from aurad.model.folders import Folders


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths that were synced, in order."""
    paths, real = [], os.fsync

    def fsync(fd: int) -> None:
        paths.append(os.readlink(f"/proc/self/fd/{fd}"))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def test_every_folder_that_was_made_is_entered_for_good(tmp_path: Path, synced: list[str]) -> None:
    make_folder(tmp_path / "a" / "b")
    assert synced == [str(tmp_path), str(tmp_path / "a")]


def test_one_that_is_there_may_have_been_made_just_before_a_crash(tmp_path: Path, synced: list[str]) -> None:
    make_folder(tmp_path)
    assert synced == [str(tmp_path.parent)]


def test_a_folder_in_one_that_we_may_not_read_is_good_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path, flags: int) -> int:
        raise PermissionError(folder)

    monkeypatch.setattr(os, "open", refuse)
    make_folder(tmp_path)
    with pytest.raises(PermissionError):
        sync(tmp_path)


async def test_a_new_folder_of_objects_is_entered_before_its_object(tmp_path: Path, synced: list[str]) -> None:
    store = Store(tmp_path)
    synced.clear()
    artifact = await store.put_bytes(b"one", "text/plain")
    shelf = store.path(artifact.sha256).parent
    assert synced[1:] == [str(shelf.parent), str(shelf)]  # the first is the file itself


def test_a_private_file_is_there_for_good(tmp_path: Path, synced: list[str]) -> None:
    write_private(tmp_path / "secrets.json", b"{}")
    assert synced[-1] == str(tmp_path)


def test_a_setting_is_there_for_good_with_the_folder_that_was_made_for_it(tmp_path: Path, synced: list[str]) -> None:
    places = Folders(**{name: tmp_path / name for name in ("state", "cache", "config", "runtime", "logs")})
    path = set_value(places, "jobs.max_running", "2")
    assert [Path(each) for each in synced if "." not in Path(each).name] == [tmp_path, path.parent.parent]
    assert synced[-1] == str(path.parent)


async def test_folders_of_objects_that_were_there_are_entered_at_once(tmp_path: Path, synced: list[str]) -> None:
    await Store(tmp_path).put_bytes(b"one", "text/plain")
    synced.clear()
    store = Store(tmp_path)
    assert str(tmp_path / "objects") in synced
    synced.clear()
    artifact = await store.put_bytes(b"one", "text/plain")
    assert synced[1:] == [str(store.path(artifact.sha256).parent)]
