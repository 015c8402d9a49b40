"""The journal: order and durability of commits, one end for a job, migrations that run once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from aurad.engine.checkpoint import PAUSE
from aurad.engine.journal import Journal, Write, open_journal
from aurad.engine.migrations import STEPS, migrate
from aurad.engine.record import forget_jobs
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


# ------------------------------------------------------------ beside the commits


async def test_commits_never_fold_the_log_back_and_checkpoints_do(tmp_path: Path) -> None:
    path = tmp_path / "j"
    async with open_journal(path) as journal:
        size = path.stat().st_size
        for n in range(8):
            await journal.commit(insert(f"k{n}", "x" * (1 << 20)))
        assert path.stat().st_size == size
        journal._checkpoints.run()
        assert path.stat().st_size > 8 << 20
        assert len(await keys(journal)) == 8


async def test_a_log_that_readers_kept_from_starting_over_is_made_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aurad.engine.checkpoint.MUCH_PAGES", 10)
    log = tmp_path / "j-wal"
    async with open_journal(tmp_path / "j") as journal:
        await journal.commit(insert("a", "x" * (1 << 20)))
        size = log.stat().st_size
        for n in range(5):
            journal._checkpoints.run()
            await journal.commit(insert(f"k{n}", "x" * (1 << 19)))
        assert log.stat().st_size == size


async def test_checkpoints_come_some_time_after_a_commit_and_only_then(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    ran = threading.Event()
    async with open_journal(tmp_path / "j") as journal:
        journal._checkpoints.run = ran.set  # type: ignore[method-assign]
        for _ in range(3):
            mock_clock.jump(100)
            await trio.testing.wait_all_tasks_blocked(0.01)
            assert not ran.is_set()
            await journal.commit(insert(f"k{trio.current_time()}"))
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(PAUSE)
            assert await trio.to_thread.run_sync(ran.wait, 10)
            ran.clear()


async def test_a_checkpoint_that_fails_is_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurad.engine.checkpoint.PAUSE", 0.0)
    with pytest.RaisesGroup(pytest.RaisesExc(AuradError, match="cannot write the journal")), trio.fail_after(5):
        async with open_journal(tmp_path / "j") as journal:
            journal._checkpoints._connection.close()
            await journal.commit(insert("a"))
            await trio.sleep_forever()


async def test_after_an_error_not_one_more_commit_is_tried(tmp_path: Path) -> None:
    go, tried = threading.Event(), list[str]()
    with pytest.RaisesGroup(pytest.RaisesExc(AuradError, match="cannot read the journal")):
        async with open_journal(tmp_path / "j") as journal:
            journal.commit_soon(lambda _: go.wait())
            await trio.testing.wait_all_tasks_blocked(0.01)
            journal.commit_soon(lambda _: tried.append("more"), failed=lambda: tried.append("told"))
            with pytest.raises(AuradError, match="cannot read the journal"):
                await journal.ask(lose_the_disk)
            go.set()
            await trio.sleep_forever()
    assert tried == ["told"]


async def test_a_commit_that_failed_is_not_tried_again(tmp_path: Path) -> None:
    """Even if it would succeed: a sync that failed has thrown away what it was to bring to the disk."""
    tries = list[int]()

    def fail_once(connection: sqlite3.Connection) -> None:
        tries.append(1)
        if len(tries) == 1:
            lose_the_disk(connection)

    with pytest.RaisesGroup(pytest.RaisesExc(AuradError, match="cannot write the journal")):
        async with open_journal(tmp_path / "j") as journal:
            with pytest.raises(AuradError, match="cannot write the journal"):
                await journal.commit(fail_once, insert("a"))
    assert (on_disk(tmp_path / "j"), tries) == ({"epoch"}, [1])


def lose_the_disk(_: sqlite3.Connection) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
    raise error


async def test_a_wrong_question_is_only_the_askers_trouble(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await journal.read("SELECT * FROM nowhere")
        await journal.commit(insert("a"))
        assert await keys(journal) == ["a"]


# ------------------------------------------------------------ what is kept

ENDED = ("Succeeded", "Failed", "Cancelled")


async def fill(journal: Journal, number: int, events: int = 3) -> None:
    def write(connection: sqlite3.Connection) -> None:
        for n in range(number):
            job_id = f"a-{n:04}"
            add_job(connection, job_id)
            status = "Running" if n == 0 else ENDED[n % 3]
            connection.execute(
                "UPDATE jobs SET status = ?, created_at = ? WHERE job_id = ?", (status, f"2026-{n:04}", job_id)
            )
            for job_seq in range(events):
                add_event(connection, job_seq, terminal=n > 0 and job_seq == events - 1, job_id=job_id)

    await journal.commit(write)


@pytest.mark.parametrize(
    ("before", "keep", "left"),
    [
        ("2026-0000", 100, range(70)), ("2026-0060", 100, [0, *range(60, 70)]), ("2026-0000", 5, [0, *range(65, 70)]),
        ("2026-0068", 5, [0, 68, 69]), ("2027", 1, [0]),
    ],
)  # fmt: skip
async def test_ended_jobs_are_forgotten_by_age_and_by_number_and_whole(
    tmp_path: Path, before: str, keep: int, left: Iterable[int]
) -> None:
    """A job that runs is never forgotten, however old."""
    async with open_journal(tmp_path / "j") as journal:
        await fill(journal, 70)
        await forget_jobs(journal, before, keep)
        events = await journal.read("SELECT job_id, count(*) FROM events GROUP BY job_id ORDER BY job_id")
        assert [tuple(row) for row in events] == [(f"a-{n:04}", 3) for n in left]
        assert len(await journal.read("SELECT 1 FROM jobs")) == len(events)
        gone = [3 * n + 3 for n in range(70) if n not in set(left)]
        marks = await journal.read("SELECT value FROM meta WHERE key = 'pruned'")
        assert [int(row[0]) for row in marks] == gone[-1:]


@pytest.mark.slow
@pytest.mark.alone
async def test_a_journal_of_a_million_events_opens_at_once(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    async with open_journal(tmp_path / "state" / "journal.sqlite") as journal:
        await fill(journal, 10_000, 100)
    seconds = []
    for _ in range(3):
        began = trio.current_time()
        async with open_journal(tmp_path / "state" / "journal.sqlite") as journal:
            for sql in STARTING:
                await journal.read(sql)
            seconds.append(trio.current_time() - began)
    assert min(seconds) <= 0.3


# What the engine asks when it starts.
STARTING = (
    "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'",
    "SELECT job_id FROM jobs WHERE status IN ('Queued', 'Running', 'Paused')",
    "SELECT key, seconds_per_unit FROM costs",
)
