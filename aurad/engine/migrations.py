"""The journal's schema as numbered steps; each runs once, in order, in its own transaction."""

from __future__ import annotations

import sqlite3
import uuid

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE jobs (
        job_id TEXT PRIMARY KEY, correlation_id TEXT NOT NULL, owner_uid INTEGER NOT NULL, owner_name TEXT NOT NULL,
        status TEXT NOT NULL, priority INTEGER NOT NULL, created_at TEXT NOT NULL, lineage TEXT NOT NULL,
        retry_of TEXT, idempotency_key TEXT, submitted BLOB NOT NULL, recipe BLOB NOT NULL, view BLOB NOT NULL,
        tasks BLOB NOT NULL DEFAULT '[]', progress REAL NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX jobs_open ON jobs (status) WHERE status IN ('Queued', 'Running', 'Paused');
    CREATE INDEX jobs_by_key ON jobs (owner_uid, idempotency_key) WHERE idempotency_key IS NOT NULL;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
        job_seq INTEGER NOT NULL, type TEXT NOT NULL, terminal INTEGER NOT NULL DEFAULT 0, data BLOB NOT NULL
    );
    CREATE UNIQUE INDEX events_by_job ON events (job_id, job_seq);
    CREATE UNIQUE INDEX one_terminal ON events (job_id) WHERE terminal;
    CREATE TRIGGER nothing_after_the_end BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events WHERE job_id = NEW.job_id AND terminal)
        BEGIN SELECT RAISE(ABORT, 'the job has ended'); END;
    CREATE TABLE artifacts (
        artifact_id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, name TEXT NOT NULL,
        kind TEXT NOT NULL, scene_id TEXT NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        media_type TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX artifacts_by_job ON artifacts (job_id);
    CREATE INDEX artifacts_by_file ON artifacts (sha256);
    CREATE TABLE results (
        digest TEXT PRIMARY KEY, output BLOB NOT NULL, made_at REAL NOT NULL, used_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE result_files (
        digest TEXT NOT NULL REFERENCES results ON DELETE CASCADE, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        PRIMARY KEY (digest, sha256)
    ) WITHOUT ROWID;
    CREATE INDEX results_by_file ON result_files (sha256);
    CREATE TABLE assets (
        sha256 TEXT NOT NULL, owner_uid INTEGER NOT NULL, size_bytes INTEGER NOT NULL, media_type TEXT NOT NULL,
        used_at REAL NOT NULL, PRIMARY KEY (sha256, owner_uid)
    ) WITHOUT ROWID;
    CREATE TABLE costs (key TEXT PRIMARY KEY, seconds_per_unit REAL NOT NULL, samples INTEGER NOT NULL) WITHOUT ROWID;
    """,
    # Whoever forgets a job leaves a mark of how far the record of events now has holes.
    """
    CREATE TRIGGER forgetting_leaves_a_mark BEFORE DELETE ON jobs
        BEGIN INSERT INTO meta SELECT 'pruned', max(seq) FROM events WHERE job_id = OLD.job_id HAVING max(seq)
            ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER)); END;
    CREATE INDEX jobs_by_owner ON jobs (owner_uid, job_id);
    """,
    """
    CREATE TABLE webhooks (
        job_id TEXT PRIMARY KEY REFERENCES jobs ON DELETE CASCADE, attempts INTEGER NOT NULL, due REAL NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE attempts (digest TEXT PRIMARY KEY, failed INTEGER NOT NULL, failed_at REAL NOT NULL) WITHOUT ROWID;
    """,
    # What is still to be told of a job begins with this event, or with the first one after it that is wanted.
    """
    ALTER TABLE webhooks ADD COLUMN job_seq INTEGER NOT NULL DEFAULT 0;
    """,
    # Before its result, so no reference: those without one are removed when a daemon starts.
    """
    CREATE TABLE remarks (
        digest TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (digest, code, detail)
    ) WITHOUT ROWID;
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date; `PRAGMA user_version` counts the steps taken."""
    (done,) = connection.execute("PRAGMA user_version").fetchone()
    for number, step in enumerate(STEPS[done:], start=done + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (uuid.uuid4().hex[:8],))
