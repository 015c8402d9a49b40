"""Space set aside for the journal: in its log of commits, where nobody else can take it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aurad.engine import reserve
from aurad.engine.journal import open_journal
from aurad.engine.reserve import RESERVE_BYTES, Reserve
from tests.engine.test_journal import insert, keys


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_it_is_really_taken_and_the_file_is_no_longer_for_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 5000)
    Reserve(log).set_aside()
    assert allocated(log) >= RESERVE_BYTES
    assert log.read_bytes() == b"x" * 5000


def test_it_grows_with_the_log_before_it_is_used_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    mine = Reserve(log)
    for _ in range(5):
        mine.set_aside()
        assert allocated(log) >= log.stat().st_size + RESERVE_BYTES // 2
        with log.open("ab") as file:
            file.write(bytes(RESERVE_BYTES // 2))


def test_a_full_disk_is_not_asked_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, asked = tmp_path / "log", list[int]()
    log.touch()
    monkeypatch.setattr(reserve, "_fallocate", lambda *arguments: asked.append(1) or -1)
    mine = Reserve(log)
    for _ in range(3):
        mine.set_aside()
    assert len(asked) == 1
    monkeypatch.setattr(reserve.time, "monotonic", lambda: 1e9)
    mine.set_aside()
    assert len(asked) == 2


def test_a_log_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    Reserve(tmp_path / "none").set_aside()
    assert list(tmp_path.iterdir()) == []


async def test_the_journal_has_room_behind_its_commits_and_reads_none_of_it(tmp_path: Path) -> None:
    path = tmp_path / "j"
    async with open_journal(path) as journal:
        await journal.commit(insert("one"))
        await journal.commit(insert("two"))
        log = path.with_name("j-wal")
        assert allocated(log) >= RESERVE_BYTES
        (tmp_path / "copy").write_bytes(path.read_bytes())
        (tmp_path / "copy-wal").write_bytes(log.read_bytes() + bytes(RESERVE_BYTES))  # as after a loss of power
        assert await keys(journal) == ["one", "two"]
    with closing(sqlite3.connect(tmp_path / "copy")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert {"one", "two"} <= {row[0] for row in connection.execute("SELECT key FROM meta")}
