"""A damaged journal is set aside whole, and what can still be read of it goes into a new one. Blocks.

Damage is met where SQLite says so. Whoever meets it while the daemon runs leaves a mark beside the file and ends the
daemon; the whole file is looked through at the next start, and only then: it may be large. The new journal has an
epoch of its own, so readers of events are told of a gap. Jobs that had ended are kept if their record is whole. Those
that had not ended go on in any case; their record begins anew if it has holes.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import structlog

from aurad.durable import make_folder, sync
from aurad.engine.migrations import migrate

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
PARTS = ("", "-wal", "-shm")
ASIDE = "damaged-"  # and when, in seconds since the epoch: a folder beside the journal
TABLES = (
    "jobs", "events", "artifacts", "results", "result_files", "assets", "costs", "webhooks", "attempts",
    "remarks",
)  # fmt: skip
GLANCE = (
    "SELECT count(*) FROM sqlite_master",
    "SELECT max(seq) FROM events",
    "SELECT count(*) FROM jobs WHERE status IN ('Queued', 'Running', 'Paused')",
)
# The record of a job is whole if its numbers are dense and it has an end if the job has.
TIDY = """
    DELETE FROM events WHERE NOT json_valid(CAST(data AS TEXT));
    CREATE TEMP TABLE holed AS SELECT job_id, status IN ('Succeeded', 'Failed', 'Cancelled') AS over FROM jobs j
        WHERE (SELECT count(*) IS NOT coalesce(max(job_seq), 0) OR coalesce(sum(terminal), 0) IS NOT
            (j.status IN ('Succeeded', 'Failed', 'Cancelled')) FROM events e WHERE e.job_id = j.job_id);
    DELETE FROM events WHERE job_id IN (SELECT job_id FROM holed) OR job_id NOT IN (SELECT job_id FROM jobs);
    DELETE FROM jobs WHERE job_id IN (SELECT job_id FROM holed WHERE over);
    DELETE FROM artifacts WHERE job_id NOT IN (SELECT job_id FROM jobs);
    DELETE FROM webhooks WHERE job_id NOT IN (SELECT job_id FROM jobs);
    DELETE FROM result_files WHERE digest NOT IN (SELECT digest FROM results);
    DROP TABLE holed;
"""

log = structlog.get_logger()


def suspect(path: Path) -> Path:
    """The mark of somebody who met damage."""
    return path.with_name(path.name + ".suspect")


def mark_if_damaged(path: Path, error: Exception) -> None:
    if is_damage(error):
        with suppress(OSError):
            suspect(path).touch()


def is_damage(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED


def damage(connection: sqlite3.Connection, path: Path) -> str:
    """Why the journal at `path` cannot be used, or "": a glance, and all of it if somebody has met damage."""
    try:
        if suspect(path).exists():
            told = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            return "" if told == "ok" else told
        if connection.execute("PRAGMA user_version").fetchone()[0]:
            for question in GLANCE:
                connection.execute(question).fetchall()
        return ""
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return str(error)


def salvage(path: Path, why: str) -> Path:
    """Set the journal aside and begin another one with what can be read of it; the folder where the old one is."""
    folder = path.with_name(f"{ASIDE}{time.time():.0f}-{os.getpid()}")
    make_folder(folder)
    for part in PARTS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(folder / (path.name + part))
    sync(folder)
    sync(path.parent)
    with closing(sqlite3.connect(path, isolation_level=None)) as new:
        new.execute("PRAGMA journal_mode = WAL")
        migrate(new)
        _read_out(folder / path.name, new)
        kept = new.execute("SELECT count(*) FROM jobs").fetchone()[0]
    suspect(path).unlink(missing_ok=True)
    log.error("the journal was damaged and is set aside", folder=str(folder), why=why, jobs_kept=kept)
    return folder


def _read_out(old: Path, new: sqlite3.Connection) -> None:
    new.execute("BEGIN")
    with closing(sqlite3.connect(old)) as connection:
        for table in TABLES:
            with suppress(sqlite3.DatabaseError):  # not even its columns can be read
                _copy(connection, new, table)
    new.execute("COMMIT")
    new.executescript(f"BEGIN; {TIDY} COMMIT;")


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> None:
    known = {row[1] for row in new.execute(f"PRAGMA table_info({table})")}
    columns = [row[1] for row in old.execute(f"PRAGMA table_info({table})") if row[1] in known]
    named, values = ", ".join(columns), ", ".join("?" * len(columns))
    for order in ("ASC", "DESC"):  # from both ends up to what is damaged
        rows = _until_damage(old, f"SELECT {named} FROM {table} ORDER BY 1 {order}")
        for row in rows:
            with suppress(sqlite3.IntegrityError):  # not what this table takes
                new.execute(f"INSERT OR IGNORE INTO {table} ({named}) VALUES ({values})", row)


def _until_damage(old: sqlite3.Connection, question: str) -> Iterator[tuple[object, ...]]:
    with suppress(sqlite3.DatabaseError):
        yield from old.execute(question)
