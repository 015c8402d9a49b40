"""The content store: what goes in comes out as it was, or is called damaged; pins, workspaces, full disks."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.engine import store as module
from aurad.engine.store import Damaged, Store
from aurad.model.errors import AuradError


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


def damage(store: Store, name: str) -> None:
    path = store.path(name)
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)


def leftovers(store: Store) -> list[Path]:
    return list(store.work.iterdir())


async def test_a_file_is_known_by_its_content(store: Store, source: Path) -> None:
    artifact = await store.put(source, "text/plain")
    assert (artifact.sha256, artifact.size_bytes, artifact.media_type) == (sha256(b"content"), 7, "text/plain")
    path = await store.check(artifact.sha256)
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o444
    assert await store.put_bytes(b"content", "text/plain") == artifact
    assert [(name, size) for name, size, _ in store.objects()] == [(artifact.sha256, 7)]
    assert leftovers(store) == []


async def test_a_descriptor_is_copied_and_stays_open(store: Store, source: Path) -> None:
    descriptor = os.open(source, os.O_RDONLY)
    artifact = await store.put(descriptor, "text/plain")
    os.close(descriptor)
    source.write_bytes(b"changed")  # noqa: ASYNC240
    assert (await store.check(artifact.sha256)).read_bytes() == b"content"


async def test_a_source_that_changes_meanwhile_is_stored_as_it_was_read(
    store: Store, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever came out of it, name and bytes agree."""
    copy = module._copy

    def changing(file: BinaryIO, part: BinaryIO) -> tuple[str, int]:
        first, source_now = file.read(3), source.open("r+b")
        with source_now:
            source_now.write(b"CHANGED")
        file.seek(0)
        return copy(file, part) if first else ("", 0)

    monkeypatch.setattr(module, "_copy", changing)
    artifact = await store.put(source, "text/plain")
    assert sha256((await store.check(artifact.sha256)).read_bytes()) == artifact.sha256


async def test_what_is_not_as_promised_is_refused_and_not_kept(store: Store, source: Path) -> None:
    with pytest.raises(AuradError, match=sha256(b"content")) as caught:
        await store.put(source, "text/plain", expected=sha256(b"other"))
    assert caught.value.code == "E308-RESULT"
    assert list(store.objects()) == []
    assert leftovers(store) == []


async def test_a_damaged_object_is_noticed_also_if_its_size_is_the_same(store: Store, source: Path) -> None:
    name = (await store.put(source, "text/plain")).sha256
    damage(store, name)
    assert store.has(name, 7)
    with pytest.raises(Damaged) as caught:
        await store.check(name)
    assert caught.value.sha256 == name


async def test_putting_again_repairs_what_was_damaged(tmp_path: Path, store: Store, source: Path) -> None:
    name = (await store.put(source, "text/plain")).sha256
    for again in (store, Store(tmp_path / "store")):
        damage(store, name)
        await again.put(source, "text/plain")
        assert (await again.check(name)).read_bytes() == b"content"


@pytest.mark.parametrize("size", [7, 2 * module.SMALL])
async def test_bytes_are_pinned_and_repair_what_was_damaged(store: Store, size: int) -> None:
    with store.pinned() as pins:
        name = (await store.put_bytes(b"x" * size, "text/plain", pins)).sha256
        assert pins == {name}
    with store.pinned() as pins:
        damage(store, name)
        store.path(name).write_bytes(b"y" * size)
        await store.put_bytes(b"x" * size, "text/plain", pins)
        assert (pins, (await store.check(name)).read_bytes()) == ({name}, b"x" * size)


async def test_bytes_that_are_there_are_pinned_and_not_written_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = await store.put_bytes(b"content", "text/plain")
    monkeypatch.setattr(module, "_copy", None)
    with store.pinned() as pins:
        assert await store.put_bytes(b"content", "text/plain", pins) == artifact
        assert pins == {artifact.sha256}


async def test_a_missing_object_is_damaged(store: Store, source: Path) -> None:
    name = (await store.put(source, "text/plain")).sha256
    store.discard(name)
    store.discard(name)
    assert not store.has(name, 7)
    with pytest.raises(Damaged):
        await store.check(name)


async def test_an_object_is_hashed_once_until_it_changes(
    store: Store, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = (await store.put(source, "text/plain")).sha256
    monkeypatch.setattr(hashlib, "file_digest", None)
    await store.check(name)
    monkeypatch.undo()
    os.utime(store.path(name))
    await store.check(name)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2)), max_size=12))
def test_pins_are_counted_by_holder(steps: list[tuple[str, int]]) -> None:
    store = Store.__new__(Store)
    store._pins = module.collections.Counter()
    expected: set[str] = set()
    with store.pinned() as first, store.pinned() as second:
        for name, holder in steps:
            store.pin((first, second)[holder % 2], name)
            expected.add(name)
        assert {name for name in "ab" if store.is_pinned(name)} == expected
        with store.pinned() as third:
            store.pin(third, "a")
        assert store.is_pinned("a") == ("a" in expected)
    assert not any(store.is_pinned(name) for name in "ab")


async def test_a_workspace_is_private_empty_and_gone_afterwards(store: Store) -> None:
    with store.workspace() as first, store.workspace() as second:
        assert first != second
        assert list(first.iterdir()) == []
        assert first.stat().st_dev == store.path("00").parent.parent.stat().st_dev
        assert first.stat().st_mode & 0o077 == 0
        (first / "sub").mkdir()
        (first / "sub/file").touch()
    assert leftovers(store) == []


def test_what_a_killed_daemon_left_half_made_is_removed(tmp_path: Path) -> None:
    old = Store(tmp_path / "store")
    (old.work / "tmp123").mkdir()
    (old.work / "tmp123/half").touch()
    (old.work / "part").touch()
    assert leftovers(Store(tmp_path / "store")) == []


def full(*_: object, **__: object) -> tuple[str, int]:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def over_quota(*_: object, **__: object) -> tuple[str, int]:
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


@pytest.mark.parametrize("fail", [full, over_quota])
async def test_a_full_disk_is_told_and_leaves_nothing(
    store: Store, source: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., tuple[str, int]]
) -> None:
    monkeypatch.setattr(module, "_copy", fail)
    with pytest.raises(AuradError, match="cannot store a file") as caught:
        await store.put(source, "text/plain")
    assert caught.value.code == "E501-DISK"
    assert leftovers(store) == []
    assert list(store.objects()) == []


async def test_a_full_disk_is_told_for_bytes_and_workspaces_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_copy", full)
    with pytest.raises(AuradError) as caught:
        await store.put_bytes(b"content", "text/plain")
    assert caught.value.code == "E501-DISK"
    monkeypatch.setattr(module.tempfile, "mkdtemp", full)
    with pytest.raises(AuradError) as caught, store.workspace():
        raise AssertionError
    assert caught.value.code == "E501-DISK"


async def test_what_cannot_be_read_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(AuradError, match="No such file") as caught:
        await store.put(tmp_path / "nothing", "text/plain")
    assert caught.value.code == "E500-INTERNAL"
