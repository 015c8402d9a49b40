"""A journal on a disk that is full: what is queued waits for room, what is new is refused, reading goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import trio
import trio.lowlevel

from aurad.engine.journal import Journal, open_journal
from aurad.model.errors import AuradError
from tests.engine.test_journal import insert, keys, on_disk


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a journal that asks often whether there is room."""
    monkeypatch.setattr("aurad.engine.journal.FULL_PAUSE", 0.001)


async def fill_disk(journal: Journal) -> sqlite3.Connection:
    """No page more from now on; gives the connection that may lift that."""
    connections: list[sqlite3.Connection] = []
    await journal.commit(connections.append)
    pages = connections[0].execute("PRAGMA page_count").fetchone()[0]
    connections[0].execute(f"PRAGMA max_page_count = {pages}")
    return connections[0]


def is_full(journal: Journal) -> bool:
    try:
        journal.check_room()
    except AuradError as error:
        return error.code == "E501-DISK"
    return False


async def until_full(journal: Journal) -> None:
    with trio.fail_after(10):
        while True:
            if is_full(journal):
                return
            await trio.lowlevel.checkpoint()


@pytest.mark.usefixtures("small")
async def test_a_full_disk_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal, trio.open_nursery() as nursery:
        disk = await fill_disk(journal)
        nursery.start_soon(journal.commit, insert("much", "x" * 100_000))
        nursery.start_soon(journal.commit, insert("more"))
        await until_full(journal)
        assert await keys(journal) == []  # reading goes on
        disk.execute("PRAGMA max_page_count = 1000000")
        await journal.commit(insert("later"))
        journal.check_room()
        assert await keys(journal) == ["later", "more", "much"]


@pytest.mark.usefixtures("small")
async def test_an_end_does_not_wait_for_room(tmp_path: Path) -> None:
    with pytest.RaisesGroup(AuradError, flatten_subgroups=True) as caught:
        async with open_journal(tmp_path / "j") as journal:
            await fill_disk(journal)
            journal.commit_soon(insert("much", "x" * 100_000))
            await until_full(journal)
    assert caught.value.exceptions[0].code == "E501-DISK"
    assert "much" not in on_disk(tmp_path / "j")
