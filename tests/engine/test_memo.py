"""Results by digest, and what the collector takes: the old and the too much, never what somebody needs."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aurad.engine import memo as module
from aurad.engine.journal import Journal, open_journal
from aurad.engine.memo import Memo
from aurad.engine.store import Store
from aurad.model.artifact import Artifact
from tests.engine.test_journal import add_job

SIZE = 1000
HOUR = 3600.0
ALL = 10**9


class Shelf:
    """A journal, a store and the results in them, aged at will."""

    def __init__(self, journal: Journal, store: Store) -> None:
        self.journal, self.store, self.memo = journal, store, Memo(journal, store)

    async def file(self, name: str, *, hours: float = 0.0) -> Artifact:
        artifact = await self.store.put_bytes(name.encode().ljust(SIZE), "text/plain")
        then = time.time() - hours * HOUR
        os.utime(self.store.path(artifact.sha256), (then, then))
        return artifact

    async def result(self, digest: str, *names: str, hours: float = 0.0) -> list[Artifact]:
        files = [await self.file(name, hours=hours) for name in names]
        await self.memo.record(digest, b"1", files)
        await self.write("UPDATE results SET used_at = ? WHERE digest = ?", time.time() - hours * HOUR, digest)
        self.memo = Memo(self.journal, self.store)
        return files

    async def write(self, sql: str, *parameters: Any) -> None:
        await self.journal.commit(lambda connection: connection.execute(sql, parameters))

    async def known(self) -> list[str]:
        return [row[0] for row in await self.journal.read("SELECT digest FROM results ORDER BY digest")]

    def holds(self, artifact: Artifact) -> bool:
        return self.store.has(artifact.sha256, SIZE)


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with open_journal(tmp_path / "j") as journal:
        yield Shelf(journal, Store(tmp_path / "store"))


async def test_a_result_is_found_with_its_files_pinned(shelf: Shelf) -> None:
    files = await shelf.result("d", "a", "b")
    with shelf.store.pinned() as pins:
        assert await shelf.memo.find("d", pins) == b"1"
        assert pins == {file.sha256 for file in files}
    assert await shelf.memo.find("other", set()) is None


async def test_what_was_used_lately_is_known_without_the_disk(shelf: Shelf) -> None:
    files = await shelf.result("old", "a")
    assert shelf.memo.recall("old", set()) is None
    with shelf.store.pinned() as pins:
        assert await shelf.memo.find("old", pins) == b"1"
    await shelf.memo.record("new", b"2", [])
    with shelf.store.pinned() as pins:
        assert (shelf.memo.recall("old", pins), shelf.memo.recall("new", pins)) == (b"1", b"2")
        assert pins == {file.sha256 for file in files}
    shelf.store.discard(files[0].sha256)
    assert shelf.memo.recall("old", set()) is None
    await shelf.journal.commit()
    assert await shelf.known() == ["new"]


async def test_what_is_forgotten_is_not_recalled(shelf: Shelf) -> None:
    file = await shelf.file("a")
    for digest in ("dropped", "damaged"):
        await shelf.memo.record(digest, b"1", [file])
    await shelf.memo.drop("dropped")
    assert shelf.memo.recall("dropped", set()) is None
    await shelf.memo.forget_file(file.sha256)
    await shelf.file("a")
    assert shelf.memo.recall("damaged", set()) is None


async def test_what_is_recalled_is_bounded(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECENT", 2)
    for digest, output in (("a", b"1"), ("b", b"1"), ("large", bytes(module.SMALL + 1)), ("c", b"1")):
        shelf.memo.recall("a", set())
        await shelf.memo.record(digest, output, [])
    found = {digest for digest in ("a", "b", "large", "c") if shelf.memo.recall(digest, set())}
    assert found == {"a", "c"}
    assert await shelf.memo.find("large", set()) == bytes(module.SMALL + 1)


async def test_a_result_without_one_of_its_files_is_forgotten(shelf: Shelf) -> None:
    files = await shelf.result("d", "a", "b")
    shelf.store.discard(files[0].sha256)
    with shelf.store.pinned() as pins:
        assert await shelf.memo.find("d", pins) is None
    await shelf.journal.commit()
    assert await shelf.known() == []
    assert shelf.holds(files[1])


async def test_a_damaged_file_takes_every_result_that_holds_it_along(shelf: Shelf) -> None:
    (shared,) = await shelf.result("d1", "shared")
    await shelf.result("d2", "shared", "own")
    await shelf.result("d3", "other")
    await shelf.memo.forget_file(shared.sha256)
    assert await shelf.known() == ["d3"]
    assert not shelf.holds(shared)


async def test_the_same_file_twice_in_a_result_is_one(shelf: Shelf) -> None:
    (file,) = await shelf.result("d", "a")
    await shelf.memo.record("d", b"2", [file, file])
    with shelf.store.pinned() as pins:
        assert await shelf.memo.find("d", pins) == b"2"


async def test_usage_counts_what_is_there(shelf: Shelf) -> None:
    await shelf.result("d", "a", "b")
    assert await shelf.memo.usage() == (2, 2 * SIZE)


async def test_what_nobody_used_for_too_long_goes(shelf: Shelf) -> None:
    (old,) = await shelf.result("old", "a", hours=3)
    (young,) = await shelf.result("young", "b", hours=1)
    assert await shelf.memo.collect(max_bytes=ALL, max_age=2 * HOUR) == SIZE
    assert await shelf.known() == ["young"]
    assert (shelf.holds(old), shelf.holds(young)) == (False, True)


async def test_being_found_keeps_a_result_young(shelf: Shelf) -> None:
    await shelf.result("d", "a", hours=3)
    with shelf.store.pinned() as pins:
        await shelf.memo.find("d", pins)
    await shelf.journal.commit()
    assert await shelf.memo.collect(max_bytes=ALL, max_age=2 * HOUR) == 0
    assert await shelf.known() == ["d"]


async def test_of_too_much_the_longest_unused_goes_first(shelf: Shelf) -> None:
    for hours in (2, 4, 1, 3):
        await shelf.result(f"d{hours}", f"file {hours}", hours=hours)
    assert await shelf.memo.collect(max_bytes=2 * SIZE, max_age=ALL) == 2 * SIZE
    assert await shelf.known() == ["d1", "d2"]


async def test_a_file_of_two_results_goes_with_the_last(shelf: Shelf) -> None:
    (shared,) = await shelf.result("old", "shared", hours=3)
    await shelf.memo.record("young", b"1", [shared])
    assert await shelf.memo.collect(max_bytes=ALL, max_age=2 * HOUR) == 0
    assert await shelf.known() == ["young"]
    assert shelf.holds(shared)


async def test_what_a_job_has_pinned_stays(shelf: Shelf) -> None:
    (pinned,) = await shelf.result("old", "a", hours=3)
    loose = await shelf.file("loose", hours=3)
    with shelf.store.pinned() as pins:
        shelf.store.pin(pins, pinned.sha256)
        shelf.store.pin(pins, loose.sha256)
        assert await shelf.memo.collect(max_bytes=0, max_age=0) == 0
        assert await shelf.known() == ["old"]
    assert await shelf.memo.collect(max_bytes=0, max_age=HOUR) == 2 * SIZE


async def test_only_what_becomes_free_is_counted(shelf: Shelf) -> None:
    """A file of two results is there once, and one that a job holds keeps nothing else from going."""
    for hours, digest, name in ((5, "held", "held"), (4, "one", "shared"), (3, "two", "shared"), (2, "own", "own")):
        (file,) = await shelf.result(digest, name, hours=hours)
        if name == "held":
            held = file
    with shelf.store.pinned() as pins:
        shelf.store.pin(pins, held.sha256)
        assert await shelf.memo.spare(2 * SIZE + 1) == 0
        assert await shelf.known() == ["held", "one", "own", "two"]
        assert await shelf.memo.spare(SIZE) == SIZE
        assert await shelf.known() == ["held", "own"]


@pytest.mark.parametrize("table", ["artifacts", "assets"])
async def test_files_of_jobs_and_users_stay_though_their_results_go(shelf: Shelf, table: str) -> None:
    (file,) = await shelf.result("old", "a", hours=3)
    if table == "artifacts":
        await shelf.journal.commit(add_job)
        await shelf.write("INSERT INTO artifacts VALUES ('x', 'a-1', 'n', 'video', '', ?, 1, 'm')", file.sha256)
    else:
        await shelf.write("INSERT INTO assets VALUES (?, 1, 1, 'm', 0)", file.sha256)
    assert await shelf.memo.collect(max_bytes=0, max_age=HOUR) == 0
    assert await shelf.known() == []
    assert shelf.holds(file)
    await shelf.write("DELETE FROM jobs") if table == "artifacts" else await shelf.write("DELETE FROM assets")
    assert await shelf.memo.collect(max_bytes=ALL, max_age=HOUR) == SIZE
    assert not shelf.holds(file)


async def test_objects_that_no_row_knows_go_once_they_are_old(shelf: Shelf) -> None:
    """A young one may be a result that is just being recorded."""
    old, young = await shelf.file("old", hours=3), await shelf.file("young")
    assert await shelf.memo.collect(max_bytes=ALL, max_age=2 * HOUR) == SIZE
    assert (shelf.holds(old), shelf.holds(young)) == (False, True)
