"""What was promised before the power went, and whether a disk keeps it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from aurad.engine.migrations import migrate
from aurad.model.job import Status

JOURNAL = "/state/journal.sqlite"
OBJECTS = "/state/store/objects"
SECRETS = "/state/secrets.json"
ENDS = {"job-completed": "Succeeded", "job-failed": "Failed", "job-cancelled": "Cancelled"}
FILES = " UNION ".join(f"SELECT sha256, size_bytes FROM {table}" for table in ("result_files", "artifacts", "assets"))
HISTORIES = """
    SELECT j.job_id, status, count(seq), coalesce(min(job_seq), 1), coalesce(max(job_seq), 0), total(terminal),
    (SELECT type FROM events e WHERE e.job_id = j.job_id ORDER BY job_seq DESC LIMIT 1)
    FROM jobs j LEFT JOIN events USING (job_id) GROUP BY j.job_id
"""

Read = Callable[[str], "bytes | bytearray | None"]  # a file by its path, None if it is gone


class Promises:
    """Grows with the marks of a log."""

    def __init__(self) -> None:
        self.epochs, self.accepted, self.results = set[str](), set[str](), set[str]()
        self.seen, self.ended = set[tuple[Any, ...]](), set[tuple[Any, ...]]()
        self.secrets: dict[str, str] = {}

    def hear(self, mark: bytes) -> None:
        [(kind, told)] = msgspec.json.decode(mark).items()
        match kind:
            case "epoch":
                self.epochs.add(told)
            case "accepted":
                self.accepted.add(told)
            case "result":
                self.results.add(told)
            case "seen":
                self.seen.add(tuple(told))
            case "ended":
                self.ended.add(tuple(told))
            case "secret":
                self.secrets |= {told[0]: told[1]}

    def check(self, journal: Path, read: Read, *, thorough: bool = False) -> None:
        """`journal` may be written to; `read` is asked for a file once."""
        with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # it is thrown away
            migrate(connection)
            if thorough:
                assert _column(connection, "PRAGMA integrity_check") == {"ok"}
            self._check_rows(connection)
            check_histories(connection)
            check_files(connection, read)
        assert self.secrets.items() <= msgspec.json.decode(read(SECRETS) or b"{}").items()

    def _check_rows(self, connection: sqlite3.Connection) -> None:
        assert self.epochs <= _column(connection, "SELECT value FROM meta WHERE key = 'epoch'")
        assert self.accepted - _column(connection, "SELECT job_id FROM jobs") == set()
        assert self.results - _column(connection, "SELECT digest FROM results") == set()
        assert self.seen - set(connection.execute("SELECT seq, job_id, type FROM events")) == set()
        assert self.ended - set(connection.execute("SELECT job_id, status FROM jobs")) == set()


def check_histories(connection: sqlite3.Connection) -> None:
    """No gap, one end at most, nothing after it, and the job's row says the same."""
    for job_id, status, count, first, last, ends, newest in connection.execute(HISTORIES):
        assert (first, count) == (1, last), f"{job_id} has lost events"
        assert ends == Status(status).terminal, f"{job_id} is {status} and has {ends} ends"
        assert ENDS.get(newest) == (status if ends else None), f"{job_id} is {status} after {newest}"


def check_files(connection: sqlite3.Connection, read: Read) -> None:
    """Whatever a row tells of is there, whole."""
    for sha256, size in connection.execute(FILES):
        data = read(f"{OBJECTS}/{sha256[:2]}/{sha256}")
        assert data is not None, f"{sha256} is on record but not in the store"
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, sha256), f"{sha256} is damaged"


def _column(connection: sqlite3.Connection, sql: str) -> set[str]:
    return {row[0] for row in connection.execute(sql)}
