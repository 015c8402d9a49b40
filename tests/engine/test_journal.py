"""The journal: order and durability of commits, one end for a job, migrations that run once."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
import trio

from aurad.engine.journal import Journal, Write, open_journal
from aurad.engine.migrations import STEPS, migrate
from aurad.model.errors import AuradError


def insert(key: str, value: str = "") -> Write:
    return lambda connection: connection.execute("INSERT INTO meta VALUES (?, ?)", (key, value))


async def keys(journal: Journal) -> list[str]:
    return [row[0] for row in await journal.read("SELECT key FROM meta WHERE key != 'epoch' ORDER BY key")]


def on_disk(path: Path) -> set[str]:
    """What another process would see."""
    with sqlite3.connect(path) as connection:
        found = {row[0] for row in connection.execute("SELECT key FROM meta")}
    connection.close()
    return found


async def test_what_is_committed_is_on_disk_and_results_come_in_order(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal:
        assert await journal.commit(lambda _: 1, lambda _: 2, lambda _: 3) == [1, 2, 3]
        await journal.commit(insert("a"))
        assert "a" in on_disk(tmp_path / "j")


async def test_what_waits_meanwhile_is_one_commit_in_the_order_of_calls(tmp_path: Path) -> None:
    """And nobody is told before all of it is durable."""
    go, said, order = threading.Event(), list[str](), list[int]()
    begins: list[str] = []

    def slow(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(lambda sql: begins.append(sql) if sql.startswith(("BEGIN", "COMMIT")) else None)
        go.wait()

    async with open_journal(tmp_path / "j") as journal:
        journal.commit_soon(slow)
        for n in range(20):
            journal.commit_soon(insert(f"k{n:02}"), lambda _, n=n: order.append(n), then=lambda _: check())

        def check() -> None:
            said.append("told")
            assert {f"k{n:02}" for n in range(20)} <= on_disk(tmp_path / "j")

        go.set()
        await journal.commit()
        assert order == list(range(20))
        assert said == ["told"] * 20
        assert begins.count("BEGIN IMMEDIATE") <= 3
        journal.commit_soon(lambda connection: connection.set_trace_callback(None))


async def test_leaving_makes_everything_durable_first(tmp_path: Path) -> None:
    with trio.CancelScope() as scope:
        async with open_journal(tmp_path / "j") as journal:
            for n in range(50):
                journal.commit_soon(insert(f"k{n}"))
            scope.cancel()
            await trio.sleep_forever()
    assert {f"k{n}" for n in range(50)} <= on_disk(tmp_path / "j")


async def test_an_error_of_the_writer_is_the_end_and_leaves_nothing_of_its_batch(tmp_path: Path) -> None:
    broken = pytest.RaisesExc(AuradError, match="UNIQUE")
    with pytest.RaisesGroup(broken), trio.fail_after(5):
        async with open_journal(tmp_path / "j") as journal:
            await journal.commit(insert("good"))
            for key in ("good", "later"):  # whoever waits is told, and nothing is written any more
                with pytest.raises(AuradError, match="UNIQUE"):
                    await journal.commit(insert(f"half {key}"), insert(key))
    assert on_disk(tmp_path / "j") == {"epoch", "good"}


async def test_reads_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    go = threading.Event()
    async with open_journal(tmp_path / "j") as journal:
        await journal.commit(insert("a"))
        journal.commit_soon(insert("b"), lambda _: go.wait())
        with trio.fail_after(5):
            assert await keys(journal) == ["a"]
        go.set()
        await journal.commit()
        assert await keys(journal) == ["a", "b"]


async def test_the_epoch_is_made_once(tmp_path: Path) -> None:
    epochs = []
    for _ in range(2):
        async with open_journal(tmp_path / "j") as journal:
            epochs.append(journal.epoch)
    async with open_journal(tmp_path / "other") as journal:
        epochs.append(journal.epoch)
    assert epochs[0] == epochs[1] != epochs[2]


# ------------------------------------------------------------ the schema


@pytest.fixture
def connection() -> Any:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection)
    add_job(connection)
    yield connection
    connection.close()


def add_job(connection: sqlite3.Connection, job_id: str = "a-1") -> None:
    connection.execute(
        "INSERT INTO jobs (job_id, correlation_id, owner_uid, owner_name, status, priority, created_at, lineage,"
        " submitted, recipe, view) VALUES (?, 'c', 1, 'me', 'Queued', 5, '2026', ?, '', '', '')",
        (job_id, job_id),
    )


def add_event(connection: sqlite3.Connection, job_seq: int, *, terminal: bool = False, job_id: str = "a-1") -> None:
    connection.execute(
        "INSERT INTO events (job_id, job_seq, type, terminal, data) VALUES (?, ?, 't', ?, '')",
        (job_id, job_seq, terminal),
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_comes_after_the_end_of_a_job(connection: sqlite3.Connection, terminal: bool) -> None:
    add_event(connection, 1)
    add_event(connection, 2, terminal=True)
    with pytest.raises(sqlite3.IntegrityError, match="the job has ended"):
        add_event(connection, 3, terminal=terminal)
    add_job(connection, "a-2")
    add_event(connection, 1, terminal=True, job_id="a-2")


def test_a_second_end_is_refused_by_the_index_too(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TRIGGER nothing_after_the_end")
    add_event(connection, 1, terminal=True)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        add_event(connection, 2, terminal=True)


def test_numbers_within_a_job_are_unique(connection: sqlite3.Connection) -> None:
    add_event(connection, 1)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        add_event(connection, 1)


def test_a_forgotten_job_takes_its_events_along_and_numbers_are_never_used_again(
    connection: sqlite3.Connection,
) -> None:
    add_event(connection, 1)
    connection.execute("DELETE FROM jobs")
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
    add_job(connection)
    add_event(connection, 1)
    assert connection.execute("SELECT seq FROM events").fetchone() == (2,)


def schema(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_migrating_again_changes_nothing(connection: sqlite3.Connection) -> None:
    before, epoch = schema(connection), connection.execute("SELECT value FROM meta").fetchall()
    migrate(connection)
    assert schema(connection) == before
    assert connection.execute("SELECT value FROM meta").fetchall() == epoch
    assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)


def test_a_step_that_fails_leaves_nothing(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurad.engine.migrations.STEPS", (*STEPS, "CREATE TABLE more (a); CREATE TABLE jobs (a);"))
    before = schema(connection)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection)
    connection.rollback()
    assert schema(connection) == before
    assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)


async def test_a_file_that_is_no_journal_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b"precious" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        async with open_journal(path):
            raise AssertionError
    assert path.read_bytes() == b"precious" * 1000
